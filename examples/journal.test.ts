import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Fiber, Layer, Schedule, Stream } from "effect"
import { Instantly } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { DatabaseError, Entries, resume } from "./journal.js"

/** A table in memory, which outlives the runs. */
const table = (longest = Number.POSITIVE_INFINITY) => {
  const rows: Array<readonly [run: string, entry: string]> = []
  return Layer.succeed(Entries, {
    insert: (run, entry) =>
      rows.length < longest
        ? Effect.sync(() => void rows.push([run, entry]))
        : Effect.fail(new DatabaseError({ reason: "the disk is full" })),
    select: (run) => Effect.sync(() => rows.filter(([of]) => of === run).map(([, entry]) => entry))
  })
}

const withKeys = Effect.gen(function* () {
  const mock = yield* InstantlyMock.InstantlyMock
  const caller = yield* mock.createApiKey({ scopes: ["api_keys:delete"] })
  const keys = yield* Effect.forEach(Array.from({ length: 10 }), () => mock.createApiKey())
  const sent = Effect.map(mock.arrivals, (arrivals) => arrivals.length)
  return { mock, sent, ids: keys.map(({ id }) => id), live: Instantly.layer({ apiKey: caller.secret }) }
})

describe("examples/journal.ts", () => {
  it.live("a run that is killed is resumed, and says of the key in between that it most likely deleted it", () =>
    Effect.gen(function* () {
      const { ids, live, mock } = yield* withKeys
      // The key is gone, and the run is killed before it hears so.
      yield* mock.script(Fault.nth(4, Fault.swallowResponse))
      const first = yield* Effect.fork(
        Effect.provide(Stream.runCount(Stream.take(resume("offboarding", ids), 10)), live)
      )
      yield* Effect.repeat(mock.apiKeys, {
        until: (left) => left.length === 1,
        schedule: Schedule.spaced("5 millis")
      })
      yield* Fiber.interrupt(first)
      const receipts = yield* Effect.provide(Stream.runCollect(resume("offboarding", ids)), live)
      const told = Chunk.toReadonlyArray(receipts)
      expect(told.map((receipt) => [receipt._tag, receipt._tag === "NotFound" && receipt.outcome])).toContainEqual([
        "NotFound",
        "Unknown"
      ])
      expect(told.filter((receipt) => receipt._tag === "NotFound" && receipt.outcome !== "Unknown")).toEqual([])
      const third = yield* Effect.provide(Stream.runCollect(resume("offboarding", ids)), live)
      expect(Chunk.size(third)).toBe(0)
    }).pipe(Effect.provide([InstantlyMock.layer(), table()]))
  )

  it.effect("sends nothing that cannot be written down before", () =>
    Effect.gen(function* () {
      const { ids, live, sent } = yield* withKeys
      const error = yield* Effect.flip(Effect.provide(Stream.runDrain(resume("offboarding", ids)), live))
      expect(error._tag === "DatabaseError" && error.reason).toBe("the disk is full")
      expect(yield* sent).toBe(0)
    }).pipe(Effect.provide([InstantlyMock.layer(), table(0)]))
  )
})
