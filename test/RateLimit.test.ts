import { describe, expect, it } from "@effect/vitest"
import { Clock, Duration, Effect, Layer, Option, Ref, Schedule, TestClock } from "effect"
import { RateLimit } from "effect-instantly"
import { inVirtualTime } from "./support/virtual.js"

/** When so many callers are released, who come at once: milliseconds from now. */
const releases = (rateLimit: RateLimit.Service, n: number) =>
  inVirtualTime(
    Effect.gen(function* () {
      const start = yield* Clock.currentTimeMillis
      const released = Effect.zipRight(rateLimit.acquire, Clock.currentTimeMillis)
      const times = yield* Effect.replicateEffect(released, n, { concurrency: "unbounded" })
      return times.map((at) => at - start)
    })
  )

const releasesOf = (policy: RateLimit.RateLimitPolicy, n: number) =>
  Effect.scoped(Effect.flatMap(RateLimit.make(policy), (rateLimit) => releases(rateLimit, n)))

describe("policies", () => {
  it.effect("any schedule is one: permits leave at its pace", () =>
    Effect.gen(function* () {
      expect(yield* releasesOf(Schedule.spaced("1 second"), 4)).toEqual([0, 1000, 2000, 3000])
      expect(yield* releasesOf(RateLimit.unlimited, 4)).toEqual([0, 0, 0, 0])
    })
  )

  it.effect("intersected, are at every moment the stricter of the two", () =>
    Effect.gen(function* () {
      const second = RateLimit.quota({ limit: 4, window: "1 second", burst: 2 })
      const minute = RateLimit.quota({ limit: 9, window: "1 minute", burst: 6 })
      // two at once, then by the second, and from the seventh on by the minute
      expect(yield* releasesOf(Schedule.intersect(second, minute), 9)).toEqual([
        0, 0, 500, 1000, 1500, 2000, 20_000, 40_000, 60_000
      ])
    })
  )

  it.effect("can need a service, which is taken where the gate is made", () =>
    Effect.gen(function* () {
      const counted = yield* Ref.make(0)
      const layer = RateLimit.layer(
        Schedule.spaced("1 second").pipe(Schedule.tapOutput(() => Ref.update(counted, (n) => n + 1)))
      )
      yield* Effect.flatMap(RateLimit.RateLimit, (rateLimit) => releases(rateLimit, 3)).pipe(Effect.provide(layer))
      expect(yield* Ref.get(counted)).toBeGreaterThanOrEqual(2)
    })
  )
})

describe("make", () => {
  const throttled = { status: 429, retryAfter: Option.none() }

  it.effect("yields: its gate slows down after 429s, whatever the policy is", () =>
    Effect.gen(function* () {
      for (const policy of [RateLimit.unlimited, Schedule.spaced("10 millis")]) {
        const released = Effect.gen(function* () {
          const rateLimit = yield* RateLimit.make(policy)
          yield* Effect.replicateEffect(rateLimit.observe(throttled), 3)
          return yield* releases(rateLimit, 2)
        })
        // one permit in the last second, so 0.92 a second
        expect(yield* Effect.scoped(released)).toEqual([0, 1000])
      }
    })
  )

  it.effect("yields as it is set, or leaves it to the policy", () =>
    Effect.gen(function* () {
      const released = (yields: RateLimit.Options["yields"]) =>
        Effect.gen(function* () {
          const rateLimit = yield* RateLimit.make(RateLimit.unlimited, { yields })
          yield* rateLimit.observe(throttled)
          return yield* releases(rateLimit, 2)
        }).pipe(Effect.scoped)
      expect(yield* released({ min: 0.5, factor: 0.5 })).toEqual([0, 2000])
      expect(yield* released(false)).toEqual([0, 0])
    })
  )

  it.effect("gives below ten permits a second of a quota of twenty after a second in which all were refused", () =>
    Effect.gen(function* () {
      const rateLimit = yield* RateLimit.make(RateLimit.quota({ limit: 20, window: "1 second" }))
      const request = Effect.zipRight(rateLimit.acquire, rateLimit.observe(throttled))
      const permits = yield* Ref.make(0)
      yield* Effect.fork(
        Effect.forever(
          Effect.zipRight(
            request,
            Ref.update(permits, (n) => n + 1)
          )
        )
      )
      yield* TestClock.adjust("1 second")
      const before = yield* Ref.get(permits)
      yield* TestClock.adjust("1 second")
      expect((yield* Ref.get(permits)) - before).toBeLessThan(10)
    }).pipe(Effect.scoped)
  )

  it.each<readonly [RateLimit.Options, string]>([
    [{ maxPause: Duration.infinity }, "RateLimit: maxPause must be finite, not Duration(Infinity)"],
    [{ maxPause: -1 }, "RateLimit: maxPause must be a duration that is not negative, not -1"],
    [{ yields: { factor: 2 } }, "adaptive: factor must be a number between 0 and 1, not 2"]
  ])("refuses %j where it is made", (options, message) => {
    expect(() => RateLimit.make(RateLimit.unlimited, options)).toThrow(new RangeError(message))
  })
})

describe("layer", () => {
  it.effect("is one gate for all that share it", () =>
    Effect.gen(function* () {
      const gate = RateLimit.layer(Schedule.spaced("1 second"))
      const first = Layer.effectDiscard(Effect.flatMap(RateLimit.RateLimit, ({ acquire }) => acquire))
      const times = yield* Effect.flatMap(RateLimit.RateLimit, (rateLimit) => releases(rateLimit, 1)).pipe(
        Effect.provide(Layer.provideMerge(first, gate))
      )
      expect(times).toEqual([1000])
    })
  )
})
