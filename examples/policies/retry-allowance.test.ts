import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Either, Exit, Layer, TestClock } from "effect"
import { ApiKeys, Instantly, RateLimit, RetryPolicy } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { scaled } from "../../test/support/histories.js"
import { simulate } from "../../test/support/simulation.js"
import { layer, RetryAllowance, standardWithinAllowance } from "./retry-allowance.js"

/** Runs an effect against a double in virtual time. `TestClock` would take a minute for 10,000 calls. */
const inVirtualTime = async <A, E>(effect: Effect.Effect<A, E, Layer.Layer.Success<typeof double>>) =>
  Exit.getOrElse(await simulate(Effect.provide(effect, double), "1 hour"), (cause) => {
    throw new Error(String(cause))
  })

const double = InstantlyMock.layer({ limits: [] })

/** Deletes this many keys, a hundred at a time, and counts what arrives. */
const deleteAll = (count: number, policy: RetryPolicy.RetryPolicy<RetryAllowance>, script: Fault.Script) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const ours = yield* mock.createApiKey()
    const keys = yield* Effect.replicateEffect(mock.createApiKey(), count)
    yield* mock.script(script)
    return yield* Effect.gen(function* () {
      const apiKeys = yield* ApiKeys.ApiKeys
      const results = yield* Effect.forEach(keys, ({ id }) => Effect.either(apiKeys.delete(id)), { concurrency: 100 })
      return {
        deleted: results.filter(Either.isRight).length,
        took: yield* Clock.currentTimeMillis,
        arrivals: (yield* mock.arrivals).length
      }
    }).pipe(
      RetryPolicy.withRetryPolicy(policy),
      Effect.provide(
        Layer.merge(
          layer({ size: 30, refill: "1 second" }),
          Instantly.layer({ apiKey: ours.secret, rateLimit: RateLimit.unlimited })
        )
      )
    )
  })

const outage = Fault.always(Fault.delayRequest("10 millis").pipe(Fault.and(Fault.respond({ status: 503 }))))

/** All of 10,000 where `CI` is set. */
const many = scaled(10_000)

describe("a retry allowance", () => {
  it(`spends a few dozen retries on ${many} deletes in an outage, and then fails at once`, async () => {
    const { arrivals, deleted, took } = await inVirtualTime(deleteAll(many, standardWithinAllowance, outage))
    expect(deleted).toBe(0)
    // Thirty, and one more each second.
    expect(arrivals).toBeGreaterThanOrEqual(many + 30)
    expect(arrivals).toBeLessThanOrEqual(many + 30 + Math.ceil(took / 1000))
    // Batches of a hundred, which fail after 10 ms each, and the retries of the last one.
    expect(took).toBeLessThan(3000)
  }, 3_600_000)

  it("is needed: without it each of them arrives five times", async () => {
    expect((await inVirtualTime(deleteAll(200, RetryPolicy.standard, outage))).arrivals).toBe(1000)
  })

  it("changes nothing if few calls fail", async () => {
    const few = Fault.times(20, Fault.loseRequest)
    expect(await inVirtualTime(deleteAll(200, standardWithinAllowance, few))).toMatchObject({
      arrivals: 220,
      deleted: 200
    })
  })

  it.effect("refills with time, up to its size", () =>
    Effect.gen(function* () {
      const taken = (times: number) =>
        Effect.flatMap(RetryAllowance, ({ take }) => Effect.replicateEffect(take, times)).pipe(
          Effect.map((all) => all.filter((token) => token).length)
        )
      expect(yield* taken(9)).toBe(4)
      yield* TestClock.adjust("59 seconds")
      expect(yield* taken(9)).toBe(0)
      yield* TestClock.adjust("1 second")
      expect(yield* taken(9)).toBe(1)
      yield* TestClock.adjust("1 hour")
      expect(yield* taken(9)).toBe(4)
    }).pipe(Effect.provide(layer({ size: 4, refill: "1 minute" })))
  )
})
