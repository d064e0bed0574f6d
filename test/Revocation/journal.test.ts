import { describe, expect, it } from "@effect/vitest"
import { Cause, Chunk, Deferred, Effect, Exit, Layer, Schema, Stream } from "effect"
import { type ApiKey, ApiKeys, InstantlyError, Revocation } from "effect-instantly"
import { InstantlyMock } from "effect-instantly/testing"
import { madeUpSecret } from "../support/leaks.js"
import { ids, indexOf } from "./deletions.js"

const [first, second] = ids(2) as [ApiKey.ApiKeyId, ApiKey.ApiKeyId]

/** What happens, in its order: entries of the journal, requests, and receipts that the consumer has. */
const observed = (
  remove: (index: number) => Effect.Effect<void, InstantlyError.InstantlyError> = () => Effect.void,
  journal: Partial<Revocation.Journal<string>> = {}
) => {
  const events: Array<string> = []
  const note = (event: string, id: ApiKey.ApiKeyId) => Effect.sync(() => void events.push(`${event} ${indexOf(id)}`))
  const own: Revocation.Journal<string> = {
    begin: (id) => Effect.zipRight(note("begin", id), journal.begin?.(id) ?? Effect.void),
    record: (receipt) => Effect.zipRight(note(receipt._tag, receipt.id), journal.record?.(receipt) ?? Effect.void)
  }
  const apiKeys = Layer.mock(ApiKeys.ApiKeys, {
    delete: (id) =>
      note("request", id).pipe(
        Effect.zipRight(Effect.yieldNow()),
        Effect.zipRight(remove(indexOf(id))),
        Effect.as(InstantlyMock.apiKey({ id }))
      )
  })
  const run = (given: Iterable<ApiKey.ApiKeyId>, options: Revocation.Options<string> = {}) =>
    Revocation.run(given, { concurrency: 1, journal: own, ...options }).pipe(
      Stream.tap((receipt) => note("consumed", receipt.id)),
      Stream.provideLayer(apiKeys)
    )
  return { events, run }
}

const madeUp = new Error("made-up")

