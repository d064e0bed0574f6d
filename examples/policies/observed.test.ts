import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Fiber, LogLevel, Metric, Random, TestClock } from "effect"
import { ApiKeys, Instantly, RateLimit, RetryPolicy } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { logsTo } from "../../test/support/logs.js"
import { failures, observed, observedRate, permits, retries } from "./observed.js"

/** When the attempts of one call arrive, and what it logs, if all attempts but the last are lost. */
const call = (lost: number, policies: Pick<Instantly.Options, "retryPolicy" | "rateLimit">) =>
  Effect.gen(function* () {
    const logged: Array<string> = []
    const start = yield* Clock.currentTimeMillis
    const mock = yield* InstantlyMock.InstantlyMock
    const ours = yield* mock.createApiKey()
    const leaked = yield* mock.createApiKey()
    yield* mock.script(Fault.times(lost, Fault.loseRequest))
    const fiber = yield* Effect.fork(
      Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => Effect.either(apiKeys.delete(leaked.id))).pipe(
        Effect.provide(Instantly.layer({ apiKey: ours.secret, ...policies })),
        Effect.provide(logsTo(logged, LogLevel.Info))
      )
    )
    yield* TestClock.adjust("1 hour")
    yield* Fiber.join(fiber)
    return { logged, times: (yield* mock.arrivals).map(({ at }) => at - start) }
  }).pipe(Effect.withRandom(Random.fixed([1])), Effect.provide(InstantlyMock.layer()))

const counted = Effect.gen(function* () {
  const { occurrences } = yield* Metric.value(failures)
  return {
    lost: occurrences.get("TransportError") ?? 0,
    retries: (yield* Metric.value(retries)).count,
    permits: (yield* Metric.value(permits)).count
  }
})

describe("an observed policy", () => {
  it.effect("logs each retry, and that it gives up", () =>
    Effect.gen(function* () {
      expect((yield* call(2, { retryPolicy: observed })).logged).toEqual([
        "trying again, after waits of 100ms in total",
        "trying again, after waits of 300ms in total"
      ])
      expect((yield* call(9, { retryPolicy: observed })).logged.at(-1)).toBe(
        "giving up, after waits of 1s 500ms in total"
      )
    })
  )

  it.effect("counts errors, retries and permits", () =>
    Effect.gen(function* () {
      const before = yield* counted
      yield* call(3, { retryPolicy: observed, rateLimit: observedRate })
      const after = yield* counted
      expect({
        lost: after.lost - before.lost,
        retries: after.retries - before.retries,
        permits: after.permits - before.permits
      }).toEqual({ lost: 3, retries: 3, permits: 4 })
    })
  )

  it.effect("decides what it would decide without the taps", () =>
    Effect.gen(function* () {
      const watched = yield* call(9, { retryPolicy: observed, rateLimit: observedRate })
      const alone = yield* call(9, { retryPolicy: RetryPolicy.standard, rateLimit: RateLimit.instantly })
      expect(watched.times).toEqual(alone.times)
    })
  )
})
