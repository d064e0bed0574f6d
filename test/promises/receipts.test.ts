/**
 * Runs of many deletions, each receipt compared with what the double knows to be true, under both limits, in virtual time.
 */
import { HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import {
  Chunk,
  Duration,
  Effect,
  Exit,
  FastCheck,
  Fiber,
  Layer,
  Logger,
  LogLevel,
  Option,
  Random,
  Ref,
  Schedule,
  Stream
} from "effect"
import { type ApiKey, ApiKeys, Instantly, InstantlyClient, RateLimit, Revocation } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { histories, scaled } from "../support/histories.js"
import { simulate } from "../support/simulation.js"

/** What latency varies by: as much as the gate allows for. */
const latency = Fault.always(Fault.delayRequest(Effect.map(Random.nextIntBetween(5, 55), Duration.millis)))

const page = "<html>Sign in to the network of this hotel</html>"

const envelope = (statusCode: number, error: string) => JSON.stringify({ statusCode, error, message: "made-up" })

/** One request in a hundred each, of everything that does not doom the others. */
const everyFault = [
  Fault.refuse,
  Fault.loseRequest,
  Fault.loseResponse,
  Fault.cutResponse,
  Fault.swallowRequest,
  Fault.swallowResponse,
  Fault.delayRequest("20 seconds"),
  Fault.delayResponse("20 seconds"),
  Fault.changeResponse((response) => ({ ...response, body: page })),
  Fault.respond({ status: 400, body: envelope(400, "Bad Request") }),
  ...[200, 302, 403, 408, 429, 500, 503].map((status) => Fault.respond({ status, body: page }))
]
const onePercentEach = everyFault.map((fault) => Fault.atRate(0.01, fault))

/** All of this library for one workspace of a double, with draws that are the same each time. */
const instantly = (mock: InstantlyMock.Service, caller: InstantlyMock.CreatedApiKey) =>
  Instantly.layer({ apiKey: caller.secret }).pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, mock.httpClient)))

const createMany = (mock: InstantlyMock.Service, n: number, workspaceId = mock.workspaceId) =>
  Effect.map(Effect.replicateEffect(mock.createApiKey({ workspaceId }), n), (keys) => keys.map(({ id }) => id))

const reproducibly = <A, E>(effect: Effect.Effect<A, E>) => Effect.withRandom(effect, Random.make("revocation"))

const succeed = async <A, E>(effect: Effect.Effect<A, E>): Promise<A> => {
  const exit = await simulate(reproducibly(effect), "1 day")
  if (Exit.isFailure(exit)) throw new Error(String(exit.cause))
  return exit.value
}

type Arrivals = ReadonlyArray<InstantlyMock.Arrival>

const tally = (receipts: Iterable<Revocation.Receipt>): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { _tag } of receipts) counts[_tag] = (counts[_tag] ?? 0) + 1
  return counts
}

const byId = (arrivals: Arrivals): ReadonlyMap<string, Arrivals> => {
  const groups = new Map<string, Array<InstantlyMock.Arrival>>()
  for (const arrival of arrivals) {
    const id = arrival.path.slice(arrival.path.lastIndexOf("/") + 1)
    groups.set(id, [...(groups.get(id) ?? []), arrival])
  }
  return groups
}

/**
 * What a receipt says that is not so; nothing, it is hoped. `arrivals` are the requests for its id, late ones included, and
 * `before` is whether its key was there before them.
 */
const untruths = (
  receipt: Revocation.Receipt,
  arrivals: Arrivals,
  exists: boolean,
  before = true
): ReadonlyArray<string> => {
  const applied = arrivals.find((arrival) => arrival.applied)
  const at = Number(receipt.at.epochMillis)
  const laws: Array<readonly [law: string, holds: boolean]> = [
    ["the requests are counted", !("attempts" in receipt) || receipt.attempts === arrivals.length],
    ["none was sent after the receipt", receipt._tag !== "Skipped" || arrivals.length === 0]
  ]
  switch (receipt._tag) {
    case "Deleted":
      laws.push(["it is gone by this run", applied !== undefined && applied.at <= at && !exists])
      laws.push(["Instantly's own response confirms it", arrivals.at(-1)?.status.pipe(Option.contains(200)) === true])
      break
    case "NotFound":
      laws.push(
        ["it is not in the workspace", !exists],
        ["by this run only where that is said", applied === undefined || receipt.outcome === "Unknown"]
      )
      break
    case "Failed":
    case "Skipped":
      laws.push(["it is as it was", exists === before], ["nothing was carried out", applied === undefined])
      break
    case "Unknown":
      laws.push(["it is gone by this run, or as it was", exists === (before && applied === undefined)])
  }
  return laws.filter(([, holds]) => !holds).map(([law]) => `${receipt._tag} ${receipt.id}: ${law}`)
}

