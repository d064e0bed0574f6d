import { describe, expect, it } from "@effect/vitest"
import { Context, Effect, Layer, Logger, Ref } from "effect"
import { RateLimit } from "effect-instantly"
import { nothingHeard, walk } from "../../examples/timelines/stepping.js"

/** When permits are given while somebody always waits: the quota is asked for at each. */
const times = (quotas: ReadonlyArray<RateLimit.QuotaOptions>) =>
  Effect.gen(function* () {
    const asked = yield* Ref.make(0)
    const next = Effect.map(
      Ref.getAndUpdate(asked, (n) => n + 1),
      (index) => quotas[index] ?? { limit: Number.NaN, window: 0 }
    )
    const steps = yield* walk(
      RateLimit.dynamic(next),
      quotas.map(() => nothingHeard)
    )
    return steps.map(({ at, wait }) => at + wait)
  })

const repeated = (times: number, quota: RateLimit.QuotaOptions) => Array.from({ length: times }, () => quota)

const slow: RateLimit.QuotaOptions = { limit: 2, window: "1 second" }
const fast: RateLimit.QuotaOptions = { limit: 11, window: "1 second" }

describe("dynamic", () => {
  it.effect("is the quota that it is told, as long as it stays the same", () =>
    Effect.gen(function* () {
      const quota: RateLimit.QuotaOptions = { limit: 10, window: "1 second", burst: 5, jitter: "100 millis" }
      const fixed = yield* walk(RateLimit.quota(quota), repeated(20, quota))
      expect(yield* times(repeated(20, quota))).toEqual(fixed.map(({ at, wait }) => at + wait))
    })
  )

  it.effect("follows a change from the next permit on", () =>
    Effect.gen(function* () {
      expect(yield* times([slow, slow, fast, fast, slow])).toEqual([1000, 2000, 2100, 2200, 3200])
    })
  )

  it.effect("begins a new quota with its burst spent, and with what the old burst was larger", () =>
    Effect.gen(function* () {
      const burst = (n: number): RateLimit.QuotaOptions => ({ limit: 10 + n, window: "1 second", burst: n })
      // from 1 to 5: no burst yet
      expect(yield* times([burst(1), burst(5), burst(5)])).toEqual([100, 200, 300])
      // from 5 to 1: the four that are more wait, too
      expect(yield* times([burst(5), burst(1), burst(1)])).toEqual([0, 500, 600])
    })
  )

  it.effect("takes another window for a change, too", () =>
    Effect.gen(function* () {
      expect(yield* times([slow, { ...slow, window: "3 seconds" }])).toEqual([1000, 4000])
    })
  )

  it.effect("keeps the last good value while it is told wrong ones, and logs the first of them", () =>
    Effect.gen(function* () {
      const logged: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => void logged.push(`${logLevel.label} ${message}`))
      const wrong: RateLimit.QuotaOptions = { limit: -1, window: "1 second" }
      const all = yield* Effect.provide(
        times([fast, wrong, wrong, fast, wrong]),
        Logger.replace(Logger.defaultLogger, logger)
      )
      expect(all).toEqual([100, 200, 300, 400, 500])
      const says =
        "WARN RateLimit.dynamic was given a wrong quota, and keeps the last good one. RangeError: quota: limit must be a whole number of at least 1, not -1"
      expect(logged).toEqual([says, says])
    })
  )

  it.effect("gives a permit a second until it is told a right value", () =>
    Effect.gen(function* () {
      const wrong: RateLimit.QuotaOptions = { limit: 0.5, window: "1 second" }
      expect(yield* times([wrong, wrong, fast, fast])).toEqual([1000, 2000, 2100, 2200])
    }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger)))
  )

  it.effect("can ask a service, which is taken where the gate is made", () =>
    Effect.gen(function* () {
      class Limit extends Context.Tag("test/Limit")<Limit, Effect.Effect<RateLimit.QuotaOptions>>() {}
      const gate = RateLimit.layer(RateLimit.dynamic(Effect.flatten(Limit))).pipe(
        Layer.provide(Layer.succeed(Limit, Effect.succeed(fast)))
      )
      yield* Effect.provide(
        Effect.flatMap(RateLimit.RateLimit, ({ acquire }) => acquire),
        gate
      )
    })
  )
})
