/** Reads the audit log: which requests that takes, and the rows that matter here, without their metadata. */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Chunk from "effect/Chunk"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HashSet from "effect/HashSet"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { InstantlyClient } from "../../InstantlyClient.js"
import type { InstantlyError } from "../../InstantlyError.js"

/** Something that was done, by a key or by a person. */
export interface Row {
  readonly id: string
  readonly at: DateTime.Utc
  /** The number of the activity. */
  readonly activity: number
  readonly keyId: Option.Option<string>
  readonly ipAddress: string
  readonly userAgent: string
  readonly affected: number
  readonly webhookId: Option.Option<string>
  /** The UUIDs anywhere in its metadata. */
  readonly uuids: ReadonlyArray<string>
}

export const keyCreated = 37
export const webhookCreated = 18

const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

const Encoded = Schema.Struct({
  id: Schema.String,
  timestamp: Schema.DateTimeUtc,
  activity_type: Schema.Number,
  api_key_id: maybe(Schema.String),
  ip_address: maybe(Schema.String),
  user_agent: maybe(Schema.String),
  affected_count: maybe(Schema.Number),
  webhook_id: maybe(Schema.String),
  audit_metadata: maybe(Schema.Unknown)
})

const Page = Schema.Struct({
  items: Schema.Array(Encoded),
  next_starting_after: maybe(Schema.String)
})

const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi

/** No document says where a row names the key that was created, so the metadata is searched as a text. */
const uuidsIn = (metadata: unknown): ReadonlyArray<string> => [
  ...new Set((JSON.stringify(metadata ?? null).match(uuid) ?? []).map((id) => id.toLowerCase()))
]

/** Longer texts are of no use to a person, and a thief chooses them. */
const longestText = 200

const rowOf = (row: typeof Encoded.Type): Row => ({
  id: row.id,
  at: row.timestamp,
  activity: row.activity_type,
  keyId: Option.map(Option.fromNullable(row.api_key_id), (id) => id.toLowerCase()),
  ipAddress: (row.ip_address ?? "").slice(0, longestText),
  userAgent: (row.user_agent ?? "").slice(0, longestText),
  affected: row.affected_count ?? 0,
  webhookId: Option.fromNullable(row.webhook_id),
  uuids: row.activity_type === keyCreated ? uuidsIn(row.audit_metadata) : []
})

/** The log ended in a way that does not show that it was read whole. */
export class Incomplete extends Data.TaggedError("Incomplete")<{ readonly message: string }> {}

const largestPage = 200
const mostEmptyPages = 3

interface Place {
  readonly cursor: Option.Option<string>
  readonly seen: HashSet.HashSet<string>
  readonly emptyPages: number
  readonly limit: number
  /** Whether a row has come that is not older than `since`. */
  readonly hasRecent: boolean
}

const first: Place = {
  cursor: Option.none(),
  seen: HashSet.empty(),
  emptyPages: 0,
  limit: largestPage,
  hasRecent: false
}

/** A page, and how many rows were requested. Metadata has no bound, and a page that is too long is read in smaller parts. */
const pageAt = (
  cursor: Option.Option<string>,
  limit: number,
  since: Option.Option<DateTime.Utc>
): Effect.Effect<readonly [typeof Page.Type, number], InstantlyError, InstantlyClient> =>
  Effect.flatMap(InstantlyClient, ({ execute }) =>
    execute(
      HttpClientRequest.get("/api/v2/audit-logs", {
        urlParams: {
          limit,
          starting_after: Option.getOrUndefined(cursor),
          start_date: Option.getOrUndefined(Option.map(since, DateTime.formatIsoDateUtc))
        }
      }),
      Page
    )
  ).pipe(
    Effect.map((page) => [page, limit] as const),
    Effect.catchTag("InvalidResponse", (error) =>
      limit > 1 ? pageAt(cursor, Math.ceil(limit / 5), since) : Effect.fail(error)
    )
  )

/**
 * The rows of the audit log, page by page, those before `since` left out. The log has no filter for a key. Neither its
 * order nor its treatment of dates is documented.
 */
export const rows = (
  since: Option.Option<DateTime.Utc>
): Stream.Stream<Row, InstantlyError | Incomplete, InstantlyClient> =>
  Stream.paginateChunkEffect(first, ({ cursor, emptyPages, hasRecent, limit, seen }) =>
    Effect.gen(function* () {
      const [{ items, next_starting_after: next }, used] = yield* pageAt(cursor, limit, since)
      const isRecent = ({ timestamp }: typeof Encoded.Type) =>
        Option.match(since, { onNone: () => true, onSome: (start) => DateTime.greaterThanOrEqualTo(timestamp, start) })
      const recent = items.filter(isRecent)
      const chunk = Chunk.fromIterable(recent.map(rowOf))
      const end = [chunk, Option.none<Place>()] as const
      // The newest come first, and all that follow are older.
      if (next == null || (hasRecent && items.length > 0 && recent.length === 0)) return end
      if (HashSet.has(seen, next)) {
        // The last page can have the cursor that led to it. A full page with it may be the same one again.
        if (items.length < used) return end
        return yield* new Incomplete({ message: "The audit log ended at a cursor that came before." })
      }
      const empty = items.length === 0 ? emptyPages + 1 : 0
      if (empty === mostEmptyPages) return end
      const place: Place = {
        cursor: Option.some(next),
        seen: HashSet.add(seen, next),
        emptyPages: empty,
        limit: Math.min(largestPage, used * 2),
        hasRecent: hasRecent || recent.length > 0
      }
      return [chunk, Option.some(place)] as const
    })
  )
