import { HttpClient, HttpClientError } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import {
  Duration,
  Effect,
  Exit,
  Fiber,
  Option,
  Random,
  Redacted,
  Ref,
  Schedule,
  Schema,
  Scope,
  TestClock
} from "effect"
import { ApiKeys, Instantly, InstantlyClient, RateLimit, RetryPolicy } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { callOver, encode, responding, source } from "../support/bodies.js"
import { leaksIn } from "../support/leaks.js"
import { warningsOf } from "../support/logs.js"
import { inVirtualTime } from "../support/virtual.js"
import { listing, withMock } from "../support/withMock.js"

describe("a call", () => {
  it.effect("that the gate refuses was never sent, and is not tried again", () =>
    withMock(
      ({ execute, mock, remove }) =>
        Effect.gen(function* () {
          yield* listing(execute)
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({ _tag: "HeldBack", outcome: "NotApplied", attempts: 0 })
          expect(error.message).toContain("no more permits")
          expect(yield* mock.arrivals).toHaveLength(1)
        }),
      { rateLimit: Schedule.stop, retryPolicy: Schedule.forever }
    )
  )

  it.effect("that gets a 429 slows the gate down for all, even if that names no time", () =>
    withMock(
      ({ execute, mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.respond({ status: 429 })))
          yield* Effect.flip(remove)
          yield* inVirtualTime(Effect.replicateEffect(listing(execute), 2))
          const [first, second, third = 0] = (yield* mock.arrivals).map(({ at }) => at)
          expect([first, second]).toEqual([0, 0])
          // the policy gets to know of it at the second permit, and then waits at least so long
          expect(third).toBeGreaterThanOrEqual(50)
        }),
      { rateLimit: RateLimit.unlimited, retryPolicy: RetryPolicy.none }
    )
  )

  it.effect("that gets a 429 with a time closes the gate for all, even if its body never ends", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          const hanging = responding(429, new ReadableStream(), { "retry-after": "30" })
          const client = yield* Effect.provideService(
            InstantlyClient.make({ apiKey: Redacted.make("made-up-token"), retryPolicy: RetryPolicy.none }),
            HttpClient.HttpClient,
            hanging
          )
          expect(yield* Effect.flip(listing(client.execute))).toMatchObject({
            _tag: "TooManyRequests",
            retryAfter: Option.some(Duration.seconds(30))
          })
          yield* inVirtualTime(remove)
          expect((yield* mock.arrivals).map(({ at }) => at)).toEqual([30_000])
        }),
      { rateLimit: RateLimit.unlimited, yields: false }
    )
  )

  it.effect("takes a permit for each attempt", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.times(2, Fault.loseRequest))
          yield* inVirtualTime(remove)
          expect((yield* mock.arrivals).map(({ at }) => at)).toEqual([0, 10_000, 20_000])
        }),
      { rateLimit: Schedule.spaced("10 seconds") }
    )
  )

  it.effect("that gets a 429 makes 50 queued callers wait, and they leave in order at the policy's pace", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey()
      const keys = yield* Effect.replicateEffect(mock.createApiKey(), 51)
      yield* mock.script(Fault.next(Fault.respond({ status: 429, headers: { "retry-after": "5" } })))
      yield* Effect.gen(function* () {
        const apiKeys = yield* ApiKeys.ApiKeys
        yield* inVirtualTime(Effect.forEach(keys, ({ id }) => apiKeys.delete(id), { concurrency: "unbounded" }))
      }).pipe(
        Effect.provide(
          Instantly.layer({
            apiKey: caller.secret,
            rateLimit: RateLimit.quota({ limit: 11, window: "1 second" }),
            yields: false
          })
        ),
        Effect.withRandom(Random.fixed([0]))
      )
      const arrivals = yield* mock.arrivals
      // the refused one comes again, behind all that were there before it
      const order = [...keys, ...keys.slice(0, 1)].map(({ id }) => id)
      expect(arrivals.map(({ path }) => path.split("/").at(-1))).toEqual(order)
      expect(arrivals.map(({ at }) => at)).toEqual(order.map((_, index) => (index === 0 ? 0 : 4900 + 100 * index)))
    }).pipe(Effect.provide(InstantlyMock.layer()))
  )
})

