import { describe, expect, it } from "@effect/vitest"
import { Cause, Duration, Effect, Equal, FastCheck, Option, Schema } from "effect"
import { InstantlyError } from "effect-instantly"

const call = {
  method: "DELETE",
  path: "/api/v2/api-keys/019e18e2-78d4-7322-941a-7384d8969c61",
  waited: Duration.seconds(3),
  attempts: 2,
  requestId: Option.some("8f2a-FRA")
} as const

const {
  BadRequest,
  Forbidden,
  InstantlyError: AnyError,
  InvalidResponse,
  isInstantlyError,
  NotFound,
  PaymentRequired,
  ServerError,
  TooManyRequests,
  TransportError,
  Unauthorized,
  UnexpectedStatus
} = InstantlyError

/** Each kind by its defaults, and what it then says. */
const kinds = [
  ["BadRequest", () => new BadRequest(), 400, "NotApplied", false, ["400", "malformed", "Check the id"]],
  ["Unauthorized", () => new Unauthorized(), 401, "NotApplied", false, ["401", "missing, wrong or revoked"]],
  [
    "PaymentRequired",
    () => new PaymentRequired(),
    402,
    "NotApplied",
    false,
    ["402", "no active paid plan", "Renew the plan"]
  ],
  ["Forbidden", () => new Forbidden(), 403, "NotApplied", false, ["403", "lacks the scope", "all:all"]],
  ["NotFound", () => new NotFound(), 404, "NotApplied", false, ["404", "does not prove", "another workspace"]],
  ["TooManyRequests", () => new TooManyRequests(), 429, "NotApplied", true, ["429", "a minute outlasts"]],
  ["ServerError", () => new ServerError(), 500, "Unknown", true, ["500", "may have been carried out"]],
  ["UnexpectedStatus", () => new UnexpectedStatus(), 302, "NotApplied", false, ["302", "base URL"]],
  ["InvalidResponse", () => new InvalidResponse(), 200, "Applied", false, ["200", "was carried out", "Do not repeat"]],
  [
    "TransportError",
    () => new TransportError(),
    undefined,
    "Unknown",
    true,
    ["connection was lost", "may have been carried out"]
  ]
] as const

interface Props {
  readonly outcome?: "Unknown"
}

