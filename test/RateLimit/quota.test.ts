import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { RateLimit } from "effect-instantly"
import { noFeedback, permitTimes, walk } from "../../examples/timelines/stepping.js"

describe("quota", () => {
  it.effect("spends its burst, and then spaces permits", () =>
    Effect.gen(function* () {
      const policy = RateLimit.quota({ limit: 10, window: "1 second", burst: 5 })
      expect(yield* permitTimes(policy, 600)).toEqual([0, 0, 0, 0, 0, 200, 400, 600])
    })
  )

  it.effect("of the smallest limits, one and two, is one permit in a window and its jitter", () =>
    Effect.gen(function* () {
      for (const limit of [1, 2]) {
        const policy = RateLimit.quota({ limit, window: "1 second", jitter: "50 millis" })
        expect(yield* permitTimes(policy, 2100)).toEqual([0, 1050, 2100])
      }
    })
  )

  it.effect("spaces wider for a latency that varies", () =>
    Effect.gen(function* () {
      const policy = RateLimit.quota({ limit: 5, window: "1 second", jitter: "200 millis" })
      expect(yield* permitTimes(policy, 900)).toEqual([0, 300, 600, 900])
    })
  )

  it.effect("has its burst again after a rest", () =>
    Effect.gen(function* () {
      const policy = RateLimit.quota({ limit: 4, window: "3 seconds", burst: 2 })
      const inputs = Array.from({ length: 7 }, () => noFeedback)
      const steps = yield* walk(policy, inputs, (index) => (index === 3 ? 60_000 : 0))
      expect(steps.map(({ at }) => at)).toEqual([0, 0, 1500, 63_000, 63_000, 64_500, 66_000])
    })
  )

  it.each([
    [{ limit: 0, window: "1 second" }, "quota: limit must be a whole number of at least 1, not 0"],
    [{ limit: 2.5, window: "1 second" }, "quota: limit must be a whole number of at least 1, not 2.5"],
    [{ limit: 10, window: "1 second", burst: 0 }, "quota: burst must be a whole number from 1 to 9, not 0"],
    [{ limit: 10, window: "1 second", burst: 1.5 }, "quota: burst must be a whole number from 1 to 9, not 1.5"],
    [{ limit: 10, window: "1 second", burst: 10 }, "quota: burst must be a whole number from 1 to 9, not 10"],
    [{ limit: 1, window: "1 second", burst: 2 }, "quota: burst must be a whole number from 1 to 1, not 2"],
    [{ limit: 10, window: 0 }, "quota: window must be longer than zero, not 0"],
    [{ limit: 10, window: Duration.infinity }, "quota: window must be finite, not Duration(Infinity)"],
    [{ limit: 10, window: "1 second", jitter: -1 }, "quota: jitter must be a duration that is not negative, not -1"]
  ] as const)("refuses %j where it is made", (options, message) => {
    expect(() => RateLimit.quota(options)).toThrow(new RangeError(message))
  })
})

describe("instantly", () => {
  it.effect("is about 93 a second, and no window of a second or a minute holds more than the limit", () =>
    Effect.gen(function* () {
      const times = yield* permitTimes(RateLimit.instantly, 75_000, 7000)
      const most = (window: number) =>
        Math.max(...times.map((at, index) => times.findLastIndex((later) => later <= at + window) - index + 1))
      expect(times.length / 75).toBeCloseTo(93.3, 1)
      // with the 50 ms by which latency may vary
      expect(most(1050)).toBeLessThanOrEqual(100)
      expect(most(60_050)).toBeLessThanOrEqual(6000)
    })
  )
})