const many = scaled(10_000)

describe(`${many} ids`, () => {
  it("are deleted at nine tenths of the limit or more, and none is refused", async () => {
    const { arrivals, receipts, worst } = await succeed(
      Effect.gen(function* () {
        const mock = yield* InstantlyMock.make({ faults: [latency] })
        const caller = yield* mock.createApiKey()
        const ids = yield* createMany(mock, many)
        const receipts = yield* Revocation.run(ids).pipe(Stream.runCollect, Effect.provide(instantly(mock, caller)))
        const worst = { second: yield* mock.worstWindow("1 second"), minute: yield* mock.worstWindow("1 minute") }
        return { receipts, worst, arrivals: yield* mock.arrivals }
      }).pipe(Effect.scoped)
    )
    expect(tally(receipts)).toEqual({ Deleted: many })
    expect(new Set(Chunk.map(receipts, ({ id }) => id)).size).toBe(many)
    expect(arrivals.filter(({ status }) => Option.contains(status, 429))).toEqual([])
    expect(worst.second).toBeLessThanOrEqual(100)
    expect(worst.minute).toBeLessThanOrEqual(6_000)
    const lasted = (arrivals.at(-1)?.at ?? Number.NaN) - (arrivals[0]?.at ?? 0)
    expect(lasted / 1000).toBeLessThan(many / 90)
  }, 600_000)
})

describe("a receipt", () => {
  it("comes once for each id and is true, whatever the network does", async () => {
    const { arrivals, existing, gone, ids, receipts } = await succeed(
      Effect.gen(function* () {
        const mock = yield* InstantlyMock.make({ faults: [...onePercentEach, latency] })
        const caller = yield* mock.createApiKey()
        const there = yield* createMany(mock, 2_000)
        const gone = yield* createMany(mock, 100)
        yield* Effect.forEach(gone, mock.deleteApiKey, { discard: true })
        const ids = [...there, ...gone]
        const receipts = yield* Revocation.run(ids, { concurrency: 100 }).pipe(
          Stream.runCollect,
          Effect.provide(instantly(mock, caller))
        )
        // what is still on its way arrives
        yield* Effect.sleep("10 minutes")
        return {
          ids,
          gone: new Set<string>(gone),
          receipts,
          arrivals: yield* mock.arrivals,
          existing: yield* mock.apiKeys
        }
      }).pipe(Effect.scoped)
    )
    expect(
      Chunk.toReadonlyArray(receipts)
        .map(({ id }) => id)
        .sort()
    ).toEqual([...ids].sort())
    const sent = byId(arrivals)
    const there = new Set<string>(existing.map(({ id }) => id))
    expect(
      Chunk.toReadonlyArray(receipts).flatMap((receipt) =>
        untruths(receipt, sent.get(receipt.id) ?? [], there.has(receipt.id), !gone.has(receipt.id))
      )
    ).toEqual([])
    // every kind of end, and of fault, was among them
    expect(Object.keys(tally(receipts)).sort()).toEqual(["Deleted", "Failed", "NotFound", "Unknown"])
    expect(new Set(arrivals.map(({ fault }) => Option.getOrElse(fault, () => "none"))).size).toBe(everyFault.length)
    // the gate did its part: what was refused, the faults refused
    expect(arrivals.filter(({ reason }) => reason === "rate limit")).toEqual([])
  }, 600_000)

  it("is Unknown when nobody can know, and some of those keys are gone, some still there", async () => {
    const { arrivals, existing, receipts } = await succeed(
      Effect.gen(function* () {
        const mock = yield* InstantlyMock.make({
          faults: [Fault.atRate(0.4, Fault.loseRequest), Fault.atRate(0.7, Fault.delayRequest("2 minutes")), latency]
        })
        const caller = yield* mock.createApiKey()
        const ids = yield* createMany(mock, 300)
        const receipts = yield* Revocation.run(ids, { concurrency: 100 }).pipe(
          Stream.runCollect,
          Effect.provide(instantly(mock, caller))
        )
        yield* Effect.sleep("10 minutes")
        return { receipts, arrivals: yield* mock.arrivals, existing: yield* mock.apiKeys }
      }).pipe(Effect.scoped)
    )
    const sent = byId(arrivals)
    const there = new Set<string>(existing.map(({ id }) => id))
    const unknown = Chunk.toReadonlyArray(receipts).filter(({ _tag }) => _tag === "Unknown")
    expect(new Set(unknown.map(({ id }) => there.has(id)))).toEqual(new Set([true, false]))
    expect(
      Chunk.toReadonlyArray(receipts).flatMap((receipt) =>
        untruths(receipt, sent.get(receipt.id) ?? [], there.has(receipt.id))
      )
    ).toEqual([])
  }, 600_000)
})

