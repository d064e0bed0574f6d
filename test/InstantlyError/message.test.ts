import { describe, expect, it } from "@effect/vitest"
import { Duration, Option } from "effect"
import { InstantlyError } from "effect-instantly"

const {
  BadRequest,
  Forbidden,
  InvalidResponse,
  NotFound,
  PaymentRequired,
  ServerError,
  TooManyRequests,
  TransportError,
  Unauthorized,
  UnexpectedStatus
} = InstantlyError

const afterLost = { outcome: "Unknown", attempts: 2 } as const
const lost = "An earlier attempt of this call may have been carried out: its answer was lost."
const retryAfter = Option.some(Duration.seconds(90))
const exceeded = "The workspace has exceeded Instantly's rate limit (429), which all its API keys and programs share."
const asTheServerAsks = "Wait 1m 30s before the next request, as the server asks."
const sendAgain = "Send it again, or look whether it was."
const elsewhere = "Check the base URL, and the network on the way to it."
const notSent = "Check the address, the network and the settings."

describe("the words of an error, before the facts of its call", () => {
  it.each<readonly [string, () => InstantlyError.InstantlyError, ReadonlyArray<string>]>([
    [
      "a 400",
      () => new BadRequest(),
      [
        "The request is malformed (400).",
        "Nothing was changed by it. Check the id, and what was sent with the request."
      ]
    ],
    [
      "a 400 with the framework's code, after a lost answer",
      () => new BadRequest({ code: Option.some("FST_ERR_VALIDATION"), ...afterLost }),
      [
        "The request is malformed (400, FST_ERR_VALIDATION).",
        "Nothing was changed by it. Check the id, and what was sent with the request.",
        lost
      ]
    ],
    [
      "an id that is none",
      () => new BadRequest({ attempts: 0 }),
      ["The request was not sent: its id is not a UUID (it is not shown here).", "Check the id."]
    ],
    [
      "a 401 after a lost answer",
      () => new Unauthorized(afterLost),
      [
        "Instantly does not accept the API key that this call authenticates with (401): it is missing, wrong or revoked.",
        "Authenticate with an API key that is active.",
        `${lost} If this call deletes the very key it authenticates with, that attempt worked.`
      ]
    ],
    [
      "a 402",
      () => new PaymentRequired(),
      [
        "The workspace has no active paid plan (402), and Instantly refuses its API calls.",
        "Renew the plan: until then the API changes nothing in this workspace."
      ]
    ],
    [
      "a 403",
      () => new Forbidden({ method: "DELETE", path: "/api/v2/api-keys/x" }),
      [
        "The API key that this call authenticates with lacks the scope for it (403).",
        "Authenticate with an API key that has one of: api_keys:delete, api_keys:all, all:delete, all:all; for a sub workspace, of its admin workspace."
      ]
    ],
    [
      "a 404 after a lost answer",
      () => new NotFound(afterLost),
      [
        "Instantly finds nothing with this id in the workspace of this call (404).",
        "It does not prove that a key is gone: it may belong to another workspace, or the id be a wrong one.",
        `${lost} It may be what deleted the key.`
      ]
    ],
    [
      "a 429",
      () => new TooManyRequests(),
      [exceeded, "The server did not say how long to wait: a minute outlasts either limit."]
    ],
    ["a 429 that says how long", () => new TooManyRequests({ retryAfter }), [exceeded, asTheServerAsks]],
    [
      "a 500",
      () => new ServerError(),
      ["Instantly, or what stands in front of it, failed (500): the request may have been carried out.", sendAgain]
    ],
    [
      "a 503 that says how long",
      () => new ServerError({ status: 503, retryAfter }),
      [
        "Instantly, or what stands in front of it, failed (503): the request may have been carried out.",
        asTheServerAsks
      ]
    ],
    [
      "any other status",
      () => new UnexpectedStatus(),
      ["The request was answered with status 302: not an answer that Instantly is known to give.", elsewhere]
    ],
    [
      "a 408",
      () => new UnexpectedStatus({ status: 408, detail: "made-up" }),
      ["The request was answered with status 408: made-up.", elsewhere]
    ],
    [
      "any other status, after a lost answer",
      () => new UnexpectedStatus({ status: 409, detail: "made-up", ...afterLost }),
      ["The request was answered with status 409: made-up.", elsewhere, lost]
    ],
    [
      "a success that cannot be read",
      () => new InvalidResponse(),
      [
        "Instantly answered with success (200), but the answer cannot be read: not what was asked for.",
        "The request was carried out. Do not repeat it: look at its effect."
      ]
    ],
    [
      "a success that cannot be read, and why",
      () => new InvalidResponse({ status: 201, detail: "id is missing" }),
      [
        "Instantly answered with success (201), but the answer cannot be read: id is missing.",
        "The request was carried out. Do not repeat it: look at its effect."
      ]
    ],
    [
      "a lost connection",
      () => new TransportError(),
      ["The connection was lost before the answer came.", `The request may have been carried out. ${sendAgain}`]
    ],
    [
      "a lost connection, and its code",
      () => new TransportError({ reason: "ConnectionLost", detail: "ECONNRESET" }),
      [
        "The connection was lost before the answer came: ECONNRESET.",
        `The request may have been carried out. ${sendAgain}`
      ]
    ],
    [
      "a request that was not sent",
      () => new TransportError({ reason: "NotSent" }),
      ["The request was not sent.", notSent]
    ],
    [
      "a request that was not sent, and why, after a lost answer",
      () => new TransportError({ reason: "NotSent", detail: "ECONNREFUSED", ...afterLost }),
      ["The request was not sent: ECONNREFUSED.", notSent, lost]
    ],
    [
      "an answer that is late",
      () => new TransportError({ reason: "Timeout", detail: "made-up" }),
      ["No answer came in time: made-up.", `The request may still be carried out. ${sendAgain}`]
    ],
    [
      "a time that was up before anything was sent",
      () => new TransportError({ reason: "Timeout", attempts: 0, outcome: "NotApplied" }),
      ["The time was up before a request could be sent.", "Nothing was carried out."]
    ]
  ])("are, for %s", (_, make, words) => {
    expect(make().message.split("\n").slice(0, -1)).toEqual(words)
  })
})

describe("the facts of a call", () => {
  it("leave out what is not known, and count", () => {
    const factsOf = (error: InstantlyError.InstantlyError) => error.message.split("\n").at(-1)
    expect(factsOf(new NotFound({ attempts: 0 }))).toBe("outcome NotApplied · 0 attempts · waited 0")
    expect(factsOf(new NotFound({ method: "GET", path: "/made-up", waited: Duration.millis(1500) }))).toBe(
      "GET /made-up · outcome NotApplied · 1 attempt · waited 1s 500ms"
    )
    expect(factsOf(new NotFound({ attempts: 3, requestId: Option.some("req-1") }))).toBe(
      "outcome NotApplied · 3 attempts · waited 0 · request id req-1"
    )
  })
})
