import { Console } from "node:console"
import { Writable } from "node:stream"
import { inspect } from "node:util"
import { describe, expect, it } from "@effect/vitest"
import { Cause, Duration, Effect, Logger, Option, Redacted, Schema } from "effect"
import { InstantlyError } from "effect-instantly"

const {
  BadRequest,
  fromUnknown,
  HeldBack,
  InstantlyError: AnyError,
  InsufficientScope,
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

/** Each kind, whether it is retryable, and a part of what it says. */
const kinds: ReadonlyArray<readonly [string, InstantlyError.InstantlyError, boolean, string]> = [
  ["BadRequest", new BadRequest(), false, "refused the request as malformed (400)"],
  ["Unauthorized", new Unauthorized(), false, "missing, wrong or revoked"],
  ["PaymentRequired", new PaymentRequired(), false, "no active paid plan (402)"],
  ["InsufficientScope", new InsufficientScope(), false, "lacks the scope for it (401)"],
  ["NotFound", new NotFound(), false, "This does not prove that a key is gone"],
  ["TooManyRequests", new TooManyRequests(), true, "One minute is enough for either limit."],
  ["ServerError", new ServerError(), true, "The request may have been carried out."],
  ["UnexpectedStatus", new UnexpectedStatus(), false, "The response had status 302"],
  ["InvalidResponse", new InvalidResponse(), false, "is not what the call and its Schema expect"],
  ["TransportError", new TransportError(), true, "No response reached this client"],
  ["HeldBack", new HeldBack(), false, "This client did not send the request"]
]

describe("InstantlyError", () => {
  it("has eleven kinds, and no more", () => {
    expect(kinds.map(([tag]) => tag)).toEqual(AnyError.members.map((member) => member._tag))
  })

  it.each(kinds)("a %s is an error with its own name, and knows whether it is retryable", (tag, error, isRetryable) => {
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ _tag: tag, name: tag, isRetryable })
    expect(isInstantlyError(error)).toBe(true)
  })

  it("only a 408 of the unexpected statuses is retryable", () => {
    expect(new UnexpectedStatus({ status: 408 }).isRetryable).toBe(true)
    expect(new UnexpectedStatus({ status: 409 }).isRetryable).toBe(false)
  })

  it("has the name of the library and its own in a schema", () => {
    expect(AnyError.members.map(({ identifier }) => identifier)).toEqual(
      kinds.map(([tag]) => `effect-instantly/${tag}`)
    )
  })

  it("is distinguished from errors of other libraries by its guard", () => {
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

/** What the effect prints to the console of Effect, as Node prints it. */
const printed = (effect: Effect.Effect<unknown>) =>
  Effect.gen(function* () {
    let text = ""
    const stream = new Writable({
      write: (chunk, _, done) => {
        text += String(chunk)
        done()
      }
    })
    const console = yield* Effect.consoleWith(Effect.succeed)
    yield* Effect.withConsole(effect, { ...console, unsafe: new Console(stream, stream) })
    return text
  })

/** What a logger makes of an error that is logged as a message, and of one that is logged as a cause. */
const logged = (error: InstantlyError.InstantlyError, logger: Logger.Logger<unknown, unknown>) =>
  Effect.forEach([error, Cause.fail(error)], (what) =>
    Effect.gen(function* () {
      const lines: Array<unknown> = []
      const collecting = Logger.map(logger, (line) => lines.push(line))
      const text = yield* printed(
        Effect.logError(what).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, collecting)))
      )
      return text + lines.map((line) => (typeof line === "string" ? line : inspect(line, { depth: 9 }))).join("\n")
    })
  )

