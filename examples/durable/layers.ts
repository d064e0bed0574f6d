/** What both workflows run on: the engine on Postgres, the gate on Redis, and Instantly. */
import { ClusterWorkflowEngine, type ShardingConfig, SingleRunner } from "@effect/cluster"
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Layer, Option, Redacted } from "effect"
import { Instantly } from "effect-instantly"
import * as RedisRateLimit from "effect-instantly/RedisRateLimit"
import { Redis } from "ioredis"

/** The database named by `DATABASE_URL`. */
export const Database = PgClient.layerConfig({ url: Config.redacted("DATABASE_URL") })

const engine = (shardingConfig: Partial<ShardingConfig.ShardingConfig["Type"]>) =>
  ClusterWorkflowEngine.layer.pipe(
    Layer.provideMerge(SingleRunner.layer({ runnerStorage: "sql", shardingConfig })),
    Layer.provide(Database)
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

export const InstantlyLive = Instantly.layerConfig({ rateLimit: Gate })
