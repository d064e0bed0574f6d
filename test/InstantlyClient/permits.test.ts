import { describe, expect, it } from "@effect/vitest"
import { Effect, Random, Schedule } from "effect"
import { ApiKeys, Instantly, RateLimit, RetryPolicy } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { inVirtualTime } from "../support/virtual.js"
import { listing, withMock } from "../support/withMock.js"

describe("execute", () => {
  it.effect("refuses what the gate refuses, as never sent, and does not try again", () =>
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

  it.effect("closes the gate for a second on a 429 that does not say for how long", () =>
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

  it.effect("has 50 queued callers wait out one 429, and lets them go in order at the policy's pace", () =>
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