/** A text without its line breaks and quotes, which each printer writes in its own way. */
const flat = (text: string) => text.replaceAll(/\\+n|[\\"'+\s]/g, "")

describe("what happened", () => {
  const loggers = [
    ["pretty", Logger.prettyLogger({ colors: false, mode: "tty" })],
    ["JSON", Logger.jsonLogger],
    ["logfmt", Logger.logfmtLogger],
    ["structured", Logger.structuredLogger]
  ] as const

  const each = loggers.flatMap(([name, logger]) => kinds.map(([tag, error]) => [name, tag, logger, error] as const))

  it.effect.each(each)("is shown by the %s logger: %s", ([, , logger, error]) =>
    Effect.gen(function* () {
      const [asMessage = "", asCause = ""] = yield* logged(error, logger)
      expect(flat(asMessage)).toContain(flat(error.message))
      expect(flat(asCause)).toContain(flat(error.message))
    })
  )

  it.each(kinds)("is shown by inspect, Cause.pretty, String, the stack and JSON: %s", (tag, error, _, said) => {
    const line = `${tag}: ${error.message}`
    expect(error.message).toContain(said)
    expect(inspect(error)).toContain(line)
    expect(Cause.pretty(Cause.fail(error))).toContain(line)
    expect(String(error)).toBe(line)
    expect(error.stack).toContain(line)
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({
      _tag: tag,
      message: error.message,
      attempts: error.attempts
    })
    expect(JSON.stringify(Cause.fail(error))).toContain(JSON.stringify(error.message))
  })

  it.each(kinds)("is not encoded, but derived again where it is decoded: %s", (_, error) => {
    const encoded = Schema.encodeSync(AnyError)(error)
    expect(encoded).not.toHaveProperty("message")
    expect(Schema.decodeSync(AnyError)(encoded).message).toBe(error.message)
  })

  it("takes at most five lines before the stack", () => {
    const call = {
      method: "DELETE",
      path: "/api/v2/api-keys/019e18e2-78d4-7322-941a-7384d8969c61",
      waited: Duration.seconds(3),
      attempts: 2,
      requestId: Option.some("8f2a-FRA"),
      outcome: "Unknown"
    } as const
    for (const error of [...kinds.map(([, error]) => error), new NotFound(call), new Unauthorized(call)]) {
      for (const printed of [Cause.pretty(Cause.fail(error)), error.stack ?? ""]) {
        expect(printed).toContain(`${error._tag}: ${error.message}`)
        const stack = printed.split("\n").findIndex((line) => /^\s+at /.test(line))
        expect(stack).toBeGreaterThan(0)
        expect(stack).toBeLessThanOrEqual(5)
      }
    }
  })

  it.effect("never includes what the server said", () =>
    Effect.gen(function* () {
      const serverMessage = Option.some(Redacted.make("made-up-canary"))
      for (const error of [
        new BadRequest({ serverMessage }),
        new Unauthorized({ serverMessage }),
        new UnexpectedStatus({ serverMessage })
      ]) {
        expect(Option.map(error.serverMessage, Redacted.value)).toEqual(Option.some("made-up-canary"))
        const texts = yield* Effect.forEach(loggers, ([, logger]) => logged(error, logger))
        const all = [...texts.flat(), inspect(error), String(error), error.stack, JSON.stringify(error), error.message]
        expect(all.join("\n")).not.toContain("canary")
      }
    })
  )
})

describe("fromUnknown", () => {
  const error = new NotFound({ outcome: "Unknown" })
  const rejection = (effect: Effect.Effect<unknown, unknown>) =>
    Effect.promise(() => Effect.runPromise(effect).catch((reason: unknown) => reason))

  it.effect("finds the error that a promise was rejected with, whatever is around it", () =>
    Effect.gen(function* () {
      const reasons = yield* Effect.forEach(
        [
          Effect.fail(error),
          Effect.die(error),
          Effect.failCause(Cause.parallel(Cause.fail("another"), Cause.fail(error)))
        ],
        rejection
      )
      expect(reasons.map(fromUnknown)).toEqual([error, error, error].map(Option.some))
      expect(reasons.some(isInstantlyError)).toBe(false)
      expect(fromUnknown(error)).toEqual(Option.some(error))
    })
  )

  it.effect("finds nothing in what is not an error of this library", () =>
    Effect.gen(function* () {
      const reasons = yield* Effect.forEach([Effect.fail("another"), Effect.interrupt], rejection)
      expect([...reasons, undefined, new Error("another"), { _tag: "NotFound" }].map(fromUnknown)).toEqual(
        Array.from({ length: 5 }, () => Option.none())
      )
    })
  )
})
