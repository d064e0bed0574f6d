import { describe, expect, it } from "@effect/vitest"
import { Effect, FastCheck, Fiber, Layer, Random, Ref, TestClock } from "effect"
import { ApiKeys, Instantly, RetryPolicy } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { lawOfSteps } from "../../test/support/laws.js"
import { permitTimes } from "../timelines/stepping.js"
import { byDayAndNight, changing, LiveSettings, live, whileRetrying } from "./live-settings.js"

interface Settings {
  readonly retrying: boolean
  readonly perSecond: number
}

/** Ten deletions, one after another. At this time the settings change from the first to the second. */
const arrivals = (
  changeAt: number,
  [first, second]: readonly [Settings, Settings],
  ...scripts: ReadonlyArray<Fault.Script>
) =>
  Effect.gen(function* () {
    const settings = yield* Ref.make(first)
    const Settings = Layer.succeed(LiveSettings, {
      retrying: Effect.map(Ref.get(settings), ({ retrying }) => retrying),
      perSecond: Effect.map(Ref.get(settings), ({ perSecond }) => perSecond)
    })
    const mock = yield* InstantlyMock.InstantlyMock
    const ours = yield* mock.createApiKey()
    const keys = yield* Effect.replicateEffect(mock.createApiKey(), 10)
    yield* mock.script(...scripts)
    const fiber = yield* Effect.fork(
      Effect.forEach(keys, ({ id }) => Effect.either(ApiKeys.delete(id))).pipe(
        RetryPolicy.withRetryPolicy(whileRetrying),
        // The gate takes the service where it is built, and the calls take it where their policy is set.
        Effect.provide(Layer.provideMerge(Instantly.layer({ apiKey: ours.secret, rateLimit: live }), Settings))
      )
    )
    yield* TestClock.adjust(changeAt)
    yield* Ref.set(settings, second)
    yield* TestClock.adjust("1 hour")
    yield* Fiber.join(fiber)
    return (yield* mock.arrivals).map(({ at }) => at)
  }).pipe(Effect.withRandom(Random.fixed([1])), Effect.provide(InstantlyMock.layer()))

const usual: Settings = { retrying: true, perSecond: 100 }

describe("a policy that reads a service", () => {
  it.effect("spaces requests as the service says at that moment", () =>
    Effect.gen(function* () {
      const slow: Settings = { retrying: true, perSecond: 2 }
      expect(yield* arrivals(4500, [slow, usual])).toEqual([0, 1050, 2100, 3150, 4200, 5250, 5261, 5272, 5283, 5294])
    })
  )

  it.effect("stops retrying when the service says so", () =>
    Effect.gen(function* () {
      const down = Fault.always(Fault.respond({ status: 503 }))
      // Five attempts until 1,500 ms; four, the last of them at 2,200 ms; one for each of the other eight.
      const times = yield* arrivals(2000, [usual, { ...usual, retrying: false }], down)
      expect(times).toHaveLength(5 + 4 + 8)
    })
  )
})

describe("a quota that changes", () => {
  it.effect("follows the hour", () =>
    Effect.gen(function* () {
      const gap = Effect.map(permitTimes(byDayAndNight, 100, 2), ([, second]) => second)
      yield* TestClock.setTime(Date.UTC(2026, 0, 1, 12))
      expect(yield* gap).toBe(37)
      yield* TestClock.setTime(Date.UTC(2026, 0, 1, 23))
      expect(yield* gap).toBe(18)
    })
  )

  const limits = FastCheck.integer({ min: 2, max: 60 })
  lawOfSteps(
    "lets no second hold more than the larger of the limits that it had",
    FastCheck.array(limits, { minLength: 1, maxLength: 200, size: "max" }),
    (each) =>
      Effect.gen(function* () {
        const next = yield* Ref.make(0)
        const limit = Effect.map(
          Ref.getAndUpdate(next, (index) => index + 1),
          (index) => each[index] ?? 2
        )
        const times = yield* permitTimes(changing(limit), Number.POSITIVE_INFINITY, each.length)
        times.forEach((from, index) => {
          const within = times.slice(index).filter((at) => at <= from + 1050).length
          expect(within).toBeLessThanOrEqual(Math.max(...each.slice(index, index + within)))
        })
      })
  )
})
