import { describe, expect, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { type ApiKey, InstantlyError, Revocation } from "effect-instantly"
import { InstantlyMock } from "effect-instantly/testing"
import { byId, deleting, ids, upperCase } from "./deletions.js"

const [first, second, third] = ids(3) as [ApiKey.ApiKeyId, ApiKey.ApiKeyId, ApiKey.ApiKeyId]

describe("pending", () => {
  const at = InstantlyMock.apiKey().createdAt
  const begun = new Revocation.Begun({ id: first, at })
  const fields = { id: first, at, attempts: 1, error: "made-up", message: "made-up", requestId: Option.none<string>() }
  const failed = new Revocation.Failed(fields)
  const unknown = new Revocation.Unknown(fields)
  const skipped = new Revocation.Skipped({ id: first, at, reason: "Blocked" })
  const notFound = new Revocation.NotFound({ ...fields, outcome: "NotApplied" })
  const deleted = new Revocation.Deleted({ id: first, at, name: Option.none() })

  it.each<readonly [string, ReadonlyArray<Revocation.Entry>, "settled" | "in doubt" | "to do"]>([
    ["nothing", [], "to do"],
    ["a beginning without an end", [begun], "in doubt"],
    ["a beginning and a failure that changed nothing", [begun, failed], "to do"],
    ["a beginning and an unknown end", [begun, unknown], "in doubt"],
    ["an unknown end, and then a failure that changed nothing", [begun, unknown, begun, failed], "in doubt"],
    ["a run that was killed, and then a failure that changed nothing", [begun, begun, failed], "in doubt"],
    ["a failure, and then a run that was killed", [begun, failed, begun], "in doubt"],
    ["a run that was killed, and then one that skipped it", [begun, skipped], "in doubt"],
    ["one that skipped it", [skipped], "to do"],
    ["a deletion", [begun, deleted], "settled"],
    ["a key that was not found", [begun, notFound], "settled"],
    ["a run that was killed, and then a deletion", [begun, begun, deleted], "settled"]
  ])("of %s is as the journal says", (_, entries, state) => {
    expect(Revocation.pending([first, second], entries)).toEqual({
      ids: state === "settled" ? [second] : [first, second],
      inDoubt: state === "in doubt" ? [first] : []
    })
  })

  it("has each id once, in the order of the ids, whatever its case", () => {
    const { ids, inDoubt } = Revocation.pending([third, upperCase(first), second, first, third], [begun])
    expect(ids).toEqual([third, upperCase(first), second])
    expect(inDoubt).toEqual([upperCase(first)])
  })

  it.effect("of a run's own receipts is what none of them settles", () =>
    Effect.gen(function* () {
      const errors = [
        undefined,
        new InstantlyError.NotFound(),
        new InstantlyError.ServerError(),
        new InstantlyError.TooManyRequests(),
        new InstantlyError.Unauthorized()
      ]
      const failing = deleting((index) => errors[index] ?? Effect.void)
      const all = yield* byId(Revocation.run(ids(6), { concurrency: 1 })).pipe(Effect.provide(failing))
      expect(all.map(Revocation.isSettled)).toEqual([true, true, false, false, false, false])
      const given = ids(8).toReversed()
      expect(Revocation.pending(given, all)).toEqual({ ids: given.slice(0, 6), inDoubt: [ids(8)[2]] })
      expect(Revocation.pending([], all)).toEqual({ ids: [], inDoubt: [] })
    })
  )
})
