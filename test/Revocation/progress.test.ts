import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { InstantlyError, Revocation } from "effect-instantly"
import { inVirtualTime } from "../support/virtual.js"
import { byId, deleting, ids, inOrder, tags } from "./deletions.js"

const { InvalidResponse, UnexpectedStatus } = InstantlyError

type End = Effect.Effect<unknown, InstantlyError.InstantlyError>

/** What the receipts of these ends are, one after the other. */
const receiptsOf = (ends: ReadonlyArray<End>) =>
  byId(Revocation.run(ids(ends.length), { concurrency: 1 })).pipe(
    Effect.provide(deleting((index) => ends[index] ?? Effect.void))
  )

const reasonsOf = (receipts: ReadonlyArray<Revocation.Receipt>) =>
  receipts.flatMap((receipt) => (receipt._tag === "Skipped" ? [receipt.reason] : []))

const times = <A>(n: number, value: A): ReadonlyArray<A> => Array.from({ length: n }, () => value)

describe("an error that dooms a run", () => {
  it.effect.each([
    new InstantlyError.Unauthorized(),
    new InstantlyError.PaymentRequired(),
    new InstantlyError.InsufficientScope()
  ])("is $_tag: nothing more is sent, and the rest is skipped with that reason", (error) => {
    const sent: Array<number> = []
    return Effect.gen(function* () {
      const all = yield* byId(Revocation.run(ids(40), { concurrency: 3 }))
      expect(tags(all).slice(0, 5)).toEqual(["Deleted", "Deleted", "Deleted", "Deleted", "Failed"])
      expect(all).toHaveLength(40)
      const reasons = reasonsOf(all)
      expect(sent.length + reasons.length).toBe(40)
      // those that were under way at that moment
      expect(sent.length).toBeLessThanOrEqual(7)
      expect(new Set(reasons)).toEqual(new Set([error._tag]))
    }).pipe(
      Effect.provide(
        deleting((index) => {
          sent.push(index)
          return index === 4 ? error : Effect.yieldNow()
        })
      )
    )
  })

  it.effect("is the first of them, whatever comes later", () =>
    Effect.gen(function* () {
      const bothAreSent = yield* Deferred.make<void>()
      const firstIsRecorded = yield* Deferred.make<void>()
      const run = Revocation.run(ids(6), {
        concurrency: 2,
        journal: { begin: () => Effect.void, record: () => Deferred.succeed(firstIsRecorded, undefined) }
      })
      const all = yield* byId(run).pipe(
        Effect.provide(
          deleting((index) =>
            index === 0
              ? Effect.zipRight(Deferred.await(bothAreSent), new InstantlyError.PaymentRequired())
              : Deferred.succeed(bothAreSent, undefined).pipe(
                  Effect.zipRight(Deferred.await(firstIsRecorded)),
                  Effect.zipRight(new InstantlyError.Unauthorized())
                )
          )
        )
      )
      expect(tags(all)).toEqual(["Failed", "Failed", "Skipped", "Skipped", "Skipped", "Skipped"])
      expect(new Set(reasonsOf(all))).toEqual(new Set(["PaymentRequired"]))
    })
  )
})

const foreign: ReadonlyArray<End> = [
  new UnexpectedStatus({ status: 403, outcome: "Unknown" }),
  new UnexpectedStatus({ status: 303, outcome: "Unknown" }),
  new UnexpectedStatus({ status: 408, outcome: "Unknown", attempts: 5 }),
  new InvalidResponse({ outcome: "Unknown" })
]

const own: ReadonlyArray<readonly [string, End]> = [
  ["a deletion", Effect.void],
  ["a confirmed deletion whose other fields are off", new InvalidResponse({ outcome: "Applied" })],
  ["a 404", new InstantlyError.NotFound()],
  ["a 404 after a lost response", new InstantlyError.NotFound({ outcome: "Unknown" })],
  ["a 400", new InstantlyError.BadRequest()],
  ["another status in Instantly's envelope", new UnexpectedStatus({ status: 409, fromInstantly: true })]
]

const anybodys: ReadonlyArray<readonly [string, End]> = [
  ["a 429", new InstantlyError.TooManyRequests()],
  ["a 5xx", new InstantlyError.ServerError()],
  ["a lost connection", new InstantlyError.TransportError()],
  ["a refused connection", new InstantlyError.TransportError({ reason: "NotSent" })],
  ["a request that was held back", new InstantlyError.HeldBack()],
  ["a defect", Effect.die("made-up")]
]

const page = new UnexpectedStatus({ status: 403, outcome: "Unknown" })

describe("responses that are not Instantly's own", () => {
  it.effect("block a run once there are five in a row, of whatever kind, and four do not", () =>
    Effect.gen(function* () {
      for (const one of foreign) {
        const all = yield* receiptsOf(times(8, one))
        expect(tags(all)).toEqual([...times(5, "Unknown"), ...times(3, "Skipped")])
        expect(reasonsOf(all)).toEqual(times(3, "Blocked"))
      }
      expect(reasonsOf(yield* receiptsOf([...foreign, ...foreign]))).toEqual(times(3, "Blocked"))
    })
  )

  it.effect.each(own)("begin a new row after %s", ([, one]) =>
    Effect.gen(function* () {
      const all = yield* receiptsOf([...times(4, page), one, ...times(4, page), one, ...times(5, page), one])
      expect(reasonsOf(all)).toEqual(["Blocked"])
    })
  )

  it.effect.each(anybodys)("stay in their row, and no longer, after %s, which can come from anybody", ([, one]) =>
    Effect.gen(function* () {
      expect(reasonsOf(yield* receiptsOf([...times(4, page), one, one]))).toEqual([])
      expect(reasonsOf(yield* receiptsOf([...times(4, page), one, page, one]))).toEqual(["Blocked"])
      expect(reasonsOf(yield* receiptsOf(times(8, one)))).toEqual([])
    })
  )

  it.effect("count in the order in which the calls end, and what is under way gets its own receipt", () =>
    Effect.gen(function* () {
      // The deletion in the middle ends last, so the five pages around it are in a row.
      const seconds = [1, 2, 9, 3, 4, 5]
      const all = yield* byId(Revocation.run(ids(9), { concurrency: 3 })).pipe(
        Effect.provide(
          deleting((index) => Effect.delay(index === 2 ? Effect.void : page, `${seconds[index] ?? 1} seconds`))
        ),
        inVirtualTime
      )
      expect(tags(all).slice(0, 6)).toEqual(["Unknown", "Unknown", "Deleted", "Unknown", "Unknown", "Unknown"])
      expect(reasonsOf(all).every((reason) => reason === "Blocked")).toBe(true)
      expect(tags(all).at(-1)).toBe("Skipped")
    })
  )

  it.effect("do not replace the reason for which the ids are already skipped", () =>
    Effect.gen(function* () {
      const all = yield* inOrder(Revocation.run(ids(12), { concurrency: 8 })).pipe(
        Effect.provide(
          deleting((index) =>
            index === 0 ? Effect.delay(new InstantlyError.Unauthorized(), "1 second") : Effect.delay(page, "2 seconds")
          )
        ),
        inVirtualTime
      )
      expect(reasonsOf(all)).toEqual(times(4, "Unauthorized"))
    })
  )
})
