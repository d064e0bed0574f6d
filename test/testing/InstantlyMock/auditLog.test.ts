import { HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Array as Arr, Effect, Option, type Redacted, Schema, Stream, TestClock } from "effect"
import { Fault, type InstantlyMock } from "effect-instantly/testing"
import { remove, send, withDouble } from "../../support/requests.js"

const Page = Schema.Struct({
  items: Schema.Array(Schema.Record({ key: Schema.String, value: Schema.Unknown })),
  next_starting_after: Schema.optional(Schema.String)
})
type Query = Readonly<Record<string, string | number>>

const audit = (secret: Redacted.Redacted, urlParams: Query = {}) =>
  send(HttpClientRequest.get("https://api.instantly.ai/api/v2/audit-logs", { urlParams }), secret)

const page = (secret: Redacted.Redacted, query?: Query) =>
  audit(secret, query).pipe(
    Effect.filterOrFail(({ status }) => status === 200),
    Effect.flatMap(({ body }) => Schema.decodeUnknown(Page)(body))
  )

const rows = (secret: Redacted.Redacted, query?: Query) => Effect.map(page(secret, query), ({ items }) => items)

const types = (items: (typeof Page.Type)["items"]) => items.map(({ activity_type }) => activity_type)

/** All rows of a log, page by page. A page that is refused is requested again. */
const readAll = (secret: Redacted.Redacted, limit: number) =>
  Stream.paginateEffect(undefined, (cursor: string | undefined) =>
    page(secret, { limit, ...(cursor === undefined ? {} : { starting_after: cursor }) }).pipe(
      Effect.retry({ times: 1 }),
      Effect.map(({ items, next_starting_after: next }) => [
        items,
        items.length === 0 || next === undefined ? Option.none() : Option.some(next)
      ])
    )
  ).pipe(
    Stream.runCollect,
    Effect.map((pages) => Array.from(pages).flat())
  )

it.effect("a row says what was done, by whom and from where", () =>
  withDouble({}, (mock) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 10, 23))
      const caller = yield* mock.createApiKey({ name: "caller" })
      const leaked = yield* mock.createApiKey({ name: "leaked" })
      yield* remove(leaked.id, caller.secret)
      const [deleted, created] = yield* rows(caller.secret)
      expect(deleted).toMatchObject({
        timestamp: "2026-11-23T00:00:00.000Z",
        organization_id: mock.workspaceId,
        activity_type: 38,
        ip_address: "127.0.0.1",
        user_agent: "test/1.0",
        from_api: true,
        api_key_id: caller.id,
        user_name: null,
        audit_metadata: { api_key: { id: leaked.id, name: "leaked" } }
      })
      expect(created).toMatchObject({
        activity_type: 37,
        from_api: false,
        api_key_id: null,
        user_name: "Made-up Person",
        audit_metadata: { api_key: { id: leaked.id } }
      })
    })
  )
)

it.effect("a request that was refused leaves no row", () =>
  withDouble({}, (mock) =>
    Effect.gen(function* () {
      const caller = yield* mock.createApiKey({ scopes: ["audit_logs:read"] })
      yield* remove(caller.id, caller.secret)
      yield* mock.deleteApiKey((yield* mock.createApiKey()).id)
      yield* mock.deleteApiKey((yield* mock.createApiKey()).id)
      expect(types(yield* rows(caller.secret))).toEqual([38, 37, 38, 37, 37])
    })
  )
)