describe("a workspace whose plan ends in the middle", () => {
  it("has the rest of its ids skipped, and the other workspaces go on", async () => {
    const { arrivals, receipts, workspaces } = await succeed(
      Effect.gen(function* () {
        const mock = yield* InstantlyMock.make({ faults: [latency] })
        const workspaces = yield* Effect.replicateEffect(mock.createWorkspace(), 3)
        const runs = yield* Effect.forEach(workspaces, (workspaceId) =>
          Effect.gen(function* () {
            const caller = yield* mock.createApiKey({ workspaceId })
            const ids = yield* createMany(mock, 300, workspaceId)
            return Revocation.run(ids).pipe(
              Stream.map((receipt) => ({ workspaceId, receipt })),
              Stream.provideSomeLayer(instantly(mock, caller))
            )
          })
        )
        yield* Effect.fork(Effect.delay(mock.setPaid(false, workspaces[1]), "1 second"))
        const receipts = yield* Stream.runCollect(Stream.mergeAll(runs, { concurrency: "unbounded" }))
        return { workspaces, receipts, arrivals: yield* mock.arrivals }
      }).pipe(Effect.scoped)
    )
    const of = (n: number) =>
      Chunk.toReadonlyArray(receipts)
        .filter(({ workspaceId }) => workspaceId === workspaces[n])
        .map(({ receipt }) => receipt)
    expect([tally(of(0)), tally(of(2))]).toEqual([{ Deleted: 300 }, { Deleted: 300 }])
    const { Deleted = 0, Failed = 0, Skipped = 0 } = tally(of(1))
    expect(Deleted + Failed + Skipped).toBe(300)
    expect(Deleted).toBeGreaterThan(80)
    // those under way when the first was refused, and no more
    expect(Failed).toBeGreaterThan(0)
    expect(Failed).toBeLessThanOrEqual(25)
    const reasons = of(1).flatMap((receipt) => (receipt._tag === "Skipped" ? [receipt.reason] : []))
    expect(new Set(reasons)).toEqual(new Set(["PaymentRequired"]))
    expect(arrivals.filter(({ status }) => Option.contains(status, 402))).toHaveLength(Failed)
  }, 600_000)
})

/** Somebody on the way answers in Instantly's place. */
const walls: ReadonlyArray<readonly [string, Fault.Fault]> = [
  ["a portal that lets nothing through", Fault.respond({ status: 200, body: page })],
  ["a filter that blocks what comes back", Fault.changeResponse(() => ({ status: 403, headers: {}, body: page }))]
]

/** A run that meets a wall after 100 requests, and another one once the wall has gone. */
const meet = (wall: Fault.Fault) =>
  Effect.gen(function* () {
    const behindTheWall = wall.pipe(Fault.and(Fault.delayRequest("30 millis")))
    const mock = yield* InstantlyMock.make({ faults: [Fault.after(100, Fault.times(60, behindTheWall)), latency] })
    const caller = yield* mock.createApiKey()
    const ids = yield* createMany(mock, 500)
    const run = (ids: ReadonlyArray<ApiKey.ApiKeyId>, options?: Revocation.Options) =>
      Revocation.run(ids, options).pipe(
        Stream.runCollect,
        Effect.map(Chunk.toReadonlyArray),
        Effect.provide(instantly(mock, caller))
      )
    const first = yield* run(ids)
    const arrivals = byId(yield* mock.arrivals)
    const isThere = new Set<string>((yield* mock.apiKeys).map(({ id }) => id))
    // the rest of the wall is in the way of somebody else
    yield* Effect.replicateEffect(mock.httpClient.get("https://api.instantly.ai/"), 160 - arrivals.size)
    const pending = Revocation.pending(ids, first)
    const second = yield* run(pending.ids, { inDoubt: pending.inDoubt })
    return { ids, first, arrivals, isThere, inDoubt: pending.inDoubt, second }
  }).pipe(Effect.scoped)

