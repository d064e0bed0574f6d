/**
 * A journal in a database: a run that is killed goes on where it was, on whatever machine. The table has three columns, and
 * its rows keep the order in which they came:
 *
 *     CREATE TABLE entries (position BIGSERIAL PRIMARY KEY, run TEXT NOT NULL, entry TEXT NOT NULL)
 *
 * A run is in one workspace, and one process at a time works on it: a lock of the database sees to that, such as
 * `pg_advisory_lock`.
 */
import { Context, Data, DateTime, Effect, Schema, Stream } from "effect"
import { type ApiKey, Revocation } from "effect-instantly"

export class DatabaseError extends Data.TaggedError("DatabaseError")<{ readonly reason: string }> {}

/** The table, over the SQL client of the app. */
export class Entries extends Context.Tag("examples/Entries")<
  Entries,
  {
    /** `INSERT INTO entries (run, entry) VALUES ($1, $2)`, committed before it ends. */
    readonly insert: (run: string, entry: string) => Effect.Effect<void, DatabaseError>
    /** `SELECT entry FROM entries WHERE run = $1 ORDER BY position` */
    readonly select: (run: string) => Effect.Effect<ReadonlyArray<string>, DatabaseError>
  }
>() {}

/** An entry is one line of JSON without secrets. */
export const Line = Schema.parseJson(Revocation.Entry)

const journalOf = (run: string): Effect.Effect<Revocation.Journal<DatabaseError>, never, Entries> =>
  Effect.map(Entries, (entries) => {
    const write = (entry: Revocation.Entry) =>
      Effect.flatMap(Effect.orDie(Schema.encode(Line)(entry)), (line) => entries.insert(run, line))
    return {
      begin: (id) => Effect.flatMap(DateTime.now, (at) => write(new Revocation.Begun({ id, at }))),
      record: write
    }
  })

/** Deletes what is left of a run. Call it again after a crash, with the same ids and the same name of the run. */
export const resume = (run: string, ids: ReadonlyArray<ApiKey.ApiKeyId>) =>
  Stream.unwrap(
    Effect.gen(function* () {
      const entries = yield* Entries
      const before = yield* Effect.forEach(yield* entries.select(run), (line) => Schema.decode(Line)(line))
      const pending = Revocation.pending(ids, before)
      return Revocation.run(pending.ids, { journal: yield* journalOf(run), inDoubt: pending.inDoubt })
    })
  )
