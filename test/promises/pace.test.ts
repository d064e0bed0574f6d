/** Many deletions at once, with the default policies, against the double that counts as Instantly does, in virtual time. */
import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Exit } from "effect"
import { ApiKeys, Instantly } from "effect-instantly"
import { InstantlyMock } from "effect-instantly/testing"
import { scaled } from "../support/histories.js"
import { simulate } from "../support/simulation.js"

const many = scaled(10_000)

const deleteAll = Effect.gen(function* () {
  const mock = yield* InstantlyMock.InstantlyMock
  const caller = yield* mock.createApiKey()
  const keys = yield* Effect.replicateEffect(mock.createApiKey(), many)
  yield* Effect.gen(function* () {
    const apiKeys = yield* ApiKeys.ApiKeys
    yield* Effect.forEach(keys, ({ id }) => apiKeys.delete(id), { concurrency: "unbounded", discard: true })
  }).pipe(Effect.provide(Instantly.layer({ apiKey: caller.secret })))
  return {
    seconds: (yield* Clock.currentTimeMillis) / 1000,
    arrivals: yield* mock.arrivals,
    left: (yield* mock.apiKeys).length,
    second: yield* mock.worstWindow("1 second"),
    minute: yield* mock.worstWindow("1 minute")
  }
}).pipe(Effect.provide(InstantlyMock.layer()))

describe(`${many} deletes at once`, () => {
  it("take at most a tenth longer than the limit requires, and all are admitted the first time", async () => {
    const { arrivals, left, minute, second, seconds } = Exit.getOrElse(
      await simulate(deleteAll, "10 minutes"),
      (cause) => {
        throw new Error(String(cause))
      }
    )
    expect(seconds).toBeLessThanOrEqual((1.1 * many) / 100)
    expect(arrivals).toHaveLength(many)
    expect(arrivals.every(({ applied }) => applied)).toBe(true)
    expect(left).toBe(1)
    expect(second).toBeLessThanOrEqual(100)
    expect(minute).toBeLessThanOrEqual(6000)
  })
})