describe("a wall in the middle of a run", () => {
  it.each(walls)(
    "gets a handful of ids, which a later run settles with the others: %s",
    async (_, wall) => {
      const { arrivals, first, ids, inDoubt, isThere, second } = await succeed(meet(wall))
      const { Deleted = 0, Skipped = 0, Unknown = 0 } = tally(first)
      expect([Deleted, Deleted + Unknown + Skipped]).toEqual([100, 500])
      // five, what was under way, and what was taken while deletions from before the wall were still ending
      expect(Unknown).toBeGreaterThanOrEqual(5)
      expect(Unknown).toBeLessThan(50)
      for (const one of first) if (one._tag === "Skipped") expect(one.reason).toBe("Blocked")
      expect(first.flatMap((one) => untruths(one, arrivals.get(one.id) ?? [], isThere.has(one.id)))).toEqual([])
      expect(inDoubt).toHaveLength(Unknown)
      expect(Revocation.pending(ids, [...first, ...second]).ids).toEqual([])
      // what the first run deleted behind the wall is no key that never was
      const deletedBehind = ids.length - isThere.size + 1 - Deleted
      const missing = second.flatMap((one) => (one._tag === "NotFound" ? [one.outcome] : []))
      expect(missing).toEqual(Array.from({ length: deletedBehind }, () => "Unknown"))
    },
    600_000
  )
})

/** What an app hands in, where it throws. */
const dying = Effect.sync((): never => {
  throw new TypeError("made-up")
})

/** A run that ends early, at any time. */
const early = FastCheck.record({
  after: FastCheck.integer({ min: 0, max: 3_000 }),
  concurrency: FastCheck.integer({ min: 1, max: 40 }),
  slow: FastCheck.integer({ min: 1, max: 1_000 })
})

/** What there is of a run once it has ended early, and an hour later. */
const endEarly = (
  { after, concurrency, slow }: typeof early extends FastCheck.Arbitrary<infer A> ? A : never,
  how: "stop" | "a stop that dies" | "interruption"
) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.make({
      faults: [Fault.atRate(0.05, Fault.loseResponse), Fault.always(Fault.delayRequest(slow))]
    })
    const caller = yield* mock.createApiKey()
    const ids = yield* createMany(mock, 120)
    const receipts = yield* Ref.make<ReadonlyArray<Revocation.Receipt>>([])
    const sentFor = Effect.map(mock.arrivals, (arrivals) => new Set(byId(arrivals).keys()))
    const fiber = yield* Revocation.run(ids, {
      concurrency,
      ...(how === "interruption" ? {} : { stop: Effect.delay(how === "stop" ? Effect.void : dying, after) })
    }).pipe(
      Stream.runForEach((receipt) => Ref.update(receipts, (all) => [...all, receipt])),
      Effect.provide(instantly(mock, caller)),
      Effect.fork
    )
    yield* Effect.sleep(after)
    const settledAtStop = (yield* Ref.get(receipts)).length
    if (how === "interruption") yield* Fiber.interrupt(fiber)
    else yield* Fiber.await(fiber)
    const sent = yield* sentFor
    yield* Effect.sleep("1 hour")
    return {
      ids,
      concurrency,
      settledAtStop,
      receipts: yield* Ref.get(receipts),
      sent,
      sentLater: yield* sentFor
    }
  }).pipe(Effect.scoped)

