/** What both workflows run on: the engine and the journal on Postgres, the gate on Redis, and Instantly. */
import { ClusterWorkflowEngine, type ShardingConfig, SingleRunner } from "@effect/cluster"
import { SqlClient } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Layer, Option, Redacted, Schedule } from "effect"
import { Instantly } from "effect-instantly"
import * as RedisRateLimit from "effect-instantly/RedisRateLimit"
import { Redis } from "ioredis"
import { createTables, Database, DatabaseError, guarded } from "../fence.js"

/** The database named by `DATABASE_URL`. */
export const Postgres = PgClient.layerConfig({ url: Config.redacted("DATABASE_URL") })

const engine = (shardingConfig: Partial<ShardingConfig.ShardingConfig["Type"]>) =>
  ClusterWorkflowEngine.layer.pipe(
    Layer.provideMerge(SingleRunner.layer({ runnerStorage: "sql", shardingConfig })),
    Layer.provide(Postgres)
  )

/** The tables of the fence and the journal, in the same database. They hold ids and receipts, and no secret. */
export const Tables = Layer.effect(
  Database,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* Effect.forEach(createTables, (statement) => sql.unsafe(statement)).pipe(
      // Two processes that start at once may both try to create them.
      Effect.retry(Schedule.spaced("100 millis").pipe(Schedule.intersect(Schedule.recurs(20))))
    )
    return (statement, values) =>
      Effect.mapError(
        sql.unsafe<Record<string, unknown>>(statement, values),
        ({ message }) => new DatabaseError({ message })
      )
  })
)

/**
 * The engine of a process that runs workflows. One such process works, and the others wait for its locks in Postgres. They get
 * them when its connection ends, however it ends. One is enough, because it is the limit of the workspace that sets the pace.
 */
export const Worker = engine({ entityMessagePollInterval: "1 second" })

/** The engine of a process that starts workflows, and waits for their results. It needs the database, and nothing else. */
export const Client = engine({ runnerAddress: Option.none() })

/** The gate of the workspace on the Redis named by `REDIS_URL`, which other programs share. */
const Gate = Layer.unwrapScoped(
  Effect.gen(function* () {
    const url = yield* Config.redacted("REDIS_URL")
    const workspace = yield* Config.withDefault(Config.nonEmptyString("WORKSPACE"), "default")
    const redis = yield* Effect.acquireRelease(
      Effect.sync(() =>
        // A lost connection is an event, too: without a listener it would end the process.
        new Redis(Redacted.value(url)).on("error", () => undefined)
      ),
      (client) => Effect.sync(() => client.disconnect())
    )
    return RedisRateLimit.layer({
      workspace,
      evaluate: (script, keys, args) => redis.eval(script, keys.length, ...keys, ...args)
    })
  })
)

/** A worker that another one has superseded sends nothing. */
export const InstantlyLive = Instantly.layerConfig({ gate: Gate, transformClient: guarded })
