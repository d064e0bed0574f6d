/**
 * A fence for a run whose journal is in PostgreSQL. Each pass over the run takes a number, and only the one with the latest
 * number may go on. A worker that was frozen, and wakes up after another one has taken over its work, writes nothing and
 * sends nothing.
 */
import { HttpClient } from "@effect/platform"
import { Clock, Context, Data, Deferred, Effect, Ref } from "effect"
import { InstantlyClient } from "effect-instantly"

export class DatabaseError extends Data.TaggedError("DatabaseError")<{ readonly message: string }> {}

/** A later pass has taken over the run. */
export class Superseded extends Data.TaggedError("Superseded")<{ readonly message: string }> {}

/**
 * Runs one statement by the SQL client of the app, as a transaction of its own, and gives the rows once it is committed. With
 * `pg` it is `pool.query(statement, values)`, with `@effect/sql` it is `sql.unsafe(statement, values)`.
 */
export class Database extends Context.Tag("examples/Database")<
  Database,
  (
    statement: string,
    values: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<Readonly<Record<string, unknown>>>, DatabaseError>
>() {}

export const createTables: ReadonlyArray<string> = [
  "CREATE TABLE IF NOT EXISTS passes (run TEXT PRIMARY KEY, epoch BIGINT NOT NULL)",
  "CREATE TABLE IF NOT EXISTS entries (position BIGSERIAL PRIMARY KEY, run TEXT NOT NULL, entry TEXT NOT NULL)"
]

export const statements = {
  take: `INSERT INTO passes AS p (run, epoch) VALUES ($1, 1)
    ON CONFLICT (run) DO UPDATE SET epoch = p.epoch + 1 RETURNING epoch`,
  prove: "SELECT run FROM passes WHERE run = $1 AND epoch = $2",
  // FOR SHARE makes the next pass wait until this is committed, so that it reads all that was written before it.
  write: `INSERT INTO entries (run, entry) SELECT run, $3 FROM passes WHERE run = $1 AND epoch = $2 FOR SHARE
    RETURNING position`,
  read: "SELECT entry FROM entries WHERE run = $1 ORDER BY position"
}

/** For how long a proof that the pass holds is relied on. */
const proofMillis = 3000

const noAnswer = {
  duration: proofMillis,
  onTimeout: () => new DatabaseError({ message: "the database does not respond" })
}

export interface Pass {
  /** What was written, by this pass and by earlier ones. */
  readonly read: Effect.Effect<ReadonlyArray<string>, DatabaseError>
  readonly write: (entry: string) => Effect.Effect<void, DatabaseError | Superseded>
  /** Asks the database whether this is still the latest pass. */
  readonly prove: Effect.Effect<void, DatabaseError | Superseded>
  /** The same, unless there is a proof of the last three seconds. Provide it as the {@link Guard} of all requests. */
  readonly guard: Effect.Effect<void, DatabaseError | Superseded>
  /**
   * Fails as soon as anything above has found that the pass is superseded. Let it interrupt the work: otherwise calls that
   * were refused here would be tried again for up to a minute.
   */
  readonly superseded: Effect.Effect<never, Superseded>
}

/** What each request of {@link guarded} waits for. */
export class Guard extends Context.Reference<Guard>()("examples/Guard", {
  defaultValue: (): Effect.Effect<void, DatabaseError | Superseded> => Effect.void
}) {}

/**
 * For the client's `transformClient`, which comes after the wait for a permit: the machine may have slept in that wait. (The
 * effect of `apiKey` comes before it.) A request that is refused here was certainly not sent.
 */
export const guarded: (client: HttpClient.HttpClient) => HttpClient.HttpClient = HttpClient.mapRequestEffect(
  (request) =>
    Effect.flatten(Guard).pipe(
      Effect.mapError(({ message }) => InstantlyClient.notSent(request, message)),
      Effect.as(request)
    )
)

/** Two clocks: one can be set, and the other one stands still while a machine sleeps. */
const now = Effect.zipWith(Clock.currentTimeMillis, Clock.currentTimeNanos, (wall, nanos) => ({
  wall,
  steady: Number(nanos / 1_000_000n)
}))

/**
 * Begins a pass, and supersedes the one before. If there was one, it waits for three seconds: until then the earlier pass may
 * send what it has a proof for.
 */
export const take = (run: string): Effect.Effect<Pass, DatabaseError, Database> =>
  Effect.gen(function* () {
    const query = yield* Database
    const proof = yield* Effect.flatMap(now, Ref.make)
    const lost = yield* Deferred.make<never, Superseded>()
    const [taken] = yield* query(statements.take, [run])
    const epoch = String(taken?.["epoch"])
    if (epoch !== "1") yield* Effect.sleep(proofMillis)

    /** An answer is a proof of the time when it was asked for: it may have waited here while the machine slept. */
    const proving = (statement: string, ...values: ReadonlyArray<string>) =>
      Effect.gen(function* () {
        const asked = yield* now
        const rows = yield* query(statement, [run, epoch, ...values])
        if (rows.length === 0) {
          yield* Deferred.fail(lost, new Superseded({ message: `a later pass has taken over ${run}` }))
          return yield* Deferred.await(lost)
        }
        yield* Ref.update(proof, (last) => (last.steady > asked.steady ? last : asked))
      })
    const prove = proving(statements.prove)
    const isOld = Effect.zipWith(
      now,
      proof,
      ({ steady, wall }, proved) => Math.max(steady - proved.steady, wall - proved.wall) >= proofMillis
    )

    return {
      read: Effect.map(query(statements.read, [run]), (rows) => rows.map(({ entry }) => String(entry))),
      write: (entry) => proving(statements.write, entry),
      prove,
      guard: Effect.gen(function* () {
        while (yield* isOld) yield* Effect.timeoutFail(prove, noAnswer)
      }),
      superseded: Deferred.await(lost)
    }
  })
