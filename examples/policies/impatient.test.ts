import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Random, TestClock } from "effect"
import { ApiKeys, Instantly } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { forRequests } from "./impatient.js"

/** How and when a deletion ends while this fault occurs. */
const deleteWhile = (...scripts: ReadonlyArray<Fault.Script>) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const ours = yield* mock.createApiKey()
    const leaked = yield* mock.createApiKey()
    yield* mock.script(...scripts)
    const fiber = yield* Effect.fork(
      Effect.gen(function* () {
        const apiKeys = yield* ApiKeys.ApiKeys
        const end = yield* Effect.match(apiKeys.delete(leaked.id), {
          onSuccess: () => "deleted",
          onFailure: ({ _tag, outcome }) => `${_tag}, ${outcome}`
        })
        return { end, at: yield* Clock.currentTimeMillis }
      }).pipe(Effect.provide(Instantly.layer({ apiKey: ours.secret, ...forRequests })))
    )
    yield* TestClock.adjust("1 hour")
    return { ...(yield* Fiber.join(fiber)), attempts: (yield* mock.arrivals).length }
  }).pipe(Effect.withRandom(Random.fixed([1])), Effect.provide(InstantlyMock.layer()))

describe("impatient", () => {
  it.effect("tries again after a lost connection", () =>
    Effect.gen(function* () {
      const lost = Fault.times(2, Fault.loseRequest)
      expect(yield* deleteWhile(lost)).toEqual({ end: "deleted", at: 150, attempts: 3 })
    })
  )

  it.effect("makes at most three attempts if the server fails", () =>
    Effect.gen(function* () {
      const failing = Fault.always(Fault.respond({ status: 503 }))
      expect(yield* deleteWhile(failing)).toEqual({ end: "ServerError, Unknown", at: 150, attempts: 3 })
    })
  )

  it.effect("ends at once if Instantly asks for a longer wait than its budget", () =>
    Effect.gen(function* () {
      const throttled = Fault.always(Fault.respond({ status: 429, headers: { "retry-after": "5" } }))
      expect(yield* deleteWhile(throttled)).toEqual({ end: "TooManyRequests, NotApplied", at: 0, attempts: 1 })
    })
  )

  it.effect("ends within two seconds if there is no response, and says that the outcome is unknown", () =>
    Effect.gen(function* () {
      const hanging = Fault.always(Fault.swallowRequest)
      expect(yield* deleteWhile(hanging)).toEqual({ end: "TransportError, Unknown", at: 2000, attempts: 3 })
    })
  )
})
