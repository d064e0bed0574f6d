import { describe, expect, it } from "@effect/vitest"
import { Chunk, Deferred, Effect, Either, Fiber, Layer, Option, Schema, Stream, TestClock } from "effect"
import { ApiKey, ApiKeys, Instantly, InstantlyError, RateLimit, RetryPolicy, Revocation } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { leaksIn, madeUpSecret } from "./support/leaks.js"
import { inVirtualTime } from "./support/virtual.js"

const ids = (n: number) =>
  Array.from({ length: n }, (_, index) =>
    ApiKey.ApiKeyId.make(`019e18e2-78d4-7322-941a-${String(index).padStart(12, "0")}`)
  )

/** Operations of which only the deletion is there. */
const deleting = (remove: (index: number) => Effect.Effect<void, InstantlyError.InstantlyError>) =>
  Layer.mock(ApiKeys.ApiKeys, {
    delete: (id) => Effect.map(remove(Number(id.slice(-12))), () => InstantlyMock.apiKey({ id }))
  })

const receipts = <E, R>(stream: Stream.Stream<Revocation.Receipt, E, R>) =>
  Effect.map(Stream.runCollect(stream), (all) =>
    Chunk.toReadonlyArray(all).toSorted((one, other) => (one.id < other.id ? -1 : 1))
  )

const tags = (all: ReadonlyArray<Revocation.Receipt>) => all.map(({ _tag }) => _tag)

