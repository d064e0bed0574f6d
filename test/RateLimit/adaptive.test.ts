import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Exit, ScheduleDecision, ScheduleIntervals } from "effect"
import { RateLimit } from "effect-instantly"
import { share, type Workspace } from "../../examples/simulate/sharing.js"
import { noFeedback, walk } from "../../examples/timelines/stepping.js"
import { simulate } from "../support/simulation.js"

const throttled = { ...noFeedback, throttled: 1 }

/** The pace after each of these, and the wait; between them somebody is always waiting, or this many milliseconds pass. */
const steps = (
  options: RateLimit.AdaptiveOptions,
  feedback: ReadonlyArray<RateLimit.Feedback>,
  between: (index: number) => number = () => 0
) =>
  Effect.map(walk(RateLimit.adaptive(options), feedback, between), (all) =>
    all.map(({ out, wait }) => [Number(out.toFixed(2)), wait])
  )

const times = <A>(n: number, value: A) => Array.from({ length: n }, () => value)

describe("adaptive", () => {
  it.effect("asks for no wait until the first 429", () =>
    Effect.gen(function* () {
      expect(yield* steps({}, [noFeedback, { ...noFeedback, admitted: 5 }])).toEqual([
        [100, 0],
        [100, 0]
      ])
    })
  )

  it.effect("steps down from its pace after a 429, and holds the next permit", () =>
    Effect.gen(function* () {
      const options = { max: 4, factor: 0.5, pause: "600 millis" } as const
      expect((yield* steps(options, [...times(9, noFeedback), throttled])).at(-1)).toEqual([2, 600])
      expect((yield* steps({ ...options, pause: 0 }, [...times(9, noFeedback), throttled])).at(-1)).toEqual([2, 500])
    })
  )

  it.effect("steps down from the permits of the last second, where those are fewer", () =>
    Effect.gen(function* () {
      // eight permits, 200 milliseconds apart: the last second holds five of them
      const slower = yield* steps({ factor: 0.5 }, [...times(7, noFeedback), throttled], () => 200)
      expect(slower.at(-1)).toEqual([2.5, 400])
    })
  )

  it.effect("reduces its pace once in its time, however many 429s there are", () =>
    Effect.gen(function* () {
      const options = { max: 4, factor: 0.5, every: "1 second", pause: "500 millis" } as const
      const feedback = [...times(9, noFeedback), { ...throttled, throttled: 9 }, throttled, throttled]
      // at 0, 500 and 1000: in between it has grown
      expect((yield* steps(options, feedback)).slice(9)).toEqual([
        [2, 500],
        [3.29, 500],
        [1.93, 519]
      ])
    })
  )

  it.effect("goes no lower than its least", () =>
    Effect.gen(function* () {
      const options = { max: 4, min: 3, factor: 0.5, every: 0, pause: 0 } as const
      expect(yield* steps(options, [throttled, throttled])).toEqual([
        [3, 334],
        [3, 334]
      ])
    })
  )

  it.effect("comes back fast to where the 429s came, slowly there, then faster again, up to its most", () =>
    Effect.gen(function* () {
      /** The pace so many seconds after a 429 at 80 permits in a second. */
      const after = (seconds: number) =>
        Effect.map(
          steps({ factor: 0.5, pause: 0 }, [...times(80, noFeedback), throttled, noFeedback], (index) =>
            // a wait of the pace is part of the time
            index === 0 ? 0 : index < 81 ? 1 : seconds * 1000 - Math.ceil(1000 / 40)
          ),
          (all) => all.at(-1)?.[0] ?? Number.NaN
        )
      // W(t) = 0.4 (t - K)³ + 80, with K = ³√(80 × 0.5 / 0.4) = 4.64
      const expected = (seconds: number) => 0.4 * (seconds - Math.cbrt(100)) ** 3 + 80
      for (const seconds of [1, 2, 4, 5, 6, 8]) {
        expect(yield* after(seconds)).toBeCloseTo(Math.min(100, expected(seconds)), 1)
      }
      expect(yield* after(9)).toBe(100)
    })
  )

  it.effect("makes up for a permit that was late, by an interval at most", () =>
    Effect.gen(function* () {
      const options = { max: 20, min: 10, factor: 0.5, pause: 0 } as const
      const late = [0, 50, 250, 0]
      const feedback = [throttled, noFeedback, noFeedback, noFeedback]
      const each = yield* walk(RateLimit.adaptive(options), feedback, (index) => late[index] ?? 0)
      expect(each.map(({ at, wait }) => [at, at + wait])).toEqual([
        [0, 100],
        [150, 200],
        [450, 450],
        [450, 550]
      ])
    })
  )

  it.effect("is not affected by a clock that is set back", () =>
    Effect.gen(function* () {
      const policy = RateLimit.adaptive({ max: 20, min: 10, factor: 0.5, pause: 0 })
      const [state] = yield* policy.step(10_000, throttled, policy.initial)
      const [, pace, decision] = yield* policy.step(2000, noFeedback, state)
      expect(pace).toBe(10)
      expect(ScheduleDecision.isContinue(decision) && ScheduleIntervals.start(decision.intervals)).toBe(2100)
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
    [{ every: -1 }, "adaptive: every must be a duration that is not negative, not -1"],
    [{ pause: Duration.infinity }, "adaptive: pause must be finite, not Duration(Infinity)"]
  ])("refuses %j where it is made", (options, message) => {
    expect(() => RateLimit.adaptive(options)).toThrow(new RangeError(message))
  })
})

describe("a workspace that others use, too", () => {
  const measured = async (workspace: Pick<Workspace, "others"> & Partial<Workspace>) => {
    const exit = await simulate(share({ policy: RateLimit.instantly, seconds: 40, seed: 5, ...workspace }), "2 minutes")
    return Exit.isSuccess(exit) ? exit.value : Promise.reject(new Error(String(exit.cause)))
  }

  /** Of three runs the one in the middle, for each of the shares. */
  const median = async (workspace: Pick<Workspace, "others"> & Partial<Workspace>) => {
    const all = [await measured(workspace)]
    for (const seed of [1, 3]) all.push(await measured({ ...workspace, seed }))
    const middle = (values: ReadonlyArray<number>) => [...values].sort((a, b) => a - b)[1] ?? Number.NaN
    return {
      ofFree: middle(all.map(({ ofFree }) => ofFree)),
      rejected: middle(all.map(({ rejected }) => rejected)),
      othersRejected: middle(all.map(({ othersRejected }) => othersRejected))
    }
  }

  it("is the same as without, where nobody else sends", async () => {
    const alone = await measured({ others: 0 })
    expect(alone).toEqual(await measured({ others: 0, yields: false }))
    expect(alone.rejected).toBe(0)
    expect(alone.ofFree).toBeGreaterThanOrEqual(0.92)
  })

  it.each([
    [10, 0.85, 0.015],
    [40, 0.82, 0.025],
    // nearly all of the limit is used then, so that everybody's requests are rejected now and then
    [70, 0.8, 0.055]
  ])(
    "with others at %i a second, is shared: we have most of what is free, and few are rejected",
    async (others, atLeast, atMost) => {
      const yielding = await median({ others })
      expect(yielding.ofFree).toBeGreaterThanOrEqual(atLeast)
      expect(yielding.rejected).toBeLessThanOrEqual(atMost)
      const stubborn = await measured({ others, yields: false })
      expect(yielding.othersRejected).toBeLessThan(stubborn.othersRejected / 2)
    }
  )

  it("has few of ours rejected with a quota of half the limit beside 70 a second", async () => {
    const policy = RateLimit.quota({ limit: 50, window: "1 second", burst: 2, jitter: "50 millis" })
    expect((await median({ policy, others: 70 })).rejected).toBeLessThanOrEqual(0.05)
  })

  it.each([40, 50, 70])(
    "is ours again within eight seconds after others at %i a second have stopped",
    async (others) => {
      const { admittedBySecond } = await measured({ others, othersUntil: 30 })
      expect(Math.max(...admittedBySecond.slice(30, 38))).toBeGreaterThanOrEqual(88)
    }
  )
})
