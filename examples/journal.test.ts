import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Fiber, Schedule, Stream } from "effect"
import { Instantly } from "effect-instantly"
import { Fault, InstantlyMock, VirtualTime } from "effect-instantly/testing"
import { tables } from "../test/support/passes.js"
import { guarded, take } from "./fence.js"
import { resume } from "./journal.js"

const withKeys = Effect.gen(function* () {
  const mock = yield* InstantlyMock.InstantlyMock
  const caller = yield* mock.createApiKey({ scopes: ["api_keys:delete"] })
  const keys = yield* Effect.replicateEffect(mock.createApiKey(), 10)
  const ids = keys.map(({ id }) => id)
  const client = Instantly.layer({
    apiKey: caller.secret,
    rateLimit: Schedule.spaced("1 second"),
    transformClient: guarded
  })
  /** A pass over what is left of the run, as a new process would begin it. */
  const pass = Stream.unwrap(Effect.map(take("offboarding"), (pass) => resume(pass, ids))).pipe(
    Stream.provideSomeLayer(client)
  )
  return { mock, pass, sentAt: Effect.map(mock.arrivals, (arrivals) => arrivals.map(({ at }) => at)) }
})

describe("examples/journal.ts", () => {
  it.live("a run that is killed is resumed, and says of the key in between that it most likely deleted it", () =>
    Effect.gen(function* () {
      const { mock, pass } = yield* withKeys
      // The key is gone, and the run is killed before it gets the response.
      yield* mock.script(Fault.nth(4, Fault.swallowResponse))
      const first = yield* Effect.fork(Stream.runDrain(pass))
      yield* Effect.sleep("5 seconds")
      yield* Fiber.interrupt(first)
      const receipts = Chunk.toReadonlyArray(yield* Stream.runCollect(pass))
      expect(receipts.map((receipt) => [receipt._tag, receipt._tag === "NotFound" && receipt.outcome])).toContainEqual([
        "NotFound",
        "Unknown"
      ])
      expect(receipts.filter((receipt) => receipt._tag === "NotFound" && receipt.outcome !== "Unknown")).toEqual([])
      expect(yield* mock.apiKeys).toHaveLength(1)
      expect(yield* Stream.runCount(pass)).toBe(0)
    }).pipe(Effect.provide([InstantlyMock.layer(), tables().live]), VirtualTime.run)
  )

  it.live("sends nothing that cannot be written down before", () =>
    Effect.gen(function* () {
      const { pass, sentAt } = yield* withKeys
      const error = yield* Effect.flip(Stream.runDrain(pass))
      expect(error._tag === "DatabaseError" && error.message).toBe("the disk is full")
      expect(yield* sentAt).toEqual([])
    }).pipe(Effect.provide([InstantlyMock.layer(), tables({ longest: 0 }).live]), VirtualTime.run)
  )

  it.live("a pass that is superseded sends none of the ids that it had begun", () =>
    Effect.gen(function* () {
      const { mock, pass, sentAt } = yield* withKeys
      // Nothing is written, so only the requests can notice.
      yield* mock.script(Fault.always(Fault.swallowResponse))
      const first = yield* Effect.fork(Effect.flip(Stream.runDrain(pass)))
      yield* Effect.sleep("1 second")
      yield* Effect.fork(take("offboarding"))
      expect((yield* Fiber.join(first))._tag).toBe("Superseded")
      expect(yield* sentAt).toEqual([0, 1000, 2000])
    }).pipe(Effect.provide([InstantlyMock.layer(), tables().live]), VirtualTime.run)
  )
})
