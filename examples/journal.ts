/**
 * A journal in PostgreSQL: a run that is killed goes on where it was, on whatever machine. `fence.ts` has the two tables, and
 * sees to it that one process at a time works on a run: the one that began last. A run is in one workspace.
 */
import { DateTime, Effect, Schema, Stream } from "effect"
import { type ApiKey, Revocation } from "effect-instantly"
import { Guard, type Pass } from "./fence.js"

/** An entry is one line of JSON without secrets. */
export const Line = Schema.parseJson(Revocation.Entry)

/**
 * Deletes what is left of a run, with a client whose `transformClient` is `guarded`. After a crash do the same again, with the
 * same name of the run and the same ids:
 *
 *     Effect.flatMap(take("leavers-of-may"), (pass) => Stream.runDrain(resume(pass, ids)))
 */
export const resume = (pass: Pass, ids: ReadonlyArray<ApiKey.ApiKeyId>) =>
  Stream.unwrap(
    Effect.gen(function* () {
      const before = yield* Effect.forEach(yield* pass.read, (line) => Schema.decode(Line)(line))
      const pending = Revocation.pending(ids, before)
      const write = (entry: Revocation.Entry) =>
        Effect.flatMap(Effect.orDie(Schema.encode(Line)(entry)), (line) => pass.write(line))
      return Revocation.run(pending.ids, {
        inDoubt: pending.inDoubt,
        journal: {
          begin: (id) => Effect.flatMap(DateTime.now, (at) => write(new Revocation.Begun({ id, at }))),
          record: write
        }
      })
    })
  ).pipe(Stream.interruptWhen(pass.superseded), Stream.provideService(Guard, pass.guard))
