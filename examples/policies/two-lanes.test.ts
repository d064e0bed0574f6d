import { describe, expect, it } from "@effect/vitest"
import { Clock, Duration, Effect, Exit, Fiber, Layer, Option, Schedule, TestClock } from "effect"
import { ApiKeys, Instantly, RateLimit } from "effect-instantly"
import { InstantlyMock } from "effect-instantly/testing"
import { simulate } from "../../test/support/simulation.js"
import { Lanes, lane, layer } from "./two-lanes.js"

/** Who got a permit when, over a minute. Each caller comes at a time, in one of the lanes. */
const permits = (callers: ReadonlyArray<readonly [lane: "interactive" | "batch", at: number]>) =>
  Effect.gen(function* () {
    const lanes = yield* Lanes
    const given: Array<string> = []
    const fiber = yield* Effect.fork(
      Effect.forEach(
        callers,
        ([name, at]) =>
          Effect.gen(function* () {
            yield* Effect.sleep(at)
            yield* lanes[name].acquire
            given.push(`${name} ${yield* Clock.currentTimeMillis}`)
          }),
        { concurrency: "unbounded", discard: true }
      )
    )
    yield* TestClock.adjust("1 minute")
    yield* Fiber.join(fiber)
    return given
  })

const oneASecond = layer(Schedule.spaced("1 second"))

describe("two lanes", () => {
  it.effect("let interactive callers go first, but for the batch caller that is at the gate", () =>
    Effect.gen(function* () {
      const callers = [
        ...Array.from({ length: 4 }, () => ["batch", 0] as const),
        ...Array.from({ length: 3 }, () => ["interactive", 500] as const)
      ]
      expect(yield* permits(callers)).toEqual([
        "batch 0",
        "batch 1000",
        "interactive 2000",
        "interactive 3000",
        "interactive 4000",
        "batch 5000",
        "batch 6000"
      ])
    }).pipe(Effect.provide(oneASecond))
  )

  it.effect("let a batch caller go on when an interactive one gives up", () =>
    Effect.gen(function* () {
      const lanes = yield* Lanes
      yield* lanes.interactive.acquire
      const interactive = yield* Effect.fork(lanes.interactive.acquire)
      yield* TestClock.adjust("100 millis")
      const batch = yield* Effect.fork(Effect.zipRight(lanes.batch.acquire, Clock.currentTimeMillis))
      yield* TestClock.adjust("100 millis")
      yield* Fiber.interrupt(interactive)
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(batch)).toBe(1000)
    }).pipe(Effect.provide(oneASecond))
  )

  it.effect("are closed together by a 429 of either", () =>
    Effect.gen(function* () {
      const lanes = yield* Lanes
      yield* lanes.batch.observe({ status: 429, retryAfter: Option.some(Duration.seconds(1)) })
      expect(yield* permits([["interactive", 0]])).toEqual(["interactive 1000"])
    }).pipe(Effect.provide(layer(RateLimit.unlimited)))
  )

  it("keep two clients within the limit of their workspace, and the interactive one is soon done", async () => {
    const deletions = Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const ours = yield* mock.createApiKey()
      const client = (name: "interactive" | "batch", count: number) =>
        Effect.gen(function* () {
          const keys = yield* Effect.replicateEffect(mock.createApiKey(), count)
          const apiKeys = yield* ApiKeys.ApiKeys
          yield* Effect.forEach(keys, ({ id }) => apiKeys.delete(id), { concurrency: 20, discard: true })
          return yield* Clock.currentTimeMillis
        }).pipe(Effect.provide(Instantly.layer({ apiKey: ours.secret, gate: lane(name) })))
      const [batch, interactive] = yield* Effect.all([client("batch", 120), client("interactive", 30)], {
        concurrency: "unbounded"
      })
      return { batch, interactive, sent: yield* mock.arrivals, worstSecond: yield* mock.worstWindow("1 second") }
    }).pipe(Effect.provide(Layer.merge(InstantlyMock.layer(), layer(RateLimit.instantly))))
    const { batch, interactive, sent, worstSecond } = Exit.getOrElse(await simulate(deletions, "1 minute"), (cause) => {
      throw new Error(String(cause))
    })
    // 30 permits take 0.32 seconds, and 150 take 1.6
    expect(interactive).toBeLessThan(360)
    expect(batch).toBeGreaterThan(1500)
    expect(batch).toBeLessThan(1700)
    expect(worstSecond).toBeLessThanOrEqual(100)
    expect(sent).toHaveLength(150)
  })
})
