import { HttpClient, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Random, Redacted, Ref, Schedule } from "effect"
import { ApiKeys, Instantly, InstantlyClient, RateLimit, RetryPolicy } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { encode, source } from "../support/bodies.js"
import { leaksIn } from "../support/leaks.js"
import { inVirtualTime } from "../support/virtual.js"
import { warningsOf } from "../support/warnings.js"
import { listing, withMock } from "../support/withMock.js"

describe("a call", () => {
  it.effect("that the gate refuses was never sent, and is not tried again", () =>
    withMock(
      ({ execute, mock, remove }) =>
        Effect.gen(function* () {
          const list = listing(execute)
          yield* list
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({ _tag: "HeldBack", outcome: "NotApplied", attempts: 0 })
          expect(error.message).toContain("no more permits")
          expect(yield* mock.arrivals).toHaveLength(1)
        }),
      { rateLimit: Schedule.stop, retryPolicy: Schedule.forever }
    )
  )

  it.effect("closes the gate for a second after a 429 that names no time", () =>
    withMock(
      ({ execute, mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.respond({ status: 429 })))
          yield* Effect.flip(remove)
          yield* inVirtualTime(listing(execute))
          expect((yield* mock.arrivals).map(({ at }) => at)).toEqual([0, 1000])
        }),
      { rateLimit: RateLimit.unlimited, retryPolicy: RetryPolicy.none }
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
          Instantly.layer({ apiKey: caller.secret, rateLimit: RateLimit.quota({ limit: 11, window: "1 second" }) })
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
          pause: () => Effect.void,
          heard: () => Effect.void,
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
      const asked = yield* Ref.make(0)
      const acquire = Effect.flatMap(
        Ref.updateAndGet(asked, (n) => n + 1),
        (n) => (n === 1 ? Effect.void : dying)
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
  ])("that %s when it hears of a response changes nothing, and is warned of", ([, heard, name = "RangeError"]) =>
    Effect.gen(function* () {
      const { arrivals, error, warnings } = yield* callAt({ heard }, 2)
      expect(error).toMatchObject({ _tag: "TooManyRequests", outcome: "NotApplied", attempts: 2 })
      expect(warnings).toEqual([`the gate failed with ${name} when it heard of a response`])
      expect(arrivals).toBe(2)
    }).pipe(Effect.provide(InstantlyMock.layer({ faults: [Fault.always(Fault.respond({ status: 429 }))] })))
  )
})

describe("a gate that hangs when it hears of a response", () => {
  const hanging: RateLimit.Service = { acquire: Effect.void, pause: () => Effect.void, heard: () => Effect.never }

  it.effect.each([
    [200, { _tag: "InvalidResponse", outcome: "Applied", detail: "it did not arrive in time" }],
    [404, { _tag: "UnexpectedStatus", outcome: "NotApplied", status: 404 }],
    [500, { _tag: "ServerError", outcome: "Unknown", status: 500 }]
  ] as const)("is cut off by the limit: a %i is told by its head, and its body is read", ([status, expected]) =>
    Effect.gen(function* () {
      const body = source([encode("made"), encode("-up")])
      const client = yield* InstantlyClient.make({
        apiKey: Redacted.make("made-up-token"),
        timeout: "2 seconds",
        retryPolicy: RetryPolicy.none
      }).pipe(
        Effect.provideService(RateLimit.RateLimit, hanging),
        Effect.provideService(
          HttpClient.HttpClient,
          HttpClient.make((request) =>
            Effect.succeed(HttpClientResponse.fromWeb(request, new Response(body.stream, { status })))
          )
        )
      )
      const error = yield* Effect.flip(inVirtualTime(listing(client.execute)))
      expect(error).toMatchObject({ ...expected, attempts: 1 })
      expect(yield* body.ended).toBe("closed")
      expect(body.bytes).toBe(7)
    })
  )
})

describe("timeout", () => {
  it.effect("does not count the wait for a permit", () =>
    withMock(
      ({ execute, mock, remove }) =>
        Effect.gen(function* () {
          const list = listing(execute)
          yield* inVirtualTime(Effect.zipRight(list, remove))
          expect((yield* mock.arrivals).map(({ at }) => at)).toEqual([0, 30_000])
        }),
      { rateLimit: Schedule.spaced("30 seconds"), timeout: "2 seconds" }
    )
  )
})