describe("a thief's visit", () => {
  const visit: InstantlyMock.Theft = {
    keyNames: ["backup", "\u001b[2Jbackup 2"],
    exportedLeads: 4711,
    webhooks: 2,
    at: Date.UTC(2026, 0, 2),
    ipAddress: "203.0.113.7",
    userAgent: "\u001b]0;made up\u0007"
  }

  it.effect("creates keys that work, exports leads and creates webhooks, in the thief's own words", () =>
    withDouble({}, (mock) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.UTC(2026, 0, 3))
        const leaked = yield* mock.createApiKey({ name: "leaked", scopes: ["leads:all"] })
        const { keys, webhookIds } = yield* mock.playThief(leaked, visit)
        const [backup] = keys
        if (backup === undefined) return expect.unreachable()
        const log = (yield* rows(backup.secret)).filter(({ api_key_id }) => api_key_id === leaked.id)
        expect(types(log)).toEqual([18, 18, 34, 37, 37])
        for (const row of log) {
          expect(row).toMatchObject({
            timestamp: "2026-01-02T00:00:00.000Z",
            ip_address: visit.ipAddress,
            user_agent: visit.userAgent,
            from_api: true
          })
        }
        expect(log.slice(0, 2).map(({ webhook_id }) => webhook_id)).toEqual([...webhookIds].reverse())
        expect(log[2]).toMatchObject({ affected_count: 4711 })
        expect(keys.map(({ name }) => name)).toEqual(visit.keyNames)
        expect((yield* mock.apiKeys).map(({ id }) => id)).toEqual([leaked.id, ...keys.map(({ id }) => id)])
      })
    )
  )

  it.effect("happens now, with a key, an export and a webhook, unless it is said otherwise", () =>
    withDouble({}, (mock) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(1000)
        const leaked = yield* mock.createApiKey()
        yield* mock.playThief(leaked)
        const log = (yield* rows(leaked.secret)).filter(({ from_api }) => from_api)
        expect(log.map(({ activity_type, timestamp }) => [activity_type, timestamp])).toEqual([
          [18, "1970-01-01T00:00:01.000Z"],
          [34, "1970-01-01T00:00:01.000Z"],
          [37, "1970-01-01T00:00:01.000Z"]
        ])
        yield* mock.playThief(leaked, { keyNames: [], exportedLeads: 0, webhooks: 0 })
        expect((yield* rows(leaked.secret)).filter(({ from_api }) => from_api)).toEqual(log)
      })
    )
  )
})

describe("what nobody knows", () => {
  const hour = 3_600_000

  /** The row about the thief's key, that key, and the time at which it was created. */
  const theftOf = (auditLog: InstantlyMock.Options["auditLog"] & {}) =>
    withDouble({ auditLog }, (mock) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(hour)
        const caller = yield* mock.createApiKey()
        const leaked = yield* mock.createApiKey()
        const { keys } = yield* mock.playThief(leaked, { webhooks: 0, exportedLeads: 0 })
        yield* remove(leaked.id, caller.secret)
        const log = yield* rows(caller.secret, { activity_type: 37 })
        return { leaked, keys, rows: log.filter(({ from_api }) => from_api) }
      })
    )

  it.effect.each([
    ["its id", "id", 0, true],
    ["the time alone", "time", 0, false],
    ["nothing", "nothing", 60_000, false]
  ] as const)("which key was created, %s can show", ([, createdKey, earlier, isNamed]) =>
    Effect.gen(function* () {
      const { keys, rows } = yield* theftOf({ createdKey })
      expect(rows).toHaveLength(1)
      expect(JSON.stringify(rows).includes(`${keys[0]?.id}`)).toBe(isNamed)
      expect(rows[0]?.["timestamp"]).toBe(new Date(hour - earlier).toISOString())
    })
  )

  it.effect.each(["kept", "lost"] as const)("the id of a key that was deleted can be %s", (deletedKeyId) =>
    Effect.gen(function* () {
      const { leaked, rows } = yield* theftOf({ deletedKeyId })
      expect(rows.map(({ api_key_id }) => api_key_id)).toEqual([deletedKeyId === "kept" ? leaked.id : null])
    })
  )

  it.effect.each([
    ["newestFirst", [38, 37, 37]],
    ["oldestFirst", [37, 37, 38]]
  ] as const)("rows can come %s", ([order, expected]) =>
    withDouble({ auditLog: { order } }, (mock) =>
      Effect.gen(function* () {
        const caller = yield* mock.createApiKey()
        yield* mock.deleteApiKey((yield* mock.createApiKey()).id)
        expect(types(yield* rows(caller.secret))).toEqual(expected)
        expect(types(yield* readAll(caller.secret, 1))).toEqual(expected)
      })
    )
  )

  it.effect("rows can come seconds late, as lists do", () =>
    withDouble({ listLag: "15 seconds" }, (mock) =>
      Effect.gen(function* () {
        const caller = yield* mock.createApiKey()
        yield* TestClock.adjust("14 seconds")
        expect(yield* rows(caller.secret)).toEqual([])
        yield* TestClock.adjust("1 second")
        expect(yield* rows(caller.secret)).toHaveLength(1)
      })
    )
  )
})

