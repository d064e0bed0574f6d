import { describe, expect, it } from "@effect/vitest"
import { Cause, Chunk, Deferred, Effect, Exit, Layer, Option, Schema, Stream } from "effect"
import { ApiKey, ApiKeys, InstantlyError, Revocation } from "effect-instantly"
import { InstantlyMock } from "effect-instantly/testing"
import { madeUpSecret } from "../support/leaks.js"

const ids = (n: number) =>
  Array.from({ length: n }, (_, index) =>
    ApiKey.ApiKeyId.make(`019e18e2-78d4-7322-941a-${String(index).padStart(12, "0")}`)
  )

const indexOf = (id: ApiKey.ApiKeyId) => Number(id.slice(-12))

const [first, second, third] = ids(3) as [ApiKey.ApiKeyId, ApiKey.ApiKeyId, ApiKey.ApiKeyId]

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
  const run = (given: Iterable<ApiKey.ApiKeyId>, options: Revocation.Options<never, string> = {}) =>
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

describe("an id in doubt", () => {
  const inDoubt = (error?: InstantlyError.InstantlyError) =>
    Effect.gen(function* () {
      const { run } = observed(() => error ?? Effect.void)
      const receipts = yield* Stream.runCollect(run([first], { inDoubt: [ApiKey.ApiKeyId.make(first.toUpperCase())] }))
      return Chunk.unsafeHead(receipts)
    })

  it.effect.each<readonly [InstantlyError.InstantlyError | undefined, object]>([
    [undefined, { _tag: "Deleted", name: Option.some("made-up key") }],
    [new InstantlyError.InvalidResponse(), { _tag: "Deleted", name: Option.none() }],
    [
      new InstantlyError.NotFound(),
      { _tag: "NotFound", outcome: "Unknown", message: expect.stringContaining("Most likely it deleted the key.") }
    ],
    [
      new InstantlyError.TooManyRequests(),
      { _tag: "Unknown", message: expect.stringContaining("It may have deleted the key.") }
    ],
    [new InstantlyError.HeldBack(), { _tag: "Unknown", error: "HeldBack" }],
    [new InstantlyError.ServerError(), { _tag: "Unknown", error: "ServerError" }]
  ])("after %s is told as one that an earlier run may have deleted", ([error, expected]) =>
    Effect.map(inDoubt(error), (receipt) => expect(receipt).toMatchObject(expected))
  )
})

describe("what doomed a run", () => {
  it.effect("is the first such error, whatever comes later", () =>
    Effect.gen(function* () {
      const bothAreSent = yield* Deferred.make<void>()
      const isDoomed = yield* Deferred.make<void>()
      const { run } = observed((index) =>
        index === 0
          ? Effect.zipRight(Deferred.await(bothAreSent), new InstantlyError.PaymentRequired())
          : Deferred.succeed(bothAreSent, undefined).pipe(
              Effect.zipRight(Deferred.await(isDoomed)),
              Effect.zipRight(new InstantlyError.Unauthorized())
            )
      )
      const all = yield* run(ids(6), { concurrency: 2 }).pipe(
        Stream.tap(() => Deferred.succeed(isDoomed, undefined)),
        Stream.runCollect,
        Effect.map(Chunk.toReadonlyArray)
      )
      const reasons = all.flatMap((receipt) => (receipt._tag === "Skipped" ? [receipt.reason] : []))
      expect(all.some((receipt) => receipt._tag === "Failed" && receipt.error === "Unauthorized")).toBe(true)
      expect(new Set(reasons)).toEqual(new Set(["PaymentRequired"]))
    })
  )
})

describe("pending", () => {
  const at = InstantlyMock.apiKey().createdAt
  const begun = new Revocation.Begun({ id: first, at })
  const told = { id: first, at, attempts: 1, error: "made-up", message: "made-up", requestId: Option.none<string>() }
  const failed = new Revocation.Failed(told)
  const unknown = new Revocation.Unknown(told)
  const skipped = new Revocation.Skipped({ id: first, at, reason: "Unauthorized" })
  const notFound = new Revocation.NotFound({ ...told, outcome: "NotApplied" })
  const deleted = new Revocation.Deleted({ id: first, at, name: Option.none() })

  it.each<readonly [string, ReadonlyArray<Revocation.Entry>, "settled" | "in doubt" | "to do"]>([
    ["nothing", [], "to do"],
    ["a beginning without an end", [begun], "in doubt"],
    ["a beginning and a failure that changed nothing", [begun, failed], "to do"],
    ["a beginning and an unknown end", [begun, unknown], "in doubt"],
    ["an unknown end, and then a failure that changed nothing", [begun, unknown, begun, failed], "in doubt"],
    ["a run that was killed, and then a failure that changed nothing", [begun, begun, failed], "in doubt"],
    ["a run that was killed, and then one that skipped it", [begun, skipped], "in doubt"],
    ["one that skipped it", [skipped], "to do"],
    ["a deletion", [begun, deleted], "settled"],
    ["a key that was not found", [begun, notFound], "settled"],
    ["a run that was killed, and then a deletion", [begun, begun, deleted], "settled"]
  ])("of %s is as the journal tells", (_, entries, state) => {
    expect(Revocation.pending([first, second], entries)).toEqual({
      ids: state === "settled" ? [second] : [first, second],
      inDoubt: state === "in doubt" ? [first] : []
    })
  })

  it("has each id once, in the order of the ids, and knows both spellings", () => {
    const upper = (id: ApiKey.ApiKeyId) => ApiKey.ApiKeyId.make(id.toUpperCase())
    const { ids, inDoubt } = Revocation.pending([third, upper(first), second, first, third], [begun])
    expect(ids).toEqual([third, upper(first), second])
    expect(inDoubt).toEqual([upper(first)])
  })
})
