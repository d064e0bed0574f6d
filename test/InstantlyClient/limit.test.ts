import { HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber, Logger, LogLevel, Option, Schema, Stream, TestClock } from "effect"
import { callOver, responding, streaming } from "../support/bodies.js"
import { leaksIn } from "../support/leaks.js"
import { capturing } from "../support/spans.js"

const canary = "made-up-canary-of-a-finalizer"

/** Hangs, and dies with a secret when it is cut off. */
const hanging = Effect.ensuring(Effect.never, Effect.die(new Error(canary)))

const hangingBody = Stream.ensuring(Stream.never, Effect.die(new Error(canary)))

const HangingSchema = Schema.transformOrFail(Schema.Unknown, Schema.Unknown, {
  strict: true,
  decode: () => hanging,
  encode: () => hanging
})

type Options = NonNullable<Parameters<typeof callOver>[2]>

interface Place {
  readonly options?: Options
  readonly client?: HttpClient.HttpClient
  readonly schema?: Schema.Schema<unknown>
  /** Whether it is no part of an attempt, so that the timeout does not cut it off. */
  readonly isOutside?: boolean
}

/** Where an app's finalizer can die. */
const places: Readonly<Record<string, Place>> = {
  "the HttpClient, before a response": {
    options: { transformClient: (client) => HttpClient.transform(client, () => hanging) }
  },
  "the HttpClient, after a response": {
    options: { transformClient: (client) => HttpClient.transform(client, (send) => Effect.zipRight(send, hanging)) }
  },
  "the body of a 200": { client: streaming(200, hangingBody) },
  "the body of a 404": { client: streaming(404, hangingBody) },
  "a transformation of the Schema": { schema: HangingSchema },
  "the effect that gives the API key": { options: { apiKey: hanging }, isOutside: true },
  "a gate that gives no permit": {
    options: { gate: { acquire: hanging, observe: () => Effect.void } },
    isOutside: true
  },
  "a gate that observes a response": { options: { gate: { acquire: Effect.void, observe: () => hanging } } }
}

/** Runs an effect in a fiber, and gives how it ends, with all that it shows: logs of every level, and spans. */
const observed = <A, E>(
  effect: Effect.Effect<A, E>,
  end: (fiber: Fiber.RuntimeFiber<A, E>) => Effect.Effect<unknown>
) =>
  Effect.gen(function* () {
    const shown: Array<unknown> = []
    const logger = Logger.make<unknown, void>(({ annotations, cause, message }) => {
      shown.push(message, Cause.pretty(cause, { renderErrorCause: true }), annotations)
    })
    const { spans, tracer } = yield* capturing
    const exit = yield* Effect.gen(function* () {
      const fiber = yield* Effect.fork(effect)
      yield* TestClock.adjust("1 second")
      yield* end(fiber)
      yield* TestClock.adjust("1 hour")
      return yield* Fiber.await(fiber)
    }).pipe(
      Effect.withTracer(tracer),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
      Logger.withMinimumLogLevel(LogLevel.All)
    )
    const ended = spans.map(({ attributes, status }) => [attributes, status])
    const leaks = [exit, ...shown, ...ended].flatMap((value) => leaksIn(value, [canary]))
    return { exit, leaks }
  })

const nobody = () => Effect.void

const call = ({ client = responding(200, "{}"), options, schema = Schema.Unknown }: Place, limits: Options) =>
  callOver(client, schema, { ...options, ...limits })

describe("an app's finalizer that dies with a secret when it is cut off", () => {
  it.effect("shows it where nothing hides it", () =>
    Effect.gen(function* () {
      const { exit, leaks } = yield* observed(Effect.withSpan(hanging, "made-up"), Fiber.interrupt)
      expect(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause)).toBe(false)
      // in its exit, in the log of an unhandled error, and in the span
      expect(leaks.length).toBeGreaterThan(2)
    })
  )

  const infinite = Duration.infinity
  const limits: ReadonlyArray<readonly [string, Options]> = [
    ["the timeout", { timeout: "2 seconds" }],
    ["the deadline", { timeout: infinite, deadline: "2 seconds" }],
    ["the deadline, within a timeout", { timeout: "1 minute", deadline: "2 seconds" }]
  ]
  it.effect.each(
    Object.entries(places).flatMap(([name, place]) =>
      limits
        .filter(([limit]) => limit !== "the timeout" || place.isOutside !== true)
        .flatMap(([limit, more]) => (["can", "cannot"] as const).map((how) => [name, limit, how, place, more] as const))
    )
  )("shows nothing of it: %s, cut off by %s, where the caller %s be interrupted", ([, , how, place, more]) =>
    Effect.gen(function* () {
      const region = how === "can" ? Effect.interruptible : Effect.uninterruptible
      const { exit, leaks } = yield* observed(region(call(place, more)), nobody)
      expect(Exit.isFailure(exit) && Option.isSome(Cause.failureOption(exit.cause))).toBe(true)
      expect(leaks).toEqual([])
    })
  )

  it.effect("shows nothing of it if it is in a body that is read in the background", () =>
    Effect.gen(function* () {
      const { exit, leaks } = yield* observed(call({ client: streaming(500, hangingBody) }, {}), nobody)
      expect(Exit.isFailure(exit) && Option.isSome(Cause.failureOption(exit.cause))).toBe(true)
      expect(leaks).toEqual([])
    })
  )

  const callers: ReadonlyArray<readonly [string, Options]> = [
    ["the default limits", {}],
    ["no limits", { timeout: infinite }],
    ["a deadline", { timeout: infinite, deadline: "1 minute" }],
    ["a timeout and a deadline", { timeout: "1 minute", deadline: "1 minute" }]
  ]
  it.effect.each(
    Object.entries(places).flatMap(([name, place]) =>
      callers.map(([limits, more]) => [name, limits, place, more] as const)
    )
  )(
    "shows nothing of it, and the call ends in nothing but an interruption: %s, with %s, interrupted by its caller",
    ([, , place, more]) =>
      Effect.gen(function* () {
        const { exit, leaks } = yield* observed(call(place, more), Fiber.interrupt)
        expect(leaks).toEqual([])
        expect(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause)).toBe(true)
      })
  )
})