describe("a journal", () => {
  it.effect("has each id before its request leaves, and its receipt before the consumer has it", () =>
    Effect.gen(function* () {
      const { events, run } = observed()
      yield* Stream.runDrain(run(ids(2)))
      expect(events).toEqual([
        ...["begin 0", "request 0", "Deleted 0", "consumed 0"],
        ...["begin 1", "request 1", "Deleted 1", "consumed 1"]
      ])
    })
  )

  it.effect("has what was skipped as well, for which nothing begins", () =>
    Effect.gen(function* () {
      const { events, run } = observed(() => Effect.fail(new InstantlyError.Unauthorized()))
      yield* Stream.runDrain(run([first, second]))
      expect(events.filter((event) => !event.startsWith("consumed"))).toEqual([
        ...["begin 0", "request 0", "Failed 0"],
        "Skipped 1"
      ])
    })
  )

  it.effect.each<
    readonly [
      string,
      (broken: Effect.Effect<never, string>) => Partial<Revocation.Journal<string>>,
      ReadonlyArray<string>
    ]
  >([
    [
      "cannot begin an id sends nothing for it",
      (broken) => ({ begin: (id) => (indexOf(id) === 1 ? broken : Effect.void) }),
      ["begin 0", "request 0", "Deleted 0", "consumed 0", "begin 1"]
    ],
    [
      "cannot record a receipt still gives it to the consumer",
      (broken) => ({ record: ({ id }) => (indexOf(id) === 1 ? broken : Effect.void) }),
      ["begin 0", "request 0", "Deleted 0", "consumed 0", "begin 1", "request 1", "Deleted 1", "consumed 1"]
    ]
  ])("that %s, sends nothing more, and fails the stream", ([, journal, expected]) =>
    Effect.gen(function* () {
      for (const broken of [Effect.fail("made-up: the disk is full"), Effect.die(new Error("made-up"))]) {
        const { events, run } = observed(undefined, journal(broken))
        const exit = yield* Effect.exit(Stream.runDrain(run(ids(4))))
        expect(exit).toEqual(yield* Effect.exit(broken))
        expect(events).toEqual(expected)
      }
    })
  )

  it.effect("that throws as it records still gives the receipt to the consumer, and ends the run", () =>
    Effect.gen(function* () {
      const { events, run } = observed(undefined, {
        record: ({ id }) => {
          if (indexOf(id) === 1) throw madeUp
          return Effect.void
        }
      })
      expect(yield* Effect.exit(Stream.runDrain(run(ids(4))))).toEqual(Exit.die(madeUp))
      expect(events).toContain("consumed 1")
      expect(events).not.toContain("begin 2")
    })
  )

  it.effect.each<readonly [string, () => Effect.Effect<never, string>, Exit.Exit<never, string>]>([
    ["fails", () => Effect.fail("full"), Exit.fail("full")],
    [
      "throws before it returns an effect",
      () => {
        throw madeUp
      },
      Exit.die(madeUp)
    ]
  ])("that %s lets what is under way have its receipts first", ([, begin, expected]) =>
    Effect.gen(function* () {
      const slow = yield* Deferred.make<void>()
      const { events, run } = observed((index) => (index === 0 ? Deferred.await(slow) : Effect.void), {
        begin: (id) => {
          if (indexOf(id) !== 1) return Effect.void
          Deferred.unsafeDone(slow, Effect.void)
          return begin()
        }
      })
      const exit = yield* Effect.exit(Stream.runDrain(run(ids(3), { concurrency: 2 })))
      expect(exit).toEqual(expected)
      expect(events).toContain("consumed 0")
      expect(events).not.toContain("request 1")
      expect(events).not.toContain("begin 2")
    })
  )

  it.effect("keeps what a consumer cuts off: it has begun, and has no receipt", () =>
    Effect.gen(function* () {
      const { events, run } = observed((index) => (index === 0 ? Effect.void : Effect.never))
      const receipts = yield* Stream.runCollect(Stream.take(run(ids(3), { concurrency: 3 }), 1))
      expect(Chunk.map(receipts, ({ id }) => id)).toEqual(Chunk.of(first))
      expect(events.filter((event) => event.startsWith("begin"))).toEqual(["begin 0", "begin 1", "begin 2"])
      expect(events.filter((event) => /^(Deleted|Unknown)/.test(event))).toEqual(["Deleted 0"])
    })
  )

  it.effect("has the receipt of what an interruption came too late for", () =>
    Effect.gen(function* () {
      const recording = yield* Deferred.make<void>()
      const recorded = yield* Deferred.make<void>()
      let isWritten = false
      const { run } = observed(undefined, {
        record: () =>
          Deferred.succeed(recording, undefined).pipe(
            Effect.zipRight(Deferred.await(recorded)),
            Effect.zipRight(Effect.sync(() => (isWritten = true))),
            Effect.asVoid
          )
      })
      const fiber = yield* Effect.fork(Stream.runDrain(run([first])))
      yield* Deferred.await(recording)
      const ended = yield* Effect.fork(fiber.interruptAsFork(fiber.id()).pipe(Effect.zipRight(fiber.await)))
      yield* Deferred.succeed(recorded, undefined)
      const exit = yield* Effect.flatMap(ended.await, (outer) => outer)
      expect(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause)).toBe(true)
      expect(isWritten).toBe(true)
    })
  )

  it.effect("is lines of JSON without secrets, which come back from it", () =>
    Effect.gen(function* () {
      const entries: Array<Revocation.Entry> = []
      const at = yield* Effect.map(Effect.clock, () => InstantlyMock.apiKey().createdAt)
      const { run } = observed(undefined, {
        begin: (id) => Effect.sync(() => void entries.push(new Revocation.Begun({ id, at }))),
        record: (receipt) => Effect.sync(() => void entries.push(receipt))
      })
      yield* Stream.runDrain(run([first]))
      const line = Schema.parseJson(Revocation.Entry)
      const lines = yield* Effect.forEach(entries, (entry) => Schema.encode(line)(entry))
      expect(lines).toHaveLength(2)
      for (const text of lines) expect(text).not.toMatch(new RegExp(`\n|${madeUpSecret.source}`))
      expect(yield* Effect.forEach(lines, (text) => Schema.decode(line)(text))).toEqual(entries)
    })
  )
})
