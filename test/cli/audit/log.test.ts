import { afterAll, beforeAll, describe, expect, it, vi } from "@effect/vitest"
import { Chunk, DateTime, Effect, Exit, Option, type Redacted, Schema, Stream } from "effect"
import { Instantly, InstantlyClient } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { rows } from "../../../src/cli/audit/log.js"
import * as Trail from "../../../src/cli/audit/trail.js"
import { inVirtualTime } from "../../support/virtual.js"

// What the tool says is on this process's own stderr.
beforeAll(() => {
  vi.spyOn(process.stderr, "write").mockReturnValue(true)
})
afterAll(() => {
  vi.restoreAllMocks()
})

const day = 86_400_000
const today = Date.parse("2026-06-01T00:00:00Z")

/** Makes rows, the newest today, one a day. */
const withRows = (n: number, metadata: Readonly<Record<string, unknown>> = {}) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey({ scopes: ["audit_logs:read"] })
    yield* Effect.forEach(Array.from({ length: n }), (_, index) =>
      mock.recordActivity({ type: 34, apiKeyId: caller.id, at: today - index * day, metadata })
    )
    return { mock, layer: Instantly.layer({ apiKey: caller.secret }) }
  })

const read = (since = Option.none<DateTime.Utc>()) => Effect.map(Stream.runCollect(rows(since)), Chunk.toReadonlyArray)

const pages = (mock: InstantlyMock.Service) =>
  Effect.map(mock.arrivals, (all) => all.map(({ path }) => new URL(path, "http://x").searchParams.get("limit")))

describe("the rows of the audit log", () => {
  it.effect("are all of 10,000, in pages of 200, with a 429 in between", () =>
    Effect.gen(function* () {
      const { layer, mock } = yield* withRows(10_000)
      yield* mock.script(Fault.nth(20, Fault.respond({ status: 429 })))
      const all = yield* Effect.provide(read(), layer)
      // one of them is the creation of the key to call with
      expect(new Set(all.map(({ id }) => id)).size).toBe(10_001)
      expect(new Set(yield* pages(mock))).toEqual(new Set(["200"]))
      expect((yield* mock.arrivals).filter(({ status }) => Option.contains(status, 429))).toHaveLength(1)
    }).pipe(Effect.provide(InstantlyMock.layer()), inVirtualTime)
  )

  it.effect("are all of them where a page with its metadata is longer than a response may be", () =>
    Effect.gen(function* () {
      const { layer, mock } = yield* withRows(300, { note: "x".repeat(100_000) })
      expect(yield* Effect.provide(read(), layer)).toHaveLength(301)
      expect(Math.min(...(yield* pages(mock)).map(Number))).toBeLessThan(21)
    }).pipe(Effect.provide(InstantlyMock.layer()), inVirtualTime)
  )

  it.effect.each([{ order: "newestFirst" }, { order: "oldestFirst" }] as const)(
    "are those since a date, whatever the log does with it ($order)",
    ({ order }) =>
      Effect.gen(function* () {
        const { layer, mock } = yield* withRows(1000)
        const since = DateTime.unsafeMake(today - 10 * day)
        const all = yield* Effect.provide(read(Option.some(since)), layer)
        expect(all.filter(({ activity }) => activity === 34)).toHaveLength(11)
        expect((yield* mock.arrivals)[0]?.path).toContain("start_date=2026-05-22")
      }).pipe(Effect.provide(InstantlyMock.layer({ auditLog: { order } })), inVirtualTime)
  )

  it.effect("are not read beyond a page of older ones, even if the log ignores the date", () =>
    Effect.gen(function* () {
      let page = 0
      const client = InstantlyClient.InstantlyClient.of({
        execute: (_, schema) =>
          Effect.suspend(() => {
            page += 1
            const item = (n: number) => ({
              id: `${page}-${n}`,
              timestamp: new Date(today - page * day).toISOString(),
              activity_type: 1,
              ip_address: "::1",
              from_api: true
            })
            const items = Array.from({ length: 200 }, (_, n) => item(n))
            return Effect.orDie(Schema.decodeUnknown(schema)({ items, next_starting_after: `${page}` }))
          })
      })
      const since = Option.some(DateTime.unsafeMake(today - 3 * day))
      const all = yield* Effect.provideService(read(since), InstantlyClient.InstantlyClient, client)
      expect(all).toHaveLength(600)
      expect(page).toBe(4)
    })
  )

  it.effect("have the UUIDs that stand anywhere in the metadata of a creation", () =>
    Effect.gen(function* () {
      const { layer, mock } = yield* withRows(0)
      const id = "019e18e2-78d4-7322-941a-7384d8969c61"
      const metadata = { deep: [{ er: `key ${id.toUpperCase()} (backup)` }], null: null }
      yield* mock.recordActivity({ type: 37, metadata })
      const [newest] = yield* Effect.provide(read(), layer)
      expect(newest?.uuids).toEqual([id])
    }).pipe(Effect.provide(InstantlyMock.layer()), inVirtualTime)
  )

  it.effect("fail where a full page has a cursor that came before: more may follow", () =>
    Effect.gen(function* () {
      const { layer, mock } = yield* withRows(0)
      const item = { id: "a", timestamp: "2026-01-01T00:00:00Z", activity_type: 1, ip_address: "::1", from_api: true }
      const body = JSON.stringify({ items: Array.from({ length: 200 }, () => item), next_starting_after: "again" })
      yield* mock.script(Fault.always(Fault.respond({ status: 200, body })))
      const exit = yield* Effect.exit(Effect.provide(read(), layer))
      expect(String(Exit.isFailure(exit) ? exit.cause : "")).toContain("at a cursor that came before")
    }).pipe(Effect.provide(InstantlyMock.layer()), inVirtualTime)
  )
})

