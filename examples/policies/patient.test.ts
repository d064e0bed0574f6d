import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Random, TestClock } from "effect"
import { ApiKeys, Instantly } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { patient } from "./patient.js"

const unavailable = (retryAfter?: string) =>
  Fault.respond({ status: 503, headers: retryAfter === undefined ? {} : { "retry-after": retryAfter } })

/** Deletes a batch of keys with the policy, in virtual time, while this fault occurs. */
const batch = (size: number, ...scripts: ReadonlyArray<Fault.Script>) =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeMillis
    const mock = yield* InstantlyMock.InstantlyMock
    const ours = yield* mock.createApiKey({ name: "ours" })
    const leaked = yield* Effect.replicateEffect(mock.createApiKey({ name: "leaked" }), size)
    yield* mock.script(...scripts)
    const fiber = yield* Effect.fork(
      Effect.gen(function* () {
        const apiKeys = yield* ApiKeys.ApiKeys
        yield* Effect.forEach(leaked, ({ id }) => Effect.either(apiKeys.delete(id)), { concurrency: 5 })
        return (yield* Clock.currentTimeMillis) - start
      }).pipe(Effect.provide(Instantly.layer({ apiKey: ours.secret, retryPolicy: patient })))
    )
    yield* TestClock.adjust("1 day")
    return { took: yield* Fiber.join(fiber), left: yield* mock.apiKeys, arrivals: yield* mock.arrivals }
  }).pipe(Effect.withRandom(Random.fixed([0.5])), Effect.provide(InstantlyMock.layer()))

describe("patient", () => {
  it.effect("gets a batch through an outage in which each call fails eight times", () =>
    Effect.gen(function* () {
      const { left, took } = yield* batch(5, Fault.times(40, unavailable()))
      expect(left.map(({ name }) => name)).toEqual(["ours"])
      // Half of 500 ms and of 1, 2, 4, 8, 16, 32 and 60 seconds, and the pace of the permits.
      expect(took).toBeGreaterThan(61_000)
      expect(took).toBeLessThan(63_000)
    })
  )

  it.effect("waits as long as Instantly asks, every time", () =>
    Effect.gen(function* () {
      const { left, took } = yield* batch(1, Fault.times(3, unavailable("180")))
      expect(left.map(({ name }) => name)).toEqual(["ours"])
      expect(took).toBe(540_000)
    })
  )

  it.effect("gives up after twelve attempts, or before the waits exceed ten minutes", () =>
    Effect.gen(function* () {
      expect((yield* batch(1, Fault.always(Fault.loseRequest))).arrivals).toHaveLength(12)
      const asked = yield* batch(1, Fault.always(unavailable("240")))
      expect(asked.arrivals).toHaveLength(3)
      expect(asked.took).toBe(480_000)
    })
  )
})
