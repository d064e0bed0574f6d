import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Exit, Schedule } from "effect"
import { RateLimit } from "effect-instantly"
import { nothingHeard, walk } from "../../examples/timelines/stepping.js"
import { share } from "../support/shared.js"
import { simulate } from "../support/simulation.js"

const throttled = { ...nothingHeard, throttled: 1 }

/** The pace after each of these, and the wait; between them somebody is always waiting, or this many milliseconds pass. */
const steps = (options: RateLimit.AdaptiveOptions, heard: ReadonlyArray<RateLimit.Heard>, between: number = 0) =>
  Effect.map(
    walk(RateLimit.adaptive(options), heard, (index) => (index === 0 ? 0 : between)),
    (all) => all.map(({ out, wait }) => [Number(out.toFixed(3)), wait])
  )

describe("adaptive", () => {
  it.effect("asks for no wait until the first 429", () =>
    Effect.gen(function* () {
      expect(yield* steps({}, [nothingHeard, { ...nothingHeard, admitted: 5 }])).toEqual([
        [100, 0],
        [100, 0]
      ])
    })
  )

  it.effect("reduces its pace after a 429, holds the next permit, and comes back, up to its most", () =>
    Effect.gen(function* () {
      const options = { max: 20, factor: 0.5, recovery: 5, pause: "300 millis" } as const
      expect(yield* steps(options, [throttled, nothingHeard, nothingHeard], 700)).toEqual([
        [10, 300],
        // a second later
        [15, 67],
        // 767 milliseconds later
        [18.835, 54]
      ])
      expect(yield* steps(options, [throttled, nothingHeard], 2000)).toEqual([
        [10, 300],
        [20, 0]
      ])
    })
  )

  it.effect("reduces its pace once in its time, however many 429s there are", () =>
    Effect.gen(function* () {
      const options = { max: 64, factor: 0.5, recovery: 0.001, every: "1 second", pause: "500 millis" } as const
      const paces = yield* steps(options, [{ ...throttled, throttled: 9 }, throttled, throttled, throttled, throttled])
      // at 0, 500, 1000, 1500 and 2000
      expect(paces.map(([pace]) => Math.round(pace ?? 0))).toEqual([32, 32, 16, 16, 8])
    })
  )

  it.effect("goes no lower than its least", () =>
    Effect.gen(function* () {
      const options = { max: 4, min: 3, factor: 0.5, recovery: 0.001, every: 0, pause: 0 } as const
      expect(yield* steps(options, [throttled, throttled])).toEqual([
        [3, 334],
        [3, 334]
      ])
    })
  )

  it.effect("is not taken aback by a clock that is set back", () =>
    Effect.gen(function* () {
      const policy = RateLimit.adaptive({ max: 20, factor: 0.5, pause: 0 })
      const [state] = yield* policy.step(10_000, throttled, policy.initial)
      const [, pace] = yield* policy.step(2000, nothingHeard, state)
      expect(pace).toBe(10)
    })
  )

  it.each([
    [{ max: 0 }, "adaptive: max must be a number above 0, not 0"],
    [{ max: Number.POSITIVE_INFINITY }, "adaptive: max must be a number above 0, not Infinity"],
    [{ max: Number.NaN }, "adaptive: max must be a number above 0, not NaN"],
    [{ min: 0 }, "adaptive: min must be a number above 0 and at most 100, not 0"],
    [{ max: 5, min: 6 }, "adaptive: min must be a number above 0 and at most 5, not 6"],
    [{ factor: 1 }, "adaptive: factor must be a number between 0 and 1, not 1"],
    [{ factor: 0 }, "adaptive: factor must be a number between 0 and 1, not 0"],
    [{ recovery: 0 }, "adaptive: recovery must be a number above 0, not 0"],
    [{ recovery: Number.POSITIVE_INFINITY }, "adaptive: recovery must be a number above 0, not Infinity"],
    [{ every: -1 }, "adaptive: every must be a duration that is not negative, not -1"],
    [{ pause: Duration.infinity }, "adaptive: pause must be finite, not Duration(Infinity)"]
  ])("refuses %j where it is made", (options, message) => {
    expect(() => RateLimit.adaptive(options)).toThrow(new RangeError(message))
  })
})

describe("a workspace that others use, too", () => {
  const closing = RateLimit.instantlyQuotas.reduce<RateLimit.RateLimitPolicy>(
    (policy, options) => Schedule.intersect(policy, RateLimit.quota(options)),
    RateLimit.unlimited
  )

  const measured = async (policy: RateLimit.RateLimitPolicy, rest: number, others: number) => {
    const exit = await simulate(share({ policy, rest, others, seconds: 40, seed: 5 }), "1 minute")
    return Exit.isSuccess(exit) ? exit.value : Promise.reject(new Error(String(exit.cause)))
  }

  it("is the same as without, where nobody else sends", async () => {
    expect(await measured(RateLimit.instantly, 0, 0)).toEqual(await measured(closing, 1000, 0))
    const { ofFree, rejected } = await measured(RateLimit.instantly, 0, 0)
    expect(rejected).toBe(0)
    expect(ofFree).toBeGreaterThanOrEqual(0.92)
  })

  it.each([
    [10, 0.03],
    [40, 0.03],
    // nearly all of the limit is used then, so that everybody's requests are rejected now and then
    [70, 0.075]
  ])(
    "with others at %i a second, leaves them more than a gate that closes for a second, and has more",
    async (others, atMost) => {
      const adapting = await measured(RateLimit.instantly, 0, others)
      const closed = await measured(closing, 1000, others)
      expect(adapting.ofFree).toBeGreaterThanOrEqual(0.85)
      expect(adapting.ofFree).toBeGreaterThan(closed.ofFree)
      expect(adapting.rejected).toBeLessThanOrEqual(atMost)
      expect(adapting.rejected).toBeLessThan(closed.rejected)
      expect(adapting.othersRejected).toBeLessThan(closed.othersRejected)
    }
  )
})