describe("run", () => {
  it.effect("gives a receipt for each key, and the failure of one does not affect the others", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey()
      const keys = yield* Effect.forEach(["a", "b", "c", "d"], (name) => mock.createApiKey({ name }))
      const [gone, throttled, lost] = keys
      if (gone === undefined || throttled === undefined || lost === undefined) return expect.fail()
      yield* mock.deleteApiKey(gone.id)
      yield* mock.script(
        Fault.forId(throttled.id, Fault.respond({ status: 429 })),
        Fault.forId(lost.id, Fault.respond({ status: 502 }))
      )
      const all = yield* Revocation.run(keys.map(({ id }) => id)).pipe(
        receipts,
        RetryPolicy.withRetryPolicy(RetryPolicy.none),
        Effect.provide(Instantly.layer({ apiKey: caller.secret })),
        inVirtualTime
      )
      const told = Object.fromEntries(all.map((receipt) => [receipt.id, receipt]))
      expect(keys.map(({ id }) => told[id])).toMatchObject([
        { _tag: "NotFound", error: "NotFound", outcome: "NotApplied", attempts: 1 },
        { _tag: "Failed", error: "TooManyRequests", attempts: 1 },
        { _tag: "Unknown", error: "ServerError", attempts: 1 },
        { _tag: "Deleted", name: Option.some("d") }
      ])
      expect((yield* mock.apiKeys).map(({ name }) => name)).toEqual(["made-up key", "b", "c"])
    }).pipe(Effect.provide(InstantlyMock.layer()))
  )

  it.effect(
    "says that the outcome is unknown where a 404 follows a lost response, and that a key is gone where its response cannot be read",
    () =>
      Effect.gen(function* () {
        const all = yield* receipts(Revocation.run(ids(2)))
        expect(all).toMatchObject([
          { _tag: "NotFound", outcome: "Unknown" },
          { _tag: "Deleted", name: Option.none() }
        ])
      }).pipe(
        Effect.provide(
          deleting((index) =>
            Effect.fail(
              index === 0
                ? new InstantlyError.NotFound({ outcome: "Unknown" })
                : new InstantlyError.InvalidResponse({ attempts: 2 })
            )
          )
        )
      )
  )

  it.effect.each([
    new InstantlyError.Unauthorized(),
    new InstantlyError.PaymentRequired(),
    new InstantlyError.Forbidden()
  ])("after $_tag sends nothing more, and skips the rest with that reason", (error) => {
    const sent: Array<number> = []
    return Effect.gen(function* () {
      const all = yield* receipts(Revocation.run(ids(40), { concurrency: 3 }))
      expect(tags(all).slice(0, 5)).toEqual(["Deleted", "Deleted", "Deleted", "Deleted", "Failed"])
      expect(all).toHaveLength(40)
      const skipped = all.filter((receipt) => receipt._tag === "Skipped")
      expect(sent.length + skipped.length).toBe(40)
      // those that were under way at that moment
      expect(sent.length).toBeLessThanOrEqual(7)
      for (const receipt of skipped) expect(receipt).toMatchObject({ reason: error._tag })
    }).pipe(
      Effect.provide(
        deleting((index) => {
          sent.push(index)
          return index === 4 ? Effect.fail(error) : Effect.yieldNow()
        })
      )
    )
  })

  it.effect("takes a stream, and fails when the stream does, after the receipts so far", () =>
    Effect.gen(function* () {
      const before: Array<Revocation.Receipt> = []
      const failing = Stream.concat(Stream.fromIterable(ids(3)), Stream.fail("made-up"))
      const result = yield* Revocation.run(failing, { concurrency: 1 }).pipe(
        Stream.runForEach((receipt) => Effect.sync(() => before.push(receipt))),
        Effect.either
      )
      expect(result).toEqual(Either.left("made-up"))
      expect(tags(before)).toEqual(["Deleted", "Deleted", "Deleted"])
    }).pipe(Effect.provide(deleting(() => Effect.void)))
  )

  it.effect("has no more calls under way than its concurrency", () => {
    let most = 0
    let now = 0
    return Effect.gen(function* () {
      expect(yield* inVirtualTime(receipts(Revocation.run(ids(50), { concurrency: 4 })))).toHaveLength(50)
      expect(most).toBe(4)
    }).pipe(
      Effect.provide(
        deleting(() =>
          Effect.acquireUseRelease(
            Effect.sync(() => {
              now += 1
              most = Math.max(most, now)
            }),
            () => Effect.sleep("1 second"),
            () =>
              Effect.sync(() => {
                now -= 1
              })
          )
        )
      )
    )
  })

  it.effect("once stopped takes no more ids, and lets what is under way finish and have its receipt", () => {
    const sent: Array<number> = []
    return Effect.gen(function* () {
      const stop = yield* Deferred.make<void>()
      const all = yield* Effect.fork(
        receipts(
          Revocation.run(Stream.concat(Stream.fromIterable(ids(100)), Stream.never), {
            concurrency: 5,
            stop: Deferred.await(stop)
          })
        )
      )
      yield* TestClock.adjust("15 seconds") // one batch of five in each ten seconds
      yield* Deferred.succeed(stop, undefined)
      yield* TestClock.adjust("1 hour")
      const done = yield* Fiber.join(all)
      expect(tags(done)).toEqual(Array.from({ length: 10 }, () => "Deleted"))
      expect(sent.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    }).pipe(
      Effect.provide(
        deleting((index) =>
          Effect.zipRight(
            Effect.sync(() => sent.push(index)),
            Effect.sleep("10 seconds")
          )
        )
      )
    )
  })

  it.effect.each([
    ["send", ["Deleted", "Deleted", "Deleted"]],
    ["skip", ["Deleted", "Deleted", "Skipped"]]
  ] as const)("where duplicates are to %s", ([duplicates, expected]) =>
    Effect.gen(function* () {
      const [a, b] = ids(2)
      if (a === undefined || b === undefined) return expect.fail()
      const again = ApiKey.ApiKeyId.make(a.toUpperCase())
      const all = yield* Stream.runCollect(Revocation.run([a, b, again], { concurrency: 1, duplicates }))
      expect(tags(Chunk.toReadonlyArray(all))).toEqual(expected)
      if (duplicates === "skip") expect(Chunk.unsafeLast(all)).toMatchObject({ id: again, reason: "Duplicate" })
    }).pipe(Effect.provide(deleting(() => Effect.void)))
  )

  it.effect("takes its ids before its options, or after them in a pipe", () =>
    Effect.gen(function* () {
      const [a, b] = ids(2)
      if (a === undefined || b === undefined) return expect.fail()
      const given = [a, b, a]
      const stream = Stream.fromIterable(given)
      const options = { concurrency: 1, duplicates: "skip" } as const
      for (const run of [
        Revocation.run(given, options),
        Revocation.run(stream, options),
        Revocation.run(options)(given),
        Revocation.run(options)(stream),
        stream.pipe(Revocation.run(options))
      ]) {
        expect(tags(Chunk.toReadonlyArray(yield* Stream.runCollect(run)))).toEqual(["Deleted", "Deleted", "Skipped"])
      }
      for (const run of [
        Revocation.run(given),
        Revocation.run(stream),
        Revocation.run()(given),
        stream.pipe(Revocation.run())
      ]) {
        expect(tags(Chunk.toReadonlyArray(yield* Stream.runCollect(run)))).toEqual(["Deleted", "Deleted", "Deleted"])
      }
    }).pipe(Effect.provide(deleting(() => Effect.void)))
  )

  it.effect.each<readonly [string, () => Effect.Effect<void>, string]>([
    ["dies", () => Effect.die(new RangeError("made-up-canary")), "RangeError"],
    [
      "throws",
      () => {
        throw new SyntaxError("made-up-canary")
      },
      "SyntaxError"
    ],
    ["dies of a string", () => Effect.die("made-up-canary"), "an unknown error"]
  ])("gives an Unknown receipt where a call %s, and the other ids go on", ([, fail, name]) =>
    Effect.gen(function* () {
      const all = yield* receipts(Revocation.run(ids(5), { concurrency: 1 }))
      expect(tags(all)).toEqual(["Deleted", "Unknown", "Deleted", "Unknown", "Deleted"])
      expect(all[1]).toMatchObject({
        error: name,
        attempts: 0,
        requestId: Option.none(),
        message: `The call failed with ${name}, so what became of the request is not known. Check whether it was carried out.`
      })
      expect(all.flatMap((receipt) => leaksIn(receipt, ["made-up-canary"]))).toEqual([])
      expect(Revocation.pending(ids(5), all).inDoubt).toEqual([ids(5)[1], ids(5)[3]])
    }).pipe(Effect.provide(deleting((index) => (index % 2 === 0 ? Effect.void : fail()))))
  )

  it.effect("says of a 401 after a deletion that the run may have deleted the very key it authenticates with", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const before = yield* mock.createApiKey({ name: "before" })
      const caller = yield* mock.createApiKey({ name: "caller" })
      const after = yield* mock.createApiKey({ name: "after" })
      const live = Instantly.layer({ apiKey: caller.secret })
      const own = "This run has deleted keys: one of them may be the very key that it authenticates with.\n"
      const run = (keys: ReadonlyArray<InstantlyMock.CreatedApiKey>) =>
        Stream.runCollect(
          Revocation.run(
            keys.map(({ id }) => id),
            { concurrency: 1 }
          )
        ).pipe(Effect.map(Chunk.toReadonlyArray), Effect.provide(live), inVirtualTime)
      const first = yield* run([before, caller, after])
      expect(tags(first)).toEqual(["Deleted", "Deleted", "Failed"])
      expect(first[2]).toMatchObject({ error: "Unauthorized", message: expect.stringContaining(own) })
      // a run that has deleted nothing has not deleted its own key
      const second = yield* run([after])
      expect(second).toMatchObject([{ _tag: "Failed", error: "Unauthorized" }])
      expect(second[0]).toMatchObject({ message: expect.not.stringContaining(own) })
    }).pipe(Effect.provide(InstantlyMock.layer()))
  )

  it.each([0, -1, 1.5, Number.NaN])("refuses a concurrency of %s where it is made", (concurrency) => {
    expect(() => Revocation.run([], { concurrency })).toThrow(
      new RangeError(`Revocation: concurrency must be a whole number of at least 1, not ${concurrency}`)
    )
  })
})