describe("a gate of the app's own", () => {
  const canary = "made-up-canary-of-the-gate"
  const dying = Effect.die(new RangeError(canary))

  /** What a call fails with at this gate, and the warnings that it logs. */
  const callAt = (gate: Partial<RateLimit.Service>, attempts: number) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey()
      const client = yield* InstantlyClient.make({
        apiKey: caller.secret,
        retryPolicy: Schedule.spaced("1 second").pipe(RetryPolicy.attempts(attempts))
      }).pipe(
        Effect.provideService(RateLimit.RateLimit, {
          acquire: Effect.void,
          observe: () => Effect.void,
          ...gate
        })
      )
      const { result, warnings } = yield* warningsOf(Effect.flip(inVirtualTime(listing(client.execute))))
      expect(leaksIn(result, [canary])).toEqual([])
      return { error: result, warnings, arrivals: (yield* mock.arrivals).length }
    })

  it.effect("that dies before the first attempt holds the call back", () =>
    Effect.gen(function* () {
      const { arrivals, error } = yield* callAt({ acquire: dying }, 5)
      expect(error).toMatchObject({ _tag: "HeldBack", outcome: "NotApplied", attempts: 0 })
      expect(error).toMatchObject({ detail: "the gate failed with RangeError" })
      expect(arrivals).toBe(0)
    }).pipe(Effect.provide(InstantlyMock.layer()))
  )

  it.effect("that dies before the second attempt leaves what the first may have done", () =>
    Effect.gen(function* () {
      const acquired = yield* Ref.make(0)
      const acquire = Effect.flatMap(
        Ref.updateAndGet(acquired, (n) => n + 1),
        (n) => (n === 1 ? Effect.void : dying)
      )
      const { arrivals, error } = yield* callAt({ acquire }, 5)
      expect(error).toMatchObject({ _tag: "HeldBack", outcome: "Unknown", attempts: 1 })
      expect(arrivals).toBe(1)
    }).pipe(Effect.provide(InstantlyMock.layer({ faults: [Fault.always(Fault.loseResponse)] })))
  )

  it.effect("that interrupts a waiting call leaves what the attempt before may have done", () =>
    Effect.gen(function* () {
      const acquired = yield* Ref.make(0)
      const acquire = Effect.flatMap(
        Ref.updateAndGet(acquired, (n) => n + 1),
        (n) => (n === 1 ? Effect.void : Effect.interrupt)
      )
      const { arrivals, error } = yield* callAt({ acquire }, 5)
      expect(error).toMatchObject({ _tag: "HeldBack", outcome: "Unknown", attempts: 1 })
      expect(arrivals).toBe(1)
    }).pipe(Effect.provide(InstantlyMock.layer({ faults: [Fault.always(Fault.loseResponse)] })))
  )

  it.effect.each<readonly [string, () => Effect.Effect<void>, string?]>([
    ["dies", () => dying],
    ["interrupts itself", () => Effect.interrupt, "an interruption"],
    [
      "throws",
      () => {
        throw new RangeError(canary)
      }
    ]
  ])("that %s when it observes a response changes nothing, and is warned of once", ([, observe, name = "RangeError"]) =>
    Effect.gen(function* () {
      const { arrivals, error, warnings } = yield* callAt({ observe }, 2)
      expect(error).toMatchObject({ _tag: "TooManyRequests", outcome: "NotApplied", attempts: 2 })
      expect(warnings).toEqual([`the gate failed with ${name} when it observed a response`])
      expect(arrivals).toBe(2)
    }).pipe(Effect.provide(InstantlyMock.layer({ faults: [Fault.always(Fault.respond({ status: 429 }))] })))
  )
})

describe("a gate that hangs when it observes a response", () => {
  const hanging: RateLimit.Service = { acquire: Effect.void, observe: () => Effect.never }

  it.effect.each([
    [200, { _tag: "InvalidResponse", outcome: "Unknown", confirmed: false, detail: "it did not arrive in time" }],
    [
      404,
      {
        _tag: "UnexpectedStatus",
        outcome: "Unknown",
        detail: "its body could not be read (it did not arrive in time), so it may not come from Instantly"
      }
    ],
    [429, { _tag: "TooManyRequests", outcome: "NotApplied" }],
    [500, { _tag: "ServerError", outcome: "Unknown" }]
  ] as const)("is cut off by the limit: a %i is known by its head, and its body is read", ([status, expected]) =>
    Effect.gen(function* () {
      const body = source([encode("made"), encode("-up")])
      const call = callOver(responding(status, body.stream), Schema.Unknown, { gate: hanging, timeout: "2 seconds" })
      const error = yield* Effect.flip(inVirtualTime(call))
      expect(error).toMatchObject({ ...expected, status, attempts: 1 })
      expect(yield* body.ended).toBe("closed")
      expect(body.bytes).toBe(7)
    })
  )
})

describe("a gate that closes", () => {
  const losing = HttpClient.make((request) =>
    Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport" }))
  )

  it.effect("while a call waits for its second permit holds it back, and the outcome of the first attempt stays", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const gate = yield* Scope.extend(RateLimit.make(Schedule.spaced("1 hour")), scope)
      const options = { gate, retryPolicy: RetryPolicy.standard, timeout: Duration.infinity }
      const call = yield* Effect.fork(Effect.flip(callOver(losing, Schema.Unknown, options)))
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.poll(call)).toEqual(Option.none())
      yield* Scope.close(scope, Exit.void)
      const error = yield* Fiber.join(call)
      expect(error).toMatchObject({ _tag: "HeldBack", outcome: "Unknown", attempts: 1 })
      expect(error.message).toContain("the gate has closed: no more permits are given")
    })
  )

  it.effect("before a call holds it back, and nothing is sent", () =>
    Effect.gen(function* () {
      const gate = yield* Effect.scoped(RateLimit.make(RateLimit.unlimited))
      const call = callOver(losing, Schema.Unknown, { gate, retryPolicy: Schedule.forever })
      expect(yield* Effect.flip(call)).toMatchObject({ _tag: "HeldBack", outcome: "NotApplied", attempts: 0 })
    })
  )
})

describe("timeout", () => {
  it.effect("does not count the wait for a permit", () =>
    withMock(
      ({ execute, mock, remove }) =>
        Effect.gen(function* () {
          yield* inVirtualTime(Effect.zipRight(listing(execute), remove))
          expect((yield* mock.arrivals).map(({ at }) => at)).toEqual([0, 30_000])
        }),
      { rateLimit: Schedule.spaced("30 seconds"), timeout: "2 seconds" }
    )
  )
})