describe("an end at any time", () => {
  it.each(["stop", "a stop that dies"] as const)(
    "by %s leaves a receipt for each id that was sent, and the others to do",
    async (how) => {
      await FastCheck.assert(
        FastCheck.asyncProperty(early, async (early) => {
          const run = await succeed(endEarly(early, how))
          const settled = run.receipts.map(({ id }) => id)
          expect(settled).toHaveLength(new Set(settled).size)
          // what was sent has a receipt
          expect([...run.sentLater].filter((id) => !settled.some((one) => one === id))).toEqual([])
          // no more than what was under way came after it
          expect(settled.length).toBeLessThanOrEqual(run.settledAtStop + run.concurrency)
          const { ids: pending } = Revocation.pending(run.ids, run.receipts)
          const done = run.receipts.filter(Revocation.isSettled).map(({ id }) => id)
          expect([...pending, ...done].sort()).toEqual([...run.ids].sort())
        }),
        { numRuns: histories(100) }
      )
    },
    600_000
  )

  it("by an interruption leaves nothing running", async () => {
    await FastCheck.assert(
      FastCheck.asyncProperty(early, async (early) => {
        const run = await succeed(endEarly(early, "interruption"))
        expect(run.sentLater).toEqual(run.sent)
        expect(run.receipts.filter(({ id }) => !run.sent.has(id))).toEqual([])
      }),
      { numRuns: histories(100) }
    )
  }, 600_000)
})

/** What an app hands in that throws at some step, or never. */
const defects = FastCheck.record({
  policyDiesAt: FastCheck.integer({ min: 0, max: 4 }),
  gateDiesAt: FastCheck.option(FastCheck.integer({ min: 1, max: 150 }), { nil: undefined }),
  clientDiesAt: FastCheck.option(FastCheck.integer({ min: 1, max: 150 }), { nil: undefined }),
  seed: FastCheck.integer()
})

describe("what an app hands in that throws", () => {
  it("costs no receipt, and none of them its truth: a retry policy, a gate, a client", async () => {
    const seen = new Set<string>()
    await FastCheck.assert(
      FastCheck.asyncProperty(defects, async ({ clientDiesAt, gateDiesAt, policyDiesAt, seed }) => {
        const run = Effect.gen(function* () {
          const mock = yield* InstantlyMock.make({
            faults: [
              Fault.atRate(0.1, Fault.loseResponse),
              Fault.atRate(0.1, Fault.loseRequest),
              Fault.atRate(0.1, Fault.respond({ status: 503 })),
              latency
            ]
          })
          const caller = yield* mock.createApiKey()
          const ids = yield* createMany(mock, 60)
          const nth = (n: number | undefined) => {
            let count = 0
            return Effect.suspend(() => {
              count += 1
              return count === n ? dying : Effect.void
            })
          }
          const gate = yield* RateLimit.make(RateLimit.instantly)
          const passing = nth(gateDiesAt)
          const sending = nth(clientDiesAt)
          const services = ApiKeys.layer.pipe(
            Layer.provide(
              InstantlyClient.layer({
                apiKey: caller.secret,
                retryPolicy: Schedule.recurs(5).pipe(
                  Schedule.tapOutput((step) => (step === policyDiesAt ? dying : Effect.void))
                ),
                transformClient: HttpClient.transform((exchange) => Effect.zipRight(sending, exchange))
              })
            ),
            Layer.provide(
              Layer.succeed(RateLimit.RateLimit, { ...gate, acquire: Effect.zipRight(gate.acquire, passing) })
            ),
            Layer.provide(Layer.succeed(HttpClient.HttpClient, mock.httpClient))
          )
          const receipts = yield* Revocation.run(ids).pipe(Stream.runCollect, Effect.provide(services))
          yield* Effect.sleep("10 minutes")
          return { ids, receipts, arrivals: yield* mock.arrivals, existing: yield* mock.apiKeys }
          // each policy that dies is a warning
        }).pipe(Effect.scoped, Effect.withRandom(Random.make(seed)), Logger.withMinimumLogLevel(LogLevel.None))
        const { arrivals, existing, ids, receipts } = await succeed(run)
        expect(
          Chunk.toReadonlyArray(receipts)
            .map(({ id }) => id)
            .sort()
        ).toEqual([...ids].sort())
        const sent = byId(arrivals)
        const there = new Set<string>(existing.map(({ id }) => id))
        for (const receipt of receipts) {
          seen.add("error" in receipt ? receipt.error : receipt._tag)
          const known = untruths(receipt, sent.get(receipt.id) ?? [], there.has(receipt.id))
          // a client that dies was asked to send, and the double has not seen it
          expect(known.filter((law) => !(clientDiesAt !== undefined && law.includes("requests are counted")))).toEqual(
            []
          )
        }
      }),
      { numRuns: histories(200), seed: 1 }
    )
    expect([...seen].sort()).toEqual(["Deleted", "HeldBack", "NotFound", "ServerError", "TransportError"])
  }, 600_000)
})