describe("InstantlyError", () => {
  it("has ten kinds, and no more", () => {
    expect(kinds.map(([tag]) => tag)).toEqual(AnyError.members.map((member) => member._tag))
  })

  it.each(kinds)(
    "%s can be made from nothing, and says what happened and what to do next",
    (tag, make, status, outcome, isRetryable, words) => {
      const error = make()
      expect(error._tag).toBe(tag)
      expect("status" in error ? error.status : undefined).toBe(status)
      expect(error.isRetryable).toBe(isRetryable)
      expect(error).toMatchObject({
        method: "",
        path: "",
        outcome,
        attempts: 1,
        waited: Duration.zero,
        requestId: Option.none()
      })
      for (const word of words) expect(error.message).toContain(word)
      expect(error.message).toContain(`outcome ${outcome} · 1 attempt · waited 0`)
      expect(isInstantlyError(error)).toBe(true)
      expect(error).toBeInstanceOf(Error)
      expect(error.name).toBe(tag)
    }
  )

  it("has a default for every field", () => {
    const none = { method: "", path: "", attempts: 1, waited: Duration.zero, requestId: Option.none() }
    expect(new NotFound()).toMatchObject(none)
    expect(new BadRequest()).toMatchObject({ ...none, code: Option.none() })
    expect(new TooManyRequests()).toMatchObject({ ...none, retryAfter: Option.none() })
    expect(new UnexpectedStatus()).toMatchObject({ ...none, detail: "not an answer that Instantly is known to give" })
    expect(new InvalidResponse()).toMatchObject({ ...none, detail: "not what was asked for" })
    expect(new TransportError()).toMatchObject({ ...none, reason: "ConnectionLost", detail: "", heldBack: false })
  })

  it("tells the facts of the call on its last line", () => {
    const error = new NotFound({ ...call, outcome: "Unknown" })
    expect(error.message.split("\n").at(-1)).toBe(
      "DELETE /api/v2/api-keys/019e18e2-78d4-7322-941a-7384d8969c61 · outcome Unknown · 2 attempts · waited 3s · request id 8f2a-FRA"
    )
  })

  it("shows at most five lines before the stack", () => {
    const all = [...kinds.map(([, make]) => make()), new NotFound({ ...call, outcome: "Unknown" })]
    for (const error of all) {
      for (const printed of [Cause.pretty(Cause.fail(error)), error.stack ?? ""]) {
        expect(printed).toContain(`${error._tag}: ${error.message}`)
        expect(printed.split("\n").findIndex((line) => /^\s+at /.test(line))).toBeLessThanOrEqual(5)
      }
    }
  })

  it.each([
    ["NotFound", (props: Props) => new NotFound(props), "It may be what deleted the key."],
    [
      "Unauthorized",
      (props: Props) => new Unauthorized(props),
      "If this call deletes the very key it authenticates with"
    ],
    ["PaymentRequired", (props: Props) => new PaymentRequired(props), "its answer was lost"],
    ["Forbidden", (props: Props) => new Forbidden(props), "its answer was lost"],
    ["BadRequest", (props: Props) => new BadRequest(props), "its answer was lost"],
    ["TooManyRequests", (props: Props) => new TooManyRequests(props), "its answer was lost"],
    ["TransportError", (props: Props) => new TransportError({ reason: "NotSent", ...props }), "its answer was lost"],
    ["UnexpectedStatus", (props: Props) => new UnexpectedStatus({ status: 403, ...props }), "its answer was lost"]
  ])("a %s after an attempt whose outcome is unknown says so", (_, make, words) => {
    expect(make({ outcome: "Unknown" }).message).toContain(words)
    expect(make({}).message).not.toContain(words)
  })

  it("a Forbidden names the scopes that would do", () => {
    const scopesIn = (method: string, path: string) => new Forbidden({ method, path }).message.split("\n")[1]
    expect(scopesIn("DELETE", "/api/v2/api-keys/x")).toContain(
      "one of: api_keys:delete, api_keys:all, all:delete, all:all;"
    )
    expect(scopesIn("GET", "/api/v2/api-keys")).toContain("one of: api_keys:read, api_keys:all, all:read, all:all;")
    expect(scopesIn("POST", "/api/v2/campaigns")).toContain(
      "one of: campaigns:create, campaigns:all, all:create, all:all;"
    )
    expect(scopesIn("PATCH", "/elsewhere")).toContain("one of: all:update, all:all;")
  })

  it("a TooManyRequests and a ServerError tell how long to wait", () => {
    expect(new TooManyRequests({ retryAfter: Option.some(Duration.seconds(90)) }).message).toContain("Wait 1m 30s")
    expect(new ServerError({ status: 503, retryAfter: Option.some(Duration.seconds(5)) }).message).toContain("Wait 5s")
  })

  it("a TransportError tells how far the request came", () => {
    const notSent = new TransportError({ reason: "NotSent", detail: "ECONNREFUSED" })
    expect(notSent.outcome).toBe("NotApplied")
    expect(notSent.message).toContain("was not sent: ECONNREFUSED")
    expect(new TransportError({ reason: "Timeout" }).outcome).toBe("Unknown")
    expect(new TransportError({ reason: "Timeout", outcome: "NotApplied" }).message).toContain(
      "Nothing was carried out."
    )
    expect(new TransportError({ reason: "NotSent", heldBack: true }).isRetryable).toBe(false)
  })

  it("only a 408 of the unexpected statuses is retryable, and leaves the outcome unknown", () => {
    expect(new UnexpectedStatus({ status: 408 })).toMatchObject({ isRetryable: true, outcome: "Unknown" })
    expect(new UnexpectedStatus({ status: 409 })).toMatchObject({ isRetryable: false, outcome: "NotApplied" })
  })

  it("a message that is given stands", () => {
    expect(new NotFound({ message: "gone" }).message).toBe("gone")
  })

  it("is known in a schema by the library's name and its own", () => {
    expect(AnyError.members.map(({ identifier }) => identifier)).toEqual(
      kinds.map(([tag]) => `effect-instantly/${tag}`)
    )
  })

  it.each(kinds)("%s goes through JSON to another process and back", (tag, make) => {
    const error = make()
    const wire = Schema.parseJson(AnyError)
    const again = Schema.decodeSync(wire)(Schema.encodeSync(wire)(error))
    expect(Equal.equals(again, error)).toBe(true)
    expect(again._tag).toBe(tag)
    expect(again.message).toBe(error.message)
  })

  it.prop(
    "decodes what it encodes to itself, whatever its fields",
    {
      attempts: FastCheck.nat(),
      waited: FastCheck.nat().map(Duration.millis),
      retryAfter: FastCheck.option(FastCheck.nat().map(Duration.millis)).map(Option.fromNullable),
      requestId: FastCheck.option(FastCheck.string()).map(Option.fromNullable),
      path: FastCheck.string()
    },
    (props) => {
      const error = new TooManyRequests(props)
      expect(Equal.equals(Schema.decodeSync(AnyError)(Schema.encodeSync(AnyError)(error)), error)).toBe(true)
    }
  )

  it("has tags that are told from those of other libraries by its guard", () => {
    expect(isInstantlyError({ _tag: "NotFound" })).toBe(false)
    expect(isInstantlyError(undefined)).toBe(false)
  })

  it.effect("is caught by its tag", () =>
    Effect.gen(function* () {
      const failing: Effect.Effect<never, InstantlyError.InstantlyError> = new NotFound()
      expect(yield* failing.pipe(Effect.catchTag("NotFound", (error) => Effect.succeed(error.status)))).toBe(404)
    })
  )
})
