import { describe, expect, it } from "@effect/vitest"
import { Chunk, Deferred, Effect, Either, Fiber, Option, Schema, Stream, TestClock } from "effect"
import { type ApiKey, Instantly, InstantlyError, RateLimit, RetryPolicy, Revocation } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { deleting, ids, inOrder, tags, upperCase } from "./Revocation/deletions.js"
import { leaksIn } from "./support/leaks.js"
import { inVirtualTime } from "./support/virtual.js"

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
        inOrder,
        RetryPolicy.withRetryPolicy(RetryPolicy.none),
        Effect.provide(Instantly.layer({ apiKey: caller.secret })),
        inVirtualTime
      )
      const receipts = Object.fromEntries(all.map((receipt) => [receipt.id, receipt]))
      expect(keys.map(({ id }) => receipts[id])).toMatchObject([
        { _tag: "NotFound", error: "NotFound", outcome: "NotApplied", attempts: 1 },
        { _tag: "Failed", error: "TooManyRequests", attempts: 1 },
        { _tag: "Unknown", error: "ServerError", attempts: 1 },
        { _tag: "Deleted", name: Option.some("d") }
      ])
      expect((yield* mock.apiKeys).map(({ name }) => name)).toEqual(["made-up key", "b", "c"])
    }).pipe(Effect.provide(InstantlyMock.layer()))
  )

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

  it.effect.each([
    [4, 4],
    [undefined, 25],
    ["unbounded", 50]
  ] as const)("with a concurrency of %s has %i calls under way at once, and no more", ([concurrency, expected]) => {
    let most = 0
    let now = 0
    return Effect.gen(function* () {
      expect(yield* inVirtualTime(inOrder(Revocation.run(ids(50), { concurrency })))).toHaveLength(50)
      expect(most).toBe(expected)
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
        inOrder(
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

  it.effect("sends an id that comes twice twice, and pending leaves each id once", () =>
    Effect.gen(function* () {
      const [a, b] = ids(2)
      if (a === undefined || b === undefined) return expect.fail()
      const given = [a, b, upperCase(a)]
      expect((yield* inOrder(Revocation.run(given, { concurrency: 1 }))).map(({ id }) => id)).toEqual(given)
      expect(Revocation.pending(given, []).ids).toEqual([a, b])
    }).pipe(Effect.provide(deleting(() => Effect.void)))
  )

  it.effect("takes its ids before its options, or after them in a pipe", () =>
    Effect.gen(function* () {
      const given = ids(3)
      const stream = Stream.fromIterable(given)
      const options = { inDoubt: given } as const
      for (const run of [
        Revocation.run(given, options),
        Revocation.run(stream, options),
        Revocation.run(options)(given),
        Revocation.run(options)(stream),
        stream.pipe(Revocation.run(options))
      ]) {
        expect(tags(yield* inOrder(run))).toEqual(["Unknown", "Unknown", "Unknown"])
      }
      for (const run of [
        Revocation.run(given),
        Revocation.run(stream),
        Revocation.run()(given),
        stream.pipe(Revocation.run())
      ]) {
        expect(tags(yield* inOrder(run))).toEqual(["Failed", "Failed", "Failed"])
      }
    }).pipe(Effect.provide(deleting(() => new InstantlyError.TooManyRequests())))
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
    ["dies of a string", () => Effect.die("made-up-canary"), "an unknown error"],
    ["interrupts itself", () => Effect.interrupt, "an interruption"]
  ])("gives an Unknown receipt where a call %s, and the other ids go on", ([, fail, name]) =>
    Effect.gen(function* () {
      const all = yield* inOrder(Revocation.run(ids(5), { concurrency: 1 }))
      expect(tags(all)).toEqual(["Deleted", "Unknown", "Deleted", "Unknown", "Deleted"])
      expect(all[1]).toMatchObject({
        error: name,
        attempts: 0,
        requestId: Option.none(),
        message: `The call failed with ${name}, so the outcome of the request is unknown. Check whether it was carried out.`
      })
      expect(all.flatMap((receipt) => leaksIn(receipt, ["made-up-canary"]))).toEqual([])
      expect(Revocation.pending(ids(5), all).inDoubt).toEqual([ids(5)[1], ids(5)[3]])
    }).pipe(Effect.provide(deleting((index) => (index % 2 === 0 ? Effect.void : fail()))))
  )

  it.effect("gives a Failed receipt for what is not a UUID, shows it nowhere, and the other ids go on", () => {
    const sent: Array<number> = []
    const written: Array<unknown> = []
    return Effect.gen(function* () {
      const untyped: ReadonlyArray<ApiKey.ApiKeyId> = JSON.parse(
        `["made-up-canary", "${ids(2)[0]}", null, "", 7, {"id": "made-up-canary"}, "${ids(2)[1]}"]`
      )
      const write = (what: unknown) => Effect.sync(() => void written.push(what))
      const all = yield* inOrder(Revocation.run(untyped, { concurrency: 1, journal: { begin: write, record: write } }))
      expect(tags(all)).toEqual(["Failed", "Deleted", "Failed", "Failed", "Failed", "Failed", "Deleted"])
      const failed = all.filter(({ _tag }) => _tag === "Failed")
      for (const receipt of failed) {
        expect(receipt).toMatchObject({
          id: "00000000-0000-0000-0000-000000000000",
          error: "HeldBack",
          attempts: 0,
          message: expect.stringContaining("the id is not a UUID (it is not shown, because it may be a secret)")
        })
      }
      expect(sent).toEqual([0, 1])
      const [first, second] = [ids(2)[0], ids(2)[1]]
      expect(written).toEqual([all[0], first, all[1], ...all.slice(2, 6), second, all[6]])
      expect(leaksIn([all, written], ["made-up-canary"])).toEqual([])
      const line = Schema.parseJson(Revocation.Receipt)
      expect(
        yield* Effect.forEach(failed, (one) => Effect.flatMap(Schema.encode(line)(one), Schema.decode(line)))
      ).toEqual(failed)
    }).pipe(Effect.provide(deleting((index) => Effect.sync(() => sent.push(index)))))
  })

  it.effect("says of a 401 after a deletion that the run may have deleted the very key it authenticates with", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const before = yield* mock.createApiKey({ name: "before" })
      const caller = yield* mock.createApiKey({ name: "caller" })
      const after = yield* mock.createApiKey({ name: "after" })
      const live = Instantly.layer({ apiKey: caller.secret })
      const own = "This run has deleted keys: one of them may be the very key that it authenticates with.\n"
      const run = (keys: ReadonlyArray<InstantlyMock.CreatedApiKey>) =>
        Revocation.run(
          keys.map(({ id }) => id),
          { concurrency: 1 }
        ).pipe(inOrder, Effect.provide(live), inVirtualTime)
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
      new RangeError(`Revocation: concurrency must be a whole number of at least 1, or "unbounded", not ${concurrency}`)
    )
  })
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
