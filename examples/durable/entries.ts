/** The journal of `../journal.ts` in the database that the engine uses, too. It holds ids and receipts, and no secret. */
import { SqlClient, type SqlError } from "@effect/sql"
import { Effect, Layer, Schedule } from "effect"
import { DatabaseError, Entries } from "../journal.js"

const failed = Effect.mapError(({ message }: SqlError.SqlError) => new DatabaseError({ reason: message }))

export const EntriesLive = Layer.effect(
  Entries,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`CREATE TABLE IF NOT EXISTS entries (position BIGSERIAL PRIMARY KEY, run TEXT NOT NULL, entry TEXT NOT NULL)`.pipe(
      // Two processes that start at once may both try to create it.
      Effect.retry(Schedule.spaced("100 millis").pipe(Schedule.intersect(Schedule.recurs(5))))
    )
    return {
      insert: (run, entry) => Effect.asVoid(failed(sql`INSERT INTO entries ${sql.insert({ run, entry })}`)),
      select: (run) =>
        failed(
          Effect.map(sql<{ entry: string }>`SELECT entry FROM entries WHERE run = ${run} ORDER BY position`, (rows) =>
            rows.map(({ entry }) => entry)
          )
        )
    }
  })
)