describe("a receipt", () => {
  it.effect("is one line of JSON without secrets, and comes back from it", () =>
    Effect.gen(function* () {
      const errors = [
        new InstantlyError.NotFound({ requestId: Option.some("req-1") }),
        new InstantlyError.ServerError({ attempts: 5 }),
        new InstantlyError.Forbidden()
      ]
      const failing = deleting((index) => {
        const error = errors[index - 1]
        return error === undefined ? Effect.void : Effect.fail(error)
      })
      const all = yield* receipts(Revocation.run(ids(5), { concurrency: 1 })).pipe(Effect.provide(failing))
      expect(tags(all)).toEqual(["Deleted", "NotFound", "Unknown", "Failed", "Skipped"])
      const line = Schema.parseJson(Revocation.Receipt)
      const lines = yield* Effect.forEach(all, (receipt) => Schema.encode(line)(receipt))
      for (const text of lines) expect(text).not.toMatch(new RegExp(`\n|${madeUpSecret.source}`))
      expect(yield* Effect.forEach(lines, (text) => Schema.decode(line)(text))).toEqual(all)
      const [deleted, , , , skipped] = lines.map((text): unknown => JSON.parse(text))
      const at = "1970-01-01T00:00:00.000Z"
      expect(deleted).toEqual({ _tag: "Deleted", id: ids(5)[0], at, name: "made-up key" })
      expect(skipped).toEqual({ _tag: "Skipped", id: ids(5)[4], at, reason: "Forbidden" })
      expect(JSON.parse(lines[1] ?? "")).toEqual({
        _tag: "NotFound",
        id: ids(2)[1],
        at: "1970-01-01T00:00:00.000Z",
        attempts: 1,
        error: "NotFound",
        message: errors[0]?.message,
        outcome: "NotApplied",
        requestId: "req-1"
      })
    })
  )
})

