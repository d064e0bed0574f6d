/** The audit log: what was done in a workspace, by whom and from where. */
import * as Either from "effect/Either"
import { type Call, carriedOut, envelope, json, type Route } from "./exchange.js"
import { type Checked, limitIn, numberIn, textIn } from "./framework.js"
import type { Identity } from "./identity.js"
import { isDeleted, type Keys, type StoredKey } from "./keys.js"
import type { Options } from "./options.js"
import * as Page from "./page.js"

/**
 * Something that was done in a workspace: a row of its audit log.
 *
 * @since 0.1.0
 * @category models
 */
export interface Activity {
  /** The number of the activity: 18 is a webhook created, 34 leads exported, 37 and 38 an API key created and deleted. */
  readonly type: number
  /** The key that did it. Default: none, because a person did it in Instantly's app. */
  readonly apiKeyId?: string
  /** When, in milliseconds since 1970. Default: now. */
  readonly at?: number
  /** Default: a made-up one. */
  readonly ipAddress?: string
  /** What the program called itself, which may be any text. Default: a browser. */
  readonly userAgent?: string
  /** How many items it affected. Default: none. */
  readonly affectedCount?: number
  readonly webhookId?: string
  /** Anything that is JSON, of any size. Default: empty. */
  readonly metadata?: Readonly<Record<string, unknown>>
}

/** The options of the audit log. */
export interface Behaviour extends Required<Pick<Options, "cursorOnLastPage">> {
  readonly auditLog: Required<NonNullable<Options["auditLog"]>>
  /** Milliseconds. */
  readonly listLag: number
}

/** Who does something, and from where. */
export type Actor = Pick<Activity, "apiKeyId" | "ipAddress" | "userAgent">

/** A person who works in Instantly's app. */
export const person: Actor = {}

/** The key that signs a request. */
export const caller = ({ caller, incoming }: Call): Actor => ({
  apiKeyId: caller.id,
  ipAddress: incoming.remoteAddress,
  userAgent: incoming.headers["user-agent"] ?? ""
})

interface Row {
  readonly id: string
  readonly activity: Activity
  readonly at: number
  readonly recordedAt: number
}

export type AuditLog = ReturnType<typeof make>

const minute = 60_000
const day = 24 * 60 * minute

/** When a date begins and ends. Without a time of day it is the whole day. */
const dateIn = (
  query: URLSearchParams,
  name: string
): Checked<{ readonly from: number; readonly to: number } | undefined> =>
  Either.flatMap(textIn(query, name), (text) => {
    if (text === undefined) return Either.right(undefined)
    const from = Date.parse(text)
    // Instantly does not document this. An error shows the mistake.
    if (Number.isNaN(from)) return Either.left(envelope(400, `Invalid ${name}`))
    return Either.right({ from, to: from + (/^\d{4}-\d\d-\d\d$/.test(text) ? day : 1) })
  })

export const make = (keys: Keys, identity: Identity, { auditLog, cursorOnLastPage, listLag }: Behaviour) => {
  /** The rows of each workspace, oldest first. */
  const logs = new Map<string, Array<Row>>()

  const record = (workspaceId: string, activity: Activity, now: number): void => {
    const at = activity.at ?? now
    const log = logs.get(workspaceId) ?? []
    logs.set(workspaceId, log)
    // Most rows are later than those before them.
    let index = log.length
    while (index > 0 && (log[index - 1]?.at ?? at) > at) index -= 1
    log.splice(index, 0, { id: identity.uuid(at), activity, at, recordedAt: now })
  }

  const recordKey = (type: number) => (actor: Actor, key: StoredKey, now: number) =>
    record(
      key.workspaceId,
      {
        ...actor,
        type,
        at: auditLog.createdKey === "nothing" ? now - minute : now,
        affectedCount: 1,
        metadata: auditLog.createdKey === "id" ? { api_key: { id: key.id, name: key.name } } : {}
      },
      now
    )

  const keyIdOf = ({ apiKeyId }: Activity, now: number) => {
    if (apiKeyId === undefined) return null
    const key = keys.get(apiKeyId)
    return auditLog.deletedKeyId === "lost" && key !== undefined && isDeleted(key, now, 0) ? null : apiKeyId
  }

  const encoded = (workspaceId: string, { activity, at, id }: Row, now: number) => {
    const byPerson = activity.apiKeyId === undefined
    return {
      id,
      timestamp: new Date(at).toISOString(),
      organization_id: workspaceId,
      activity_type: activity.type,
      ip_address: activity.ipAddress ?? "192.0.2.1",
      user_agent: activity.userAgent ?? "Mozilla/5.0 (made up)",
      from_api: !byPerson,
      api_key_id: keyIdOf(activity, now),
      user_id: byPerson ? "00000000-0000-4000-8000-0000000000aa" : null,
      user_name: byPerson ? "Made-up Person" : null,
      affected_count: activity.affectedCount ?? null,
      webhook_id: activity.webhookId ?? null,
      audit_metadata: activity.metadata ?? {}
    }
  }

  const list: Route = {
    method: "GET",
    path: /^\/api\/v2\/audit-logs$/,
    scope: { resource: "audit_logs", action: "read" },
    validate: ({ query }) =>
      Either.gen(function* () {
        const limit = yield* limitIn(query, 1000)
        const startingAfter = yield* textIn(query, "starting_after")
        const type = yield* numberIn(query, "activity_type")
        const search = (yield* textIn(query, "search"))?.toLowerCase()
        const { from = Number.NEGATIVE_INFINITY } = (yield* dateIn(query, "start_date")) ?? {}
        const { to = Number.POSITIVE_INFINITY } = (yield* dateIn(query, "end_date")) ?? {}
        return ({ now, workspaceId }) => {
          const encode = (row: Row) => encoded(workspaceId, row, now)
          const log = [...(logs.get(workspaceId) ?? [])]
          const page = Page.of(auditLog.order === "oldestFirst" ? log : log.reverse(), {
            limit,
            startingAfter,
            cursorOnLastPage,
            isListed: (row) =>
              row.recordedAt + listLag <= now &&
              row.at >= from &&
              row.at < to &&
              (type === undefined || row.activity.type === type) &&
              (search === undefined || JSON.stringify(encode(row)).toLowerCase().includes(search)),
            encode
          })
          return carriedOut(json(200, page), "listed")
        }
      })
  }

  return { record, keyCreated: recordKey(37), keyDeleted: recordKey(38), routes: [list] }
}
