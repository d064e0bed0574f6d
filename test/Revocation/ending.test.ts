import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Exit, Layer, Ref, Stream } from "effect"
import { ApiKey, ApiKeys, InstantlyError, Revocation } from "effect-instantly"
import { simulate } from "../support/simulation.js"

const idOf = (n: number) => ApiKey.ApiKeyId.make(`00000000-0000-7000-8000-${String(n).padStart(12, "0")}`)

/** Responds to each deletion after 100 milliseconds, and counts those that came to their end. */
const responding = (ended: Ref.Ref<number>) =>
  Layer.mock(ApiKeys.ApiKeys, {
    delete: () =>
      Ref.update(ended, (n) => n + 1).pipe(Effect.zipRight(new InstantlyError.NotFound()), Effect.delay("100 millis"))
  })

describe("the end of a run", () => {
  it("comes even where nothing can be interrupted", async () => {
    const program = Effect.flatMap(Ref.make(0), (ended) =>
      Revocation.run([1, 2, 3].map(idOf)).pipe(
        Stream.runCount,
        Effect.uninterruptible,
        Effect.provide(responding(ended)),
        Effect.timeoutFail({ duration: "1 minute", onTimeout: () => "still running" }),
        Effect.disconnect
      )
    )
    expect(await simulate(program, "1 hour")).toEqual(Exit.succeed(3))
  })

  it("waits for the receipts of what is under way when the ids fail", async () => {
    const program = Effect.gen(function* () {
      const ended = yield* Ref.make(0)
      const receipts = yield* Ref.make(Chunk.empty<Revocation.Receipt>())
      const ids = Stream.concat(
        Stream.fromIterable([1, 2, 3].map(idOf)),
        Stream.fromEffect(Effect.delay(Effect.fail("no more pages"), "10 millis"))
      )
      const exit = yield* Revocation.run(ids).pipe(
        Stream.runForEach((receipt) => Ref.update(receipts, Chunk.append(receipt))),
        Effect.provide(responding(ended)),
        Effect.exit
      )
      return { exit, ended: yield* Ref.get(ended), receipts: Chunk.size(yield* Ref.get(receipts)) }
    })
    expect(await simulate(program, "1 hour")).toEqual(
      Exit.succeed({ exit: Exit.fail("no more pages"), ended: 3, receipts: 3 })
    )
  })
})
