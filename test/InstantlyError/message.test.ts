import { describe, expect, it } from "@effect/vitest"
import { Duration, Option } from "effect"
import { InstantlyError } from "effect-instantly"

const {
  BadRequest,
  HeldBack,
  InsufficientScope,
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
const lost = "An earlier attempt of this call may have been carried out: its response was lost, or proves nothing."
const retryAfter = Option.some(Duration.seconds(90))
const exceeded = "The workspace has exceeded Instantly's rate limit (429), which all its API keys and programs share."
const asTheServerAsks = "Wait 1m 30s before the next request, as the server asks."
const sendAgain = "Wait longer than your timeout, then send it again, or check whether it was carried out."
const doNotRepeat = (method: string) =>
  `Do not repeat it: a ${method} can be carried out twice. Check first whether it was carried out.`
const elsewhere = "Check the base URL, and the network on the way to it."
const notSent = "Check the address, the network and the settings."
const malformed = "The request changed nothing. Check the id, and what was sent with the request."
const mayHaveBeen = "The request may have been carried out."
const failed = (status: number) =>
  `Instantly, or a proxy in front of it, failed (${status}). The request may have been carried out.`

/** The lines before the facts of the call. */
const said = ({ message }: InstantlyError.InstantlyError) => message.split("\n").slice(0, -1)

describe("what an error says before the facts of its call", () => {
  it.each<readonly [string, InstantlyError.InstantlyError, ReadonlyArray<string>]>([
    ["a 400", new BadRequest(), ["Instantly refused the request as malformed (400).", malformed]],
    [
      "a 400 with the framework's code, after a lost response",
      new BadRequest({ code: Option.some("FST_ERR_VALIDATION"), ...afterLost }),
      ["Instantly refused the request as malformed (400, FST_ERR_VALIDATION).", malformed, lost]
    ],
    [
      "a 401",
      new Unauthorized(),
      [
        "Instantly does not accept the API key that this call authenticates with (401): it is missing, wrong or revoked.",
        "Authenticate with an API key that is active."
      ]
    ],
    [
      "a 401 after a lost response",
      new Unauthorized(afterLost),
      [
        "Instantly does not accept the API key that this call authenticates with (401): it is missing, wrong or revoked.",
        "Authenticate with an API key that is active.",
        `${lost} If this call deletes the very key it authenticates with, that attempt most likely worked.`
      ]
    ],
    [
      "a 402",
      new PaymentRequired(),
      [
        "The workspace has no active paid plan (402), and Instantly refuses its API calls.",
        "Renew the plan. Until then the API changes nothing in this workspace."
      ]
    ],
    [
      "a missing scope",
      new InsufficientScope({
        method: "DELETE",
        path: "/api/v2/api-keys/x",
        required: ["api_keys:delete", "made_up:scope"],
        found: ["campaigns:all", "leads:all"]
      }),
      [
        "The API key that this call authenticates with lacks the scope for it (401). It has: campaigns:all, leads:all.",
        "Use an API key with one of these scopes: api_keys:delete, made_up:scope, api_keys:all, all:delete, all:all. For a sub workspace, use a key of its admin workspace."
      ]
    ],
    [
      "a missing scope by a 403, of a key with many",
      new InsufficientScope({
        status: 403,
        method: "DELETE",
        path: "/api/v2/api-keys/x",
        found: Array.from({ length: 200 }, () => "a:b")
      }),
      [
        `The API key that this call authenticates with lacks the scope for it (403). It has: ${Array.from({ length: 12 }, () => "a:b").join(", ")}, and 188 more.`,
        "Use an API key with one of these scopes: api_keys:delete, api_keys:all, all:delete, all:all. For a sub workspace, use a key of its admin workspace."
      ]
    ],
    [
      "a 404",
      new NotFound(),
      [
        "Instantly has nothing with this id in the workspace that this call acts on (404).",
        "This does not prove that a key is gone: it may belong to another workspace, or the id may be wrong."
      ]
    ],
    [
      "a 404 after a lost response",
      new NotFound(afterLost),
      [
        "Instantly has nothing with this id in the workspace that this call acts on (404).",
        "This does not prove that a key is gone: it may belong to another workspace, or the id may be wrong.",
        `${lost} That attempt may have deleted the key.`
      ]
    ],
    [
      "a 429",
      new TooManyRequests(),
      [exceeded, "The server did not say how long to wait. One minute is enough for either limit."]
    ],
    ["a 429 that says how long to wait", new TooManyRequests({ retryAfter }), [exceeded, asTheServerAsks]],
    ["a 500", new ServerError(), [failed(500), sendAgain]],
    ["a 500 to a DELETE", new ServerError({ method: "DELETE" }), [failed(500), sendAgain]],
    ["a 502 to a POST", new ServerError({ status: 502, method: "POST" }), [failed(502), doNotRepeat("POST")]],
    ["a 502 to a PATCH", new ServerError({ status: 502, method: "PATCH" }), [failed(502), doNotRepeat("PATCH")]],
    ["a 503 that says how long to wait", new ServerError({ status: 503, retryAfter }), [failed(503), asTheServerAsks]],
    [
      "a 503 to a POST that says how long to wait",
      new ServerError({ status: 503, method: "POST", retryAfter }),
      [failed(503), doNotRepeat("POST")]
    ],
    [
      "a redirect",
      new UnexpectedStatus(),
      [
        "The response had status 302: Instantly does not document this response.",
        `${elsewhere} ${mayHaveBeen} ${sendAgain}`
      ]
    ],
    [
      "a 408",
      new UnexpectedStatus({ status: 408, detail: "made-up" }),
      ["The response had status 408: made-up.", `${elsewhere} ${mayHaveBeen} ${sendAgain}`]
    ],
    [
      "a 408 to a POST",
      new UnexpectedStatus({ status: 408, detail: "made-up", method: "POST" }),
      ["The response had status 408: made-up.", `${elsewhere} ${mayHaveBeen} ${doNotRepeat("POST")}`]
    ],
    [
      "a page with a 403 in place of a list",
      new UnexpectedStatus({ status: 403, detail: "made-up", method: "GET" }),
      ["The response had status 403: made-up.", `${elsewhere} The request only reads: nothing was changed.`]
    ],
    [
      "a 409 in Instantly's own envelope, after a lost response",
      new UnexpectedStatus({ status: 409, detail: "made-up", fromInstantly: true, ...afterLost }),
      [
        "The response had status 409: made-up.",
        "Check the base URL, the `workspaceId`, and what was sent with the request.",
        lost
      ]
    ],
    ...[409, 422].map(
      (status) =>
        [
          `a ${status} in Instantly's own envelope`,
          new UnexpectedStatus({ status, detail: "made-up", fromInstantly: true }),
          [
            `The response had status ${status}: made-up.`,
            "Check the base URL, the `workspaceId`, and what was sent with the request."
          ]
        ] as const
    ),
    [
      "a success that proves nothing",
      new InvalidResponse({ detail: "it is empty" }),
      [
        "The body of the response (200) is not what the call and its Schema expect: it is empty.",
        `${mayHaveBeen} ${sendAgain}`
      ]
    ],
    [
      "a success of a read that proves nothing, and why",
      new InvalidResponse({ status: 206, detail: "id is missing", method: "GET" }),
      [
        "The body of the response (206) is not what the call and its Schema expect: id is missing.",
        "The request only reads: nothing was changed."
      ]
    ],
    [
      "a success that is confirmed, and cannot be read",
      new InvalidResponse({ confirmed: true, detail: "name is missing" }),
      [
        "Instantly confirmed the request (200), but the body could not be read as a whole: name is missing.",
        "The request was carried out. Do not repeat it."
      ]
    ],
    ["a lost connection", new TransportError(), ["No response reached this client.", `${mayHaveBeen} ${sendAgain}`]],
    [
      "a lost connection, and its code",
      new TransportError({ reason: "ConnectionLost", detail: "ECONNRESET" }),
      ["No response reached this client: ECONNRESET.", `${mayHaveBeen} ${sendAgain}`]
    ],
    ...["POST", "PATCH", "MADE-UP"].map(
      (method) =>
        [
          `a lost connection of a ${method}`,
          new TransportError({ method }),
          ["No response reached this client.", `${mayHaveBeen} ${doNotRepeat(method)}`]
        ] as const
    ),
    [
      "a lost connection of a GET",
      new TransportError({ method: "GET" }),
      ["No response reached this client.", "The request only reads: nothing was changed."]
    ],
    ...["HEAD", "OPTIONS", "PUT", "DELETE"].map(
      (method) =>
        [
          `a lost connection of a ${method}`,
          new TransportError({ method }),
          ["No response reached this client.", `${mayHaveBeen} ${sendAgain}`]
        ] as const
    ),
    ["a request that was not sent", new TransportError({ reason: "NotSent" }), ["The request was not sent.", notSent]],
    [
      "a request that was not sent, and why, after a lost response",
      new TransportError({ reason: "NotSent", detail: "ECONNREFUSED", ...afterLost }),
      ["The request was not sent: ECONNREFUSED.", notSent, lost]
    ],
    [
      "a timeout",
      new TransportError({ reason: "Timeout", detail: "made-up" }),
      ["No response arrived in time: made-up.", `${mayHaveBeen} ${sendAgain}`]
    ],
    [
      "a timeout of a POST",
      new TransportError({ reason: "Timeout", method: "POST" }),
      ["No response arrived in time.", `${mayHaveBeen} ${doNotRepeat("POST")}`]
    ],
    [
      "a timeout before anything was sent",
      new TransportError({ reason: "Timeout", attempts: 0, outcome: "NotApplied" }),
      ["The call timed out before a request was sent.", "Nothing was carried out."]
    ],
    [
      "a timeout while it waited after a 429",
      new TransportError({ reason: "Timeout", outcome: "NotApplied", detail: "the deadline is 5s; after a 429" }),
      [
        "The call timed out before the request was sent again: the deadline is 5s; after a 429.",
        "Nothing was carried out."
      ]
    ],
    [
      "a request that was held back",
      new HeldBack(),
      [
        "This client did not send the request: the client refused it.",
        "Sending it again will not help until that changes."
      ]
    ],
    [
      "a request that was held back, and why, after a lost response",
      new HeldBack({ detail: "its URL is not valid", ...afterLost }),
      [
        "This client did not send the request: its URL is not valid.",
        "Sending it again will not help until that changes.",
        lost
      ]
    ]
  ])("is exact for %s", (_, error, lines) => {
    expect(said(error)).toEqual(lines)
  })

  it.each([
    new BadRequest(afterLost),
    new Unauthorized(afterLost),
    new PaymentRequired(afterLost),
    new InsufficientScope(afterLost),
    new NotFound(afterLost),
    new TooManyRequests(afterLost),
    new UnexpectedStatus({ status: 409, fromInstantly: true, ...afterLost }),
    new TransportError({ reason: "NotSent", ...afterLost }),
    new HeldBack(afterLost)
  ])("mentions an earlier attempt that may have been carried out: $_tag", (error) => {
    expect(said(error)).toHaveLength(3)
    expect(said(error)[2]?.startsWith(lost)).toBe(true)
  })

  it.each([
    ["DELETE", "/api/v2/api-keys/x", "api_keys:delete, api_keys:all, all:delete, all:all"],
    ["GET", "/api/v2/api-keys", "api_keys:read, api_keys:all, all:read, all:all"],
    ["POST", "/api/v2/campaigns", "campaigns:create, campaigns:all, all:create, all:all"],
    ["PATCH", "/elsewhere", "all:update, all:all"],
    ["MADE-UP", "/api/v2/campaigns", "campaigns:all, all:all"],
    ["", "", "all:all"]
  ])("names the scopes of which a %s %s needs one", (method, path, scopes) => {
    expect(said(new InsufficientScope({ method, path }))[1]).toContain(`one of these scopes: ${scopes}. For`)
  })
})

describe("the facts of a call", () => {
  const factsOf = (error: InstantlyError.InstantlyError) => error.message.split("\n").at(-1)

  it("leave out what is missing, and count", () => {
    expect(factsOf(new NotFound({ attempts: 0 }))).toBe("outcome NotApplied · 0 attempts · waited 0")
    expect(factsOf(new NotFound({ method: "GET", path: "/made-up", waited: Duration.millis(1500) }))).toBe(
      "GET /made-up · outcome NotApplied · 1 attempt · waited 1s 500ms"
    )
    expect(factsOf(new NotFound({ attempts: 3, requestId: Option.some("req-1") }))).toBe(
      "outcome NotApplied · 3 attempts · waited 0 · request id req-1"
    )
  })

  it("are the last line of every message", () => {
    const call = {
      method: "DELETE",
      path: "/api/v2/api-keys/019e18e2-78d4-7322-941a-7384d8969c61",
      waited: Duration.seconds(3),
      attempts: 2,
      requestId: Option.some("8f2a-FRA"),
      outcome: "Unknown"
    } as const
    for (const error of [new NotFound(call), new ServerError(call), new TransportError(call), new HeldBack(call)]) {
      expect(factsOf(error)).toBe(
        "DELETE /api/v2/api-keys/019e18e2-78d4-7322-941a-7384d8969c61 · outcome Unknown · 2 attempts · waited 3s · request id 8f2a-FRA"
      )
    }
  })
})
