import { describe, expect, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import { InstantlyError, Revocation } from "effect-instantly"
import { madeUpSecret } from "../support/leaks.js"
import { deleting, ids, inOrder, tags, upperCase } from "./deletions.js"

const receiptsOf = (ends: ReadonlyArray<InstantlyError.InstantlyError | undefined>, options: Revocation.Options = {}) =>
  inOrder(Revocation.run(ids(ends.length), { concurrency: 1, ...options })).pipe(
    Effect.provide(deleting((index) => ends[index] ?? Effect.void))
  )

const { InvalidResponse, NotFound, ServerError, TooManyRequests, TransportError, UnexpectedStatus } = InstantlyError

describe("a receipt", () => {
  it.effect.each<readonly [string, InstantlyError.InstantlyError | undefined, object]>([
    ["a deletion", undefined, { _tag: "Deleted", name: Option.some("made-up key") }],
    [
      "a confirmed deletion whose other fields cannot be read",
      new InvalidResponse({ outcome: "Applied", attempts: 2 }),
      { _tag: "Deleted", name: Option.none() }
    ],
    ["a success that nothing confirms", new InvalidResponse({ outcome: "Unknown" }), { _tag: "Unknown" }],
    ["a 404", new NotFound(), { _tag: "NotFound", outcome: "NotApplied" }],
    ["a 404 after a lost response", new NotFound({ outcome: "Unknown" }), { _tag: "NotFound", outcome: "Unknown" }],
    ["a refusal", new TooManyRequests(), { _tag: "Failed", error: "TooManyRequests" }],
    ["a refusal after a lost response", new TooManyRequests({ outcome: "Unknown" }), { _tag: "Unknown" }],
    ["a 5xx", new ServerError(), { _tag: "Unknown", error: "ServerError" }],
    ["a page", new UnexpectedStatus({ status: 403, outcome: "Unknown" }), { _tag: "Unknown" }],
    ["a request that never left", new TransportError({ reason: "NotSent" }), { _tag: "Failed" }]
  ])("of %s says what the outcome of the call says", ([, error, expected]) =>
    Effect.map(receiptsOf([error]), (receipts) => expect(receipts).toMatchObject([expected]))
  )

  it.effect.each<readonly [InstantlyError.InstantlyError | undefined, object]>([
    [undefined, { _tag: "Deleted", name: Option.some("made-up key") }],
    [new InvalidResponse({ outcome: "Applied" }), { _tag: "Deleted", name: Option.none() }],
    [
      new NotFound(),
      { _tag: "NotFound", outcome: "Unknown", message: expect.stringContaining("Most likely it deleted the key.") }
    ],
    [new TooManyRequests(), { _tag: "Unknown", message: expect.stringContaining("It may have deleted the key.") }],
    [new InstantlyError.HeldBack(), { _tag: "Unknown", error: "HeldBack" }],
    [new ServerError(), { _tag: "Unknown", error: "ServerError" }]
  ])("of an id in doubt says after %s that an earlier run may have deleted it", ([error, expected]) =>
    Effect.gen(function* () {
      // ids are compared whatever their case
      const receipts = yield* receiptsOf([error, error], { inDoubt: ids(1).map(upperCase) })
      expect(receipts[0]).toMatchObject(expected)
      expect(receipts[1]).not.toMatchObject({ message: expect.stringContaining("An earlier run") })
      const shouted = inOrder(Revocation.run(ids(1).map(upperCase), { inDoubt: ids(1) }))
      expect(
        yield* Effect.provide(
          shouted,
          deleting(() => error ?? Effect.void)
        )
      ).toMatchObject([expected])
    })
  )

  it.effect.each([undefined, new InvalidResponse({ outcome: "Applied" })])(
    "of a 401 says that the run may have deleted its own key, once it has deleted any (%#)",
    (deletion) =>
      Effect.gen(function* () {
        const own = "This run has deleted keys: one of them may be the very key that it authenticates with.\n"
        const unauthorized = new InstantlyError.Unauthorized()
        const [, , after] = yield* receiptsOf([deletion, new NotFound(), unauthorized])
        expect(after).toMatchObject({ _tag: "Failed", message: `${own}${unauthorized.message}` })
        expect(yield* receiptsOf([unauthorized])).toMatchObject([{ _tag: "Failed", message: unauthorized.message }])
      })
  )

  it.effect("is one line of JSON without secrets, and comes back from it", () =>
    Effect.gen(function* () {
      const errors = [
        new NotFound({ requestId: Option.some("req-1") }),
        new ServerError({ attempts: 5 }),
        new InstantlyError.PaymentRequired()
      ]
      const failing = deleting((index) => errors[index - 1] ?? Effect.void)
      const all = yield* inOrder(Revocation.run(ids(5), { concurrency: 1 })).pipe(Effect.provide(failing))
      expect(tags(all)).toEqual(["Deleted", "NotFound", "Unknown", "Failed", "Skipped"])
      const line = Schema.parseJson(Revocation.Receipt)
      const lines = yield* Effect.forEach(all, (receipt) => Schema.encode(line)(receipt))
      for (const text of lines) expect(text).not.toMatch(new RegExp(`\n|${madeUpSecret.source}`))
      expect(yield* Effect.forEach(lines, (text) => Schema.decode(line)(text))).toEqual(all)
      const [deleted, notFound, , , skipped] = lines.map((text): unknown => JSON.parse(text))
      const at = "1970-01-01T00:00:00.000Z"
      expect(deleted).toEqual({ _tag: "Deleted", id: ids(5)[0], at, name: "made-up key" })
      expect(skipped).toEqual({ _tag: "Skipped", id: ids(5)[4], at, reason: "PaymentRequired" })
      expect(notFound).toEqual({
        _tag: "NotFound",
        id: ids(2)[1],
        at,
        attempts: 1,
        error: "NotFound",
        message: errors[0]?.message,
        outcome: "NotApplied",
        requestId: "req-1"
      })
    })
  )
})
