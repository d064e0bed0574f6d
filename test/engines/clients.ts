/** How `evaluate` is written for each client, as `examples/policies/README.md` has it. */
import { Effect } from "effect"
import type { Evaluate } from "effect-instantly/RedisRateLimit"

// A client tells of a lost connection by an event; without a listener it would end the process.
const ignore = () => undefined

export const ioredis = (port: number) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const { Redis } = await import("ioredis")
      return new Redis(port, "127.0.0.1", { retryStrategy: () => 50, maxRetriesPerRequest: null }).on("error", ignore)
    }),
    (redis) => Effect.sync(() => redis.disconnect())
  )

const byIoredis = (port: number) =>
  Effect.map(
    ioredis(port),
    (redis): Evaluate =>
      (script, keys, args) =>
        redis.eval(script, keys.length, ...keys, ...args)
  )

const byNodeRedis = (port: number) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const { createClient } = await import("redis")
      const client = createClient({ url: `redis://127.0.0.1:${port}` }).on("error", ignore)
      await client.connect()
      return client
    }),
    (client) => Effect.sync(() => client.destroy())
  ).pipe(
    Effect.map(
      (client): Evaluate =>
        (script, keys, args) =>
          client.eval(script, { keys, arguments: args })
    )
  )

export const evaluates = { ioredis: byIoredis, "redis (node-redis)": byNodeRedis } as const
