import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Fiber, TestClock } from "effect"
import { RateLimit } from "effect-instantly"
import { slowStart } from "./slow-start.js"

/** When each of this many callers gets its permit, if all come at once. */
const permits = (policy: RateLimit.RateLimitPolicy, callers: number) =>
  Effect.gen(function* () {
    const gate = yield* RateLimit.make(policy)
    const fiber = yield* Effect.fork(
      Effect.replicateEffect(Effect.zipRight(gate.acquire, Clock.currentTimeMillis), callers, {
        concurrency: "unbounded"
      })
    )
    yield* TestClock.adjust("1 minute")
    return yield* Fiber.join(fiber)
  }).pipe(Effect.scoped)

const within = (times: ReadonlyArray<number>, from: number, to: number) =>
  times.filter((at) => at >= from && at < to).length

describe("a slow start", () => {
  it.effect("begins with five a second and climbs to the limit in four seconds", () =>
    Effect.gen(function* () {
      const times = yield* permits(slowStart, 250)
      const seconds = [0, 1, 2, 3, 4].map((second) => within(times, second * 1000, (second + 1) * 1000))
      expect(seconds).toEqual([6, 8, 13, 49, 93])
      expect(times.slice(0, 4)).toEqual([0, 200, 390, 571])
    })
  )

  it.effect("does not begin again after a rest", () =>
    Effect.gen(function* () {
      const gate = yield* RateLimit.make(slowStart)
      const fiber = yield* Effect.fork(
        Effect.gen(function* () {
          yield* Effect.replicateEffect(gate.acquire, 100)
          yield* Effect.sleep("1 hour")
          const rested = yield* Clock.currentTimeMillis
          yield* Effect.replicateEffect(gate.acquire, 50)
          return (yield* Clock.currentTimeMillis) - rested
        })
      )
      yield* TestClock.adjust("2 hours")
      expect(yield* Fiber.join(fiber)).toBeLessThan(600)
    }).pipe(Effect.scoped)
  )
})