describe("a request for rows", () => {
  const days = ["2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z", "2026-01-03T10:00:00Z"].map((day) => Date.parse(day))

  it.effect.each<readonly [string, Query, ReadonlyArray<number>]>([
    ["of one activity", { activity_type: 2 }, [2]],
    ["with a text", { search: "MADE/2" }, [2]],
    ["with a text in the metadata", { search: "campaign 3" }, [3]],
    ["from a day", { start_date: "2026-01-02" }, [3, 2]],
    ["until the end of a day", { end_date: "2026-01-02" }, [2, 1]],
    ["from a moment", { start_date: "2026-01-02T10:00:00Z" }, [3, 2]],
    ["after a moment", { start_date: "2026-01-02T10:00:00.001Z" }, [3]],
    ["until a moment", { end_date: "2026-01-02T10:00:00Z" }, [2, 1]],
    ["before a moment", { end_date: "2026-01-02T09:59:59.999Z" }, [1]],
    ["of a day, on pages", { start_date: "2026-01-01", end_date: "2026-01-03", limit: 2 }, [3, 2]]
  ])("%s gives those", ([, query, expected]) =>
    withDouble({}, (mock) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.UTC(2025, 0, 1))
        const { secret } = yield* mock.createApiKey()
        yield* Effect.forEach([3, 1, 2], (type) =>
          mock.recordActivity({
            type,
            userAgent: `made/${type}`,
            metadata: { name: `Campaign ${type}` },
            ...(days[type - 1] === undefined ? {} : { at: days[type - 1] })
          })
        )
        const made = (yield* rows(secret, query)).filter(({ activity_type }) => activity_type !== 37)
        expect(types(made)).toEqual(expected)
      })
    )
  )

  it.effect("with a date that is none is refused", () =>
    withDouble({}, (mock) =>
      Effect.gen(function* () {
        const { secret } = yield* mock.createApiKey()
        expect((yield* audit(secret, { end_date: "yesterday" })).body).toMatchObject({ message: "Invalid end_date" })
      })
    )
  )

  it.effect("sees the rows of its workspace alone", () =>
    withDouble({}, (mock) =>
      Effect.gen(function* () {
        const sub = yield* mock.createWorkspace()
        const caller = yield* mock.createApiKey()
        yield* mock.recordActivity({ type: 2 }, sub)
        yield* mock.createApiKey({ workspaceId: sub })
        expect(types(yield* rows(caller.secret))).toEqual([37])
      })
    )
  )

  it.effect("reads 10,000 rows in pages of 200, although one is rejected on the way", () =>
    withDouble({ limits: [] }, (mock) =>
      Effect.gen(function* () {
        const { secret } = yield* mock.createApiKey({ scopes: ["audit_logs:read"] })
        const metadata = { text: "x".repeat(1000) }
        yield* Effect.forEach(Arr.range(1, 9_999), (at) => mock.recordActivity({ type: 9, at, metadata }))
        yield* mock.script(Fault.nth(25, Fault.respond({ status: 429, body: "{}" })))
        const read = yield* readAll(secret, 200)
        expect(new Set(read.map(({ id }) => id)).size).toBe(10_000)
        const statuses = (yield* mock.arrivals).map(({ status }) => Option.getOrNull(status))
        // 50 pages, an empty one after the last cursor, and the one that was rejected
        expect(statuses).toHaveLength(52)
        expect(statuses[24]).toBe(429)
      })
    )
  )
})