describe("a trail", () => {
  it.effect("keeps a row with the id of its key, although the log loses that when the key is deleted", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey({ scopes: ["audit_logs:read"] })
      const leaked = yield* mock.createApiKey()
      yield* mock.playThief(leaked)
      const trail = Trail.make(Option.none())
      yield* Effect.gen(function* () {
        expect(yield* trail.read()).toBe("Whole")
        yield* mock.deleteApiKey(leaked.id)
        const second = Trail.make(Option.none())
        yield* second.read()
        expect((yield* second.rows).filter(({ keyId }) => Option.contains(keyId, leaked.id))).toEqual([])
        expect(yield* trail.read()).toBe("Whole")
      }).pipe(Effect.provide(Instantly.layer({ apiKey: caller.secret })))
      expect((yield* trail.rows).filter(({ keyId }) => Option.contains(keyId, leaked.id))).toHaveLength(3)
    }).pipe(Effect.provide(InstantlyMock.layer({ auditLog: { deletedKeyId: "lost" } })), inVirtualTime)
  )

  const readingWith = (apiKey: Redacted.Redacted, options?: Parameters<Trail.Trail["read"]>[0]) =>
    Effect.provide(Trail.make(Option.none()).read(options), Instantly.layer({ apiKey }))

  it.effect("is refused without the scope, and partly read where it is stopped or takes too long", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const reader = yield* mock.createApiKey({ scopes: ["audit_logs:read"] })
      const other = yield* mock.createApiKey({ scopes: ["api_keys:read"] })
      expect(yield* readingWith(other.secret)).toBe("Refused")
      expect(yield* readingWith(reader.secret, { stop: Effect.void })).toBe("Part")
      yield* mock.script(Fault.always(Fault.swallowRequest))
      expect(yield* readingWith(reader.secret, { atMost: "10 seconds" })).toBe("Part")
    }).pipe(Effect.provide(InstantlyMock.layer()), inVirtualTime)
  )
})
