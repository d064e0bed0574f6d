/**
 * The fence on a real PostgreSQL, and workers that freeze, lose their sessions there, and go on when another one has taken over
 * their work.
 */

import { SqlClient } from "@effect/sql"
import { describe, expect, layer } from "@effect/vitest"
import { ConfigProvider, Deferred, Effect, Fiber, Layer, Schema } from "effect"
import { Revocation } from "effect-instantly"
import * as Redis from "../../test/engines/redis.js"
import { take } from "../fence.js"
import { Postgres, Tables } from "./layers.js"
import { Revoke } from "./revoke.js"
import { Rotate } from "./rotate.js"
import { isInstalled, Servers } from "./support/servers.js"
import * as World from "./support/world.js"

const entriesOf = Schema.decodeUnknownSync(Schema.Array(Schema.parseJson(Revocation.Entry)))

/** The journal of the run `leavers`. */
const journalOf = (world: World.World) => entriesOf(world.entries("leavers"))

const isSettled = (entry: Revocation.Entry) => entry._tag !== "Begun" && Revocation.isSettled(entry)

const until = (holds: () => boolean) =>
  Effect.repeat(Effect.delay(Effect.sync(holds), "50 millis"), { until: (is) => is })

/** Lets a worker go on, until it has noticed that it is superseded, or has sent or finished something regardless. */
const goOn = ({ output, process, sent }: World.Worker) =>
  Effect.suspend(() => {
    const before = { output: output.length, sent: sent.length }
    process.kill("SIGCONT")
    return until(
      () =>
        sent.length > before.sent ||
        output.slice(before.output).some((line) => /a later pass has taken over|ends: /.test(line))
    )
  })

describe.skipIf(!isInstalled)("a pass and the one that supersedes it", () => {
  layer(Servers.Live, { excludeTestServices: true, timeout: "20 minutes" })((it) => {
    it.scoped("wait for what the other one has not committed yet", () =>
      Effect.gen(function* () {
        const { postgres } = yield* Servers
        const url = postgres.createDatabase("fence")
        const live = Layer.provideMerge(Tables, Postgres)
        const isWaiting = () =>
          postgres.query(url, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").trim() === "1"

        yield* Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          /** Begins the second while the first one's transaction is open, and commits that when the second waits for it. */
          const meanwhile = <A, E, B, E2, R, R2>(first: Effect.Effect<A, E, R>, second: Effect.Effect<B, E2, R2>) =>
            Effect.gen(function* () {
              const begun = yield* Deferred.make<void>()
              const waiting = yield* Effect.fork(Effect.zipRight(Deferred.await(begun), Effect.either(second)))
              const open = Effect.tap(first, () =>
                Effect.zipRight(
                  Deferred.succeed(begun, undefined),
                  Effect.raceFirst(until(isWaiting), Fiber.await(waiting))
                )
              )
              yield* sql.withTransaction(open)
              return yield* Fiber.join(waiting)
            })

          const first = yield* take("leavers")
          const takeAndRead = Effect.bindTo(take("leavers"), "second").pipe(
            Effect.bind("lines", ({ second }) => second.read)
          )
          const { lines, second } = yield* yield* meanwhile(first.write("by the first"), takeAndRead)
          expect(lines).toEqual(["by the first"])

          const refused = yield* meanwhile(take("leavers"), second.write("too late"))
          expect(refused).toMatchObject({ left: { _tag: "Superseded" } })
          expect(yield* second.read).toEqual(["by the first"])
        }).pipe(
          Effect.provide(live),
          Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["DATABASE_URL", url]])))
        )
      })
    )
  })
})

describe.skipIf(!isInstalled)("a worker that freezes, and goes on after another one has taken over", () => {
  layer(Servers.Live, { excludeTestServices: true, timeout: "20 minutes" })((it) => {
    it.scoped(
      "sends none of the requests that waited for a permit, and each id has one settled receipt",
      () =>
        Effect.gen(function* () {
          // Nobody gets a permit while it hangs.
          const redis = yield* Redis.server()
          redis.hang()
          const world = yield* World.make({ REDIS_URL: `redis://127.0.0.1:${redis.port}` })
          const made = yield* Effect.replicateEffect(world.mock.createApiKey({ name: "leaver" }), 40)
          const ids = made.map(({ id }) => id)
          const zombie = yield* world.startWorker
          const revoking = yield* Effect.fork(Effect.provide(Revoke.execute({ run: "leavers", ids }), world.client))
          yield* until(() => zombie.output.some((line) => line.includes("begins: pass 1")))
          yield* until(() => journalOf(world).length >= 25)
          zombie.process.kill("SIGSTOP")
          yield* world.startWorker
          yield* world.cutSessions(zombie)
          yield* until(() => journalOf(world).length >= 50)
          redis.goOn()
          yield* goOn(zombie)
          const receipts = yield* Fiber.join(revoking)

          expect(zombie.sent).toEqual([])
          const settled = journalOf(world).filter(isSettled)
          expect(settled.map(({ id }) => id).sort()).toEqual([...ids].sort())
          expect(receipts.map(({ _tag }) => _tag)).toEqual(ids.map(() => "Deleted"))
        }),
      { concurrent: true }
    )

    it.scoped(
      "does not write down the response that it got in the meantime",
      () =>
        Effect.gen(function* () {
          const world = yield* World.make()
          const { id } = yield* world.mock.createApiKey({ name: "leaver" })
          const zombie = yield* world.startWorker
          const frozen = yield* world.freezeAt({ at: "DELETE", request: "answered" })
          const revoking = yield* Effect.fork(
            Effect.provide(Revoke.execute({ run: "leavers", ids: [id] }), world.client)
          )
          yield* frozen
          const before = [...zombie.sent]
          yield* world.startWorker
          yield* world.cutSessions(zombie)
          const receipts = yield* Fiber.join(revoking)
          yield* goOn(zombie)

          expect(zombie.sent).toEqual(before)
          expect(receipts).toMatchObject([{ _tag: "NotFound", outcome: "Unknown" }])
          expect(journalOf(world).map(({ _tag }) => _tag)).toEqual(["Begun", "Begun", "NotFound"])
        }),
      { concurrent: true }
    )

    it.scoped(
      "does not delete the successor that the other one has made",
      () =>
        Effect.gen(function* () {
          const world = yield* World.make()
          const old = yield* world.mock.createApiKey({ name: "app" })
          world.vault.put(old)
          const zombie = yield* world.startWorker
          // it looks for what an earlier run has left
          const frozen = yield* world.freezeAt({ at: "GET", nth: 2, request: "lost" })
          const rotating = yield* Effect.fork(
            Effect.provide(Rotate.execute({ run: "spring", old: old.id }), world.client)
          )
          yield* frozen
          const before = [...zombie.sent]
          yield* world.startWorker
          yield* world.cutSessions(zombie)
          const report = yield* Fiber.join(rotating)
          yield* goOn(zombie)

          expect(zombie.sent).toEqual(before)
          const keys = (yield* world.mock.apiKeys).filter(({ name }) => name !== "worker")
          expect(keys.map(({ name }) => name)).toEqual(["app (rotation spring)"])
          expect(report).toEqual({ _tag: "Rotated", successor: keys[0]?.id })
          expect(world.vault.files()).toEqual([keys[0]?.id, "current"].sort())
        }),
      { concurrent: true }
    )
  })
})
