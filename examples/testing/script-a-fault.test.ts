/**
 * Script a fault: the next request, the n-th, those for an id, or a share of all requests fail as networks do, before or
 * after Instantly has acted. Time is virtual, so a test of a minute's wait takes no time.
 */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { Instantly } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { offboard } from "./offboarding.js"

/** Offboards a client whose key exists, while these faults occur. */
const offboardWhile = (...scripts: ReadonlyArray<Fault.Script>) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const ours = yield* mock.createApiKey({ name: "ours" })
    const theirs = yield* mock.createApiKey({ name: "the client's" })
    yield* mock.script(...scripts)
    const fiber = yield* Effect.fork(offboard(theirs.id).pipe(Effect.provide(Instantly.layer({ apiKey: ours.secret }))))
    yield* TestClock.adjust("1 hour")
    return {
      said: yield* Fiber.join(fiber),
      deleted: (yield* mock.apiKeys).length === 1,
      requests: (yield* mock.arrivals).length
    }
  }).pipe(Effect.provide(InstantlyMock.layer()))

describe("offboard", () => {
  it.effect("tries again after a connection that is lost before Instantly acts", () =>
    Effect.gen(function* () {
      expect(yield* offboardWhile(Fault.next(Fault.loseRequest))).toEqual({ said: "gone", deleted: true, requests: 2 })
    })
  )

  it.effect("says to check again after a connection that is lost after Instantly has acted", () =>
    Effect.gen(function* () {
      const lost = Fault.next(Fault.loseResponse)
      expect(yield* offboardWhile(lost)).toEqual({ said: "check again", deleted: true, requests: 2 })
    })
  )

  it.effect("says to check again after a response that comes too late", () =>
    Effect.gen(function* () {
      const late = Fault.next(Fault.delayResponse("20 seconds"))
      expect(yield* offboardWhile(late)).toEqual({ said: "check again", deleted: true, requests: 2 })
    })
  )

  it.effect("does not wait for ever while Instantly is down", () =>
    Effect.gen(function* () {
      const down = Fault.always(Fault.respond({ status: 503 }))
      expect(yield* offboardWhile(down)).toEqual({ said: "check again", deleted: false, requests: 5 })
    })
  )
})
