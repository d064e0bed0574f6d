/**
 * Test a minute of rate limiting at once. The double counts the requests in any second and any minute, as Instantly does.
 * It reads the same virtual clock as the library's gate, which `VirtualTime` provides.
 */
import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { ApiKeys, Instantly, RateLimit } from "effect-instantly"
import { InstantlyMock, VirtualTime } from "effect-instantly/testing"

/** Deletes this many keys at once, and reports how long it took and how many requests were rejected. */
const deleteAll = (count: number, rateLimit: RateLimit.RateLimitPolicy) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const ours = yield* mock.createApiKey()
    const keys = yield* Effect.replicateEffect(mock.createApiKey(), count)
    const deletions = Effect.gen(function* () {
      yield* Effect.forEach(keys, ({ id }) => ApiKeys.delete(id), { concurrency: "unbounded", discard: true })
      return yield* Clock.currentTimeMillis
    })
    const took = yield* Effect.provide(deletions, Instantly.layer({ apiKey: ours.secret, rateLimit }))
    return {
      seconds: took / 1000,
      rejected: (yield* mock.arrivals).filter(({ reason }) => reason === "rate limit").length,
      worstSecond: yield* mock.worstWindow("1 second")
    }
  }).pipe(Effect.provide(InstantlyMock.layer({ retryAfter: true })), VirtualTime.run)

describe("many deletions at once", () => {
  it.effect("stay within the limit, at 93 a second", () =>
    Effect.gen(function* () {
      const { rejected, seconds, worstSecond } = yield* deleteAll(150, RateLimit.instantly)
      expect(rejected).toBe(0)
      expect(worstSecond).toBeLessThanOrEqual(100)
      expect(150 / seconds).toBeGreaterThan(90)
    })
  )

  it.effect("are rejected if no gate slows them down", () =>
    Effect.gen(function* () {
      expect((yield* deleteAll(120, RateLimit.unlimited)).rejected).toBeGreaterThanOrEqual(20)
    })
  )

  it.effect("take a minute at one in two seconds, and the test does not", () =>
    Effect.gen(function* () {
      const one = RateLimit.quota({ limit: 2, window: "2 seconds" })
      expect((yield* deleteAll(31, one)).seconds).toBe(60)
    })
  )
})
