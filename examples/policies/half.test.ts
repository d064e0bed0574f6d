import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { ApiKeys, Instantly, RateLimit } from "effect-instantly"
import { InstantlyMock } from "effect-instantly/testing"
import { half, shareOf } from "./half.js"

/** Several processes delete keys of one workspace at the same time, each with its own gate. */
const processes = (count: number, rateLimit: RateLimit.RateLimitPolicy) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const ours = yield* mock.createApiKey()
    const process = Effect.gen(function* () {
      const keys = yield* Effect.replicateEffect(mock.createApiKey(), Math.ceil(150 / count))
      const apiKeys = yield* ApiKeys.ApiKeys
      yield* Effect.forEach(keys, ({ id }) => apiKeys.delete(id), { concurrency: "unbounded", discard: true })
    }).pipe(Effect.provide(Instantly.layer({ apiKey: ours.secret, rateLimit })))
    const fiber = yield* Effect.fork(Effect.replicateEffect(process, count, { concurrency: "unbounded" }))
    yield* TestClock.adjust("1 minute")
    yield* Fiber.join(fiber)
    const refused = (yield* mock.arrivals).filter(({ reason }) => reason === "rate limit").length
    return { refused, worstSecond: yield* mock.worstWindow("1 second") }
  }).pipe(Effect.provide(InstantlyMock.layer()))

describe("half", () => {
  it.effect("keeps two processes together within the limit of the workspace", () =>
    Effect.gen(function* () {
      const { refused, worstSecond } = yield* processes(2, half)
      expect(refused).toBe(0)
      expect(worstSecond).toBeGreaterThan(80)
      expect(worstSecond).toBeLessThanOrEqual(100)
    })
  )

  it.effect("is needed: two processes that each use the whole limit get 429s", () =>
    Effect.gen(function* () {
      expect((yield* processes(2, RateLimit.instantly)).refused).toBeGreaterThan(0)
    })
  )

  it.effect("has the same form for any number of processes", () =>
    Effect.gen(function* () {
      expect((yield* processes(7, shareOf(7))).refused).toBe(0)
    })
  )
})
