/**
 * What a key did, by the audit log, and the keys that were created with it: `INSTANTLY_API_KEY=… npx tsx examples/audit.ts <id>`.
 * The library covers API keys alone, so this sends a request of its own, with the library's policies.
 *
 * The key to call with needs the scopes `audit_logs:read` and `api_keys:read`.
 */
import { FetchHttpClient, HttpClientRequest } from "@effect/platform"
import { Chunk, Console, DateTime, Effect, Layer, Option, Schema, Stream } from "effect"
import { ApiKey, ApiKeys, Instantly, InstantlyClient } from "effect-instantly"
import { idFrom, runToEnd } from "./ended.js"
import { printable } from "./printable.js"

const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

const Row = Schema.Struct({
  timestamp: Schema.DateTimeUtc,
  activity_type: Schema.Number,
  api_key_id: maybe(ApiKey.ApiKeyId),
  ip_address: maybe(Schema.String),
  user_agent: maybe(Schema.String),
  audit_metadata: maybe(Schema.Unknown)
})
const Page = Schema.Struct({ items: Schema.Array(Row), next_starting_after: maybe(Schema.String) })

/** All rows. The log has no filter for a key, and its last page can have a cursor, too. */
const rows = Stream.paginateChunkEffect(Option.none<string>(), (cursor) =>
  Effect.gen(function* () {
    const client = yield* InstantlyClient.InstantlyClient
    const urlParams = { limit: 200, starting_after: Option.getOrUndefined(cursor) }
    const { items, next_starting_after } = yield* client.execute(
      HttpClientRequest.get("/api/v2/audit-logs", { urlParams }),
      Page
    )
    const next = Option.filter(
      Option.fromNullable(next_starting_after),
      (next) => items.length > 0 && !Option.contains(cursor, next)
    )
    return [Chunk.fromIterable(items), Option.map(next, Option.some)]
  })
)

const keyCreated = 37

const audit = (id: ApiKey.ApiKeyId) =>
  Effect.gen(function* () {
    const keys = Chunk.toReadonlyArray(yield* Stream.runCollect(ApiKeys.list()))
    const found = yield* rows.pipe(
      Stream.filter((row) => row.api_key_id != null && ApiKey.sameId(row.api_key_id, id)),
      Stream.tap((row) =>
        Effect.gen(function* () {
          const from = `${printable(row.ip_address ?? "")} ${printable(row.user_agent ?? "")}`
          yield* Console.log(`${DateTime.formatIso(row.timestamp)} activity ${row.activity_type} from ${from}`)
          if (row.activity_type !== keyCreated) return
          // No document says where a row names the key that was created.
          const metadata = JSON.stringify(row.audit_metadata ?? null).toLowerCase()
          const created = keys.filter((key) => metadata.includes(key.id.toLowerCase()))
          yield* Effect.forEach(created, (key) => Console.log(`  created ${printable(key.name)} ${key.id}`))
        })
      ),
      Stream.runCount
    )
    if (found === 0) yield* Console.log("nothing in the audit log")
  })

const InstantlyLive = Instantly.layerConfig().pipe(Layer.provide(FetchHttpClient.layer))

await idFrom(process.argv[2], "Usage: INSTANTLY_API_KEY=… npx tsx examples/audit.ts <id>").pipe(
  Effect.flatMap((id) => Effect.provide(audit(id), InstantlyLive)),
  runToEnd
)