describe("pending", () => {
  it.effect("is what no receipt settles, each once and in its order", () =>
    Effect.gen(function* () {
      const errors = [
        undefined,
        new InstantlyError.NotFound(),
        new InstantlyError.ServerError(),
        new InstantlyError.TooManyRequests(),
        new InstantlyError.Unauthorized()
      ]
      const failing = deleting((index) => {
        const error = errors[index]
        return error === undefined ? Effect.void : Effect.fail(error)
      })
      const all = yield* receipts(Revocation.run(ids(6), { concurrency: 1 })).pipe(Effect.provide(failing))
      expect(all.map(Revocation.isSettled)).toEqual([true, true, false, false, false, false])
      const given = ids(8).toReversed()
      const twice = [...given, ...given.map((id) => ApiKey.ApiKeyId.make(id.toUpperCase()))]
      const { ids: left, inDoubt } = Revocation.pending(twice, all)
      expect(left).toEqual(given.slice(0, 6))
      expect(inDoubt).toEqual([ids(8)[2]])
      expect(Revocation.pending([], all)).toEqual({ ids: [], inDoubt: [] })
    })
  )
})

describe("several workspaces", () => {
  it.effect("have a run each: what dooms one leaves the others running", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const admin = yield* mock.createApiKey()
      const workspaces = yield* Effect.forEach([true, false], (paid) =>
        mock.createWorkspace({ paid, admin: mock.workspaceId })
      )
      const runs = yield* Effect.forEach(workspaces, (workspaceId) =>
        Effect.map(Effect.replicateEffect(mock.createApiKey({ workspaceId }), 30), (keys) =>
          Revocation.run(
            keys.map(({ id }) => id),
            { concurrency: 2 }
          ).pipe(
            Stream.map(({ _tag }) => `${workspaceId === workspaces[0] ? "paid" : "unpaid"} ${_tag}`),
            Stream.provideLayer(Instantly.layer({ apiKey: admin.secret, workspaceId, rateLimit: RateLimit.unlimited }))
          )
        )
      )
      const all = yield* Stream.runCollect(Stream.mergeAll(runs, { concurrency: "unbounded" })).pipe(inVirtualTime)
      const count = (what: string) => Chunk.size(Chunk.filter(all, (one) => one === what))
      expect(count("paid Deleted")).toBe(30)
      expect(count("unpaid Failed") + count("unpaid Skipped")).toBe(30)
      expect(count("unpaid Failed")).toBeLessThanOrEqual(2)
    }).pipe(Effect.provide(InstantlyMock.layer()))
  )
})
