import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Ref, Stream } from "effect"
import { type ApiKey, InstantlyError, Revocation } from "effect-instantly"
import { simulate } from "../support/simulation.js"
import { deleting, ids, indexOf } from "./deletions.js"

/** Responds to each deletion after 100 milliseconds, and counts those that came to their end. */
const responding = (ended: Ref.Ref<number>) =>
  deleting(() =>
    Ref.update(ended, (n) => n + 1).pipe(Effect.zipRight(new InstantlyError.NotFound()), Effect.delay("100 millis"))
  )

/** How a run of three ids ends, the ids it sent, and those that have a receipt. */
const ending = <E>(given: Revocation.Ids<E>, options: Revocation.Options = {}) =>
  Effect.gen(function* () {
    const ended = yield* Ref.make(0)
    const receipts = yield* Ref.make<ReadonlyArray<number>>([])
    const exit = yield* Revocation.run(given, options).pipe(
      Stream.runForEach(({ id }) => Ref.update(receipts, (all) => [...all, indexOf(id)])),
      Effect.provide(responding(ended)),
      Effect.exit
    )
    return { exit, ended: yield* Ref.get(ended), receipts: yield* Ref.get(receipts) }
  })

describe("the end of a run", () => {
  it("comes even where nothing can be interrupted", async () => {
    const program = ending(ids(3)).pipe(
      Effect.uninterruptible,
      Effect.timeoutFail({ duration: "1 minute", onTimeout: () => "still running" }),
      Effect.disconnect
    )
    expect(await simulate(program, "1 hour")).toEqual(Exit.succeed({ exit: Exit.void, ended: 3, receipts: [0, 1, 2] }))
  })

  it("waits for the receipts of what is under way when the ids fail", async () => {
    const failing = Stream.concat(
      Stream.fromIterable(ids(3)),
      Stream.fromEffect(Effect.delay(Effect.fail("no more pages"), "10 millis"))
    )
    expect(await simulate(ending(failing), "1 hour")).toEqual(
      Exit.succeed({ exit: Exit.fail("no more pages"), ended: 3, receipts: [0, 1, 2] })
    )
  })

  it.each<readonly [string, Effect.Effect<void>]>([
    ["hangs", Effect.never],
    ["cannot be interrupted, and ends later", Effect.uninterruptible(Effect.sleep("10 seconds"))]
  ])("comes by stop where the journal's begin %s: its id is not sent, and has no receipt", async (_, begin) => {
    const journal: Revocation.Journal = {
      begin: (id: ApiKey.ApiKeyId) => (indexOf(id) === 1 ? begin : Effect.void),
      record: () => Effect.void
    }
    const program = ending(ids(30), { concurrency: 2, journal, stop: Effect.sleep("350 millis") })
    // three of a tenth of a second had ended, and the fourth was under way
    expect(await simulate(program, "1 hour")).toEqual(
      Exit.succeed({ exit: Exit.void, ended: 4, receipts: [0, 2, 3, 4] })
    )
  })
})
