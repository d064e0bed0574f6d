import { describe, expect, it } from "@effect/vitest"
import { Duration, Equal, FastCheck, Option, Redacted, Schema } from "effect"
import { InstantlyError } from "effect-instantly"

const {
  BadRequest,
  HeldBack,
  InstantlyError: AnyError,
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

const facts = { method: "", path: "", attempts: 1, waited: Duration.zero, requestId: Option.none() }

/** Each kind made from nothing, and all that it then holds. */
const kinds: ReadonlyArray<readonly [string, () => InstantlyError.InstantlyError, Record<string, unknown>]> = [
  [
    "BadRequest",
    () => new BadRequest(),
    { ...facts, outcome: "NotApplied", status: 400, code: Option.none(), serverMessage: Option.none() }
  ],
  [
    "Unauthorized",
    () => new Unauthorized(),
    { ...facts, outcome: "NotApplied", status: 401, serverMessage: Option.none() }
  ],
  ["PaymentRequired", () => new PaymentRequired(), { ...facts, outcome: "NotApplied", status: 402 }],
  [
    "InsufficientScope",
    () => new InsufficientScope(),
    { ...facts, outcome: "NotApplied", status: 401, required: [], found: [] }
  ],
  ["NotFound", () => new NotFound(), { ...facts, outcome: "NotApplied", status: 404 }],
  [
    "TooManyRequests",
    () => new TooManyRequests(),
    { ...facts, outcome: "NotApplied", status: 429, retryAfter: Option.none() }
  ],
  ["ServerError", () => new ServerError(), { ...facts, outcome: "Unknown", status: 500, retryAfter: Option.none() }],
  [
    "UnexpectedStatus",
    () => new UnexpectedStatus(),
    {
      ...facts,
      outcome: "Unknown",
      status: 302,
      detail: "Instantly does not document this response",
      fromInstantly: false,
      serverMessage: Option.none()
    }
  ],
  [
    "InvalidResponse",
    () => new InvalidResponse(),
    { ...facts, outcome: "Unknown", status: 200, confirmed: false, detail: "it is not the expected response" }
  ],
  [
    "TransportError",
    () => new TransportError(),
    { ...facts, outcome: "Unknown", reason: "ConnectionLost", detail: "" }
  ],
  ["HeldBack", () => new HeldBack(), { ...facts, outcome: "NotApplied", attempts: 0, detail: "the client refused it" }]
]

describe("the fields of an error", () => {
  it("are tested for every kind", () => {
    expect(kinds.map(([tag]) => tag)).toEqual(AnyError.members.map((member) => member._tag))
  })

  it.each(kinds)("have a default each: %s", (_tag, make, fields) => {
    expect({ ...make() }).toEqual({ _tag, ...fields })
  })

  it.each(kinds)("go through JSON to another process and back, and the message with them: %s", (_tag, make, fields) => {
    const wire = Schema.parseJson(AnyError)
    const error = make()
    const text = Schema.encodeSync(wire)(error)
    const encoded: unknown = JSON.parse(text)
    expect(Object.keys(Object(encoded)).toSorted()).toEqual([...Object.keys(fields), "_tag"].toSorted())
    const again = Schema.decodeSync(wire)(text)
    expect({ ...again }).toEqual({ ...error })
    expect(again).toMatchObject({ _tag, message: error.message })
  })

  it.each([
    [true, "NotApplied"],
    [false, "Unknown"]
  ] as const)(
    "of an UnexpectedStatus, whatever its status, from Instantly: %s, include the outcome %s",
    (fromInstantly, outcome) => {
      for (const status of [302, 403, 408, 499, 600]) {
        expect(new UnexpectedStatus({ status, fromInstantly }).outcome).toBe(outcome)
        expect(new UnexpectedStatus({ status, fromInstantly, outcome: "Applied" }).outcome).toBe("Applied")
      }
    }
  )

  it.each([
    [true, "Applied"],
    [false, "Unknown"]
  ] as const)("of an InvalidResponse that is confirmed: %s, include the outcome %s", (confirmed, outcome) => {
    expect(new InvalidResponse({ confirmed }).outcome).toBe(outcome)
    expect(new InvalidResponse({ confirmed, outcome: "NotApplied" }).outcome).toBe("NotApplied")
  })

  it.each([
    ["NotSent", "NotApplied"],
    ["ConnectionLost", "Unknown"],
    ["Timeout", "Unknown"]
  ] as const)("of a TransportError with the reason %s include the outcome %s", (reason, outcome) => {
    expect(new TransportError({ reason }).outcome).toBe(outcome)
    expect(new TransportError({ reason, outcome: "Applied" }).outcome).toBe("Applied")
  })

  it("are checked where an error is made", () => {
    expect(() => new NotFound({ attempts: -1 })).toThrow("attempts")
    expect(() => new TransportError({ attempts: 0.5 })).toThrow("attempts")
    // @ts-expect-error what the type rules out
    expect(() => new NotFound({ status: 403 })).toThrow("status")
  })

  it("lose what the server said when they are encoded", () => {
    const serverMessage = Option.some(Redacted.make("made-up-canary"))
    for (const error of [
      new BadRequest({ serverMessage }),
      new Unauthorized({ serverMessage }),
      new UnexpectedStatus({ serverMessage })
    ]) {
      const text = Schema.encodeSync(Schema.parseJson(AnyError))(error)
      expect(text).toContain('"serverMessage":null')
      expect(Schema.decodeSync(Schema.parseJson(AnyError))(text)).toMatchObject({ serverMessage: Option.none() })
    }
  })

  it.prop(
    "decode to what was encoded, whatever they are",
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
})
