import { describe, expect, it } from "@effect/vitest"
import { type Duration, Effect, Fiber, Layer, Random, Ref, TestClock } from "effect"
import { ApiKeys, InstantlyClient, RateLimit, RetryPolicy } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { LiveSettings, spacedLive, whileRetrying } from "./live-settings.js"

/** Ten deletions, one after another. At this time the settings change from the first to the second. */
const arrivals = (
  changeAt: number,
  [first, second]: readonly [Settings, Settings],
  ...scripts: ReadonlyArray<Fault.Script>
) =>
  Effect.gen(function* () {
    const settings = yield* Ref.make(first)
    const Live = Layer.succeed(LiveSettings, {
      retrying: Effect.map(Ref.get(settings), ({ retrying }) => retrying),
      spacing: Effect.map(Ref.get(settings), ({ spacing }) => spacing)
    })
    const mock = yield* InstantlyMock.InstantlyMock
    const ours = yield* mock.createApiKey()
    const keys = yield* Effect.replicateEffect(mock.createApiKey(), 10)
    yield* mock.script(...scripts)
    // The gate takes the service where it is built, and the calls take it where their policy is set.
    const Client = ApiKeys.layer.pipe(
      Layer.provide(InstantlyClient.layer({ apiKey: ours.secret })),
      Layer.provide(RateLimit.layer(spacedLive, { rest: 0 }))
    )
    const fiber = yield* Effect.fork(
      Effect.gen(function* () {
        const apiKeys = yield* ApiKeys.ApiKeys
        yield* Effect.forEach(keys, ({ id }) => Effect.either(apiKeys.delete(id)))
      }).pipe(RetryPolicy.withRetryPolicy(whileRetrying), Effect.provide(Layer.provideMerge(Client, Live)))
    )
    yield* TestClock.adjust(changeAt)
    yield* Ref.set(settings, second)
    yield* TestClock.adjust("1 hour")
    yield* Fiber.join(fiber)
    return (yield* mock.arrivals).map(({ at }) => at)
  }).pipe(Effect.withRandom(Random.fixed([1])), Effect.provide(InstantlyMock.layer()))

interface Settings {
  readonly retrying: boolean
  readonly spacing: Duration.DurationInput
}

const usual: Settings = { retrying: true, spacing: 0 }

describe("a policy that needs a service", () => {
  it.effect("spaces requests as the service says at that moment", () =>
    Effect.gen(function* () {
      const slow: Settings = { retrying: true, spacing: "1 second" }
      expect(yield* arrivals(4500, [slow, usual])).toEqual([0, 1000, 2000, 3000, 4000, 5000, 5000, 5011, 5022, 5033])
    })
  )

  it.effect("stops retrying when the service says so", () =>
    Effect.gen(function* () {
      const down = Fault.always(Fault.respond({ status: 503 }))
      // Five attempts until 1,500 ms; four, the last of them at 2,200 ms; one for each of the other eight.
      const times = yield* arrivals(2000, [usual, { retrying: false, spacing: 0 }], down)
      expect(times).toHaveLength(5 + 4 + 8)
    })
  )
})
