/**
 * The ways to keep several processes within one limit that are compared: this library's, and those of others on Redis as
 * their documentation has them, each told that the limit is 100 a second. Nobody tries again.
 */
import * as ExperimentalRateLimiter from "@effect/experimental/RateLimiter"
import * as ExperimentalRedis from "@effect/experimental/RateLimiter/Redis"
import { FetchHttpClient } from "@effect/platform"
import Bottleneck from "bottleneck"
import { Effect, Layer, Redacted } from "effect"
import { ApiKey, ApiKeys, Instantly, RetryPolicy } from "effect-instantly"
import * as RedisRateLimit from "effect-instantly/RedisRateLimit"
import { Redis } from "ioredis"
import { RateLimiterQueue, RateLimiterRedis } from "rate-limiter-flexible"

export interface Target {
  readonly url: string
  readonly redisPort: number
  readonly ids: ReadonlyArray<string>
  /** Is told of each request as it leaves. */
  readonly sending: () => void
}

export interface Contender {
  readonly name: string
  /** Connects to Redis, and gives what deletes all keys at once. */
  readonly prepare: (target: Target) => Promise<() => Promise<unknown>>
}

const limit = 100
const interval = 1000
const host = "127.0.0.1"

export const ours = "RedisRateLimit"

/** The whole of this library, from the operation to the socket. */
const library: Contender["prepare"] = async ({ ids, redisPort, sending, url }) => {
  const redis = new Redis(redisPort, host)
  await redis.eval("return 1", 0)
  const layer = Instantly.layer({
    apiKey: Redacted.make("made-up"),
    baseUrl: url,
    retryPolicy: RetryPolicy.none,
    timeout: "1 minute",
    gate: RedisRateLimit.layer({
      workspace: "made-up",
      evaluate: (script, keys, args) => redis.eval(script, keys.length, ...keys, ...args)
    })
  }).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(
      Layer.succeed(FetchHttpClient.Fetch, (...request) => {
        sending()
        return fetch(...request)
      })
    )
  )
  const program = Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) =>
    Effect.forEach(
      ids,
      (id) => Effect.catchTag(apiKeys.delete(ApiKey.ApiKeyId.make(id)), "TooManyRequests", () => Effect.void),
      { concurrency: "unbounded", discard: true }
    )
  )
  return () => Effect.runPromise(Effect.provide(program, layer))
}

const send = async ({ sending, url }: Target, id: string) => {
  sending()
  const response = await fetch(`${url}/api/v2/api-keys/${id}`, { method: "DELETE" })
  await response.arrayBuffer()
  if (response.status !== 200 && response.status !== 429)
    throw new Error(`The server responded with ${response.status}`)
}

const all = (target: Target, limited: (call: () => Promise<void>) => Promise<unknown>) => () =>
  Promise.all(target.ids.map((id) => limited(() => send(target, id))))

const experimental =
  (algorithm: "token-bucket" | "fixed-window"): Contender["prepare"] =>
  async (target) => {
    const store = ExperimentalRedis.layerStore({ host, port: target.redisPort })
    return () =>
      Effect.runPromise(
        Effect.scoped(
          Effect.gen(function* () {
            const make = yield* Effect.provide(
              ExperimentalRateLimiter.makeWithRateLimiter,
              yield* Layer.build(ExperimentalRateLimiter.layer.pipe(Layer.provide(store)))
            )
            const limited = make({ key: "delete", limit, window: interval, algorithm, onExceeded: "delay" })
            yield* Effect.forEach(target.ids, (id) => limited(Effect.promise(() => send(target, id))), {
              concurrency: "unbounded",
              discard: true
            })
          })
        )
      )
  }

const bottleneck =
  (settings: Bottleneck.ConstructorOptions): Contender["prepare"] =>
  async (target) => {
    const connection = new Bottleneck.IORedisConnection({ client: new Redis(target.redisPort, host), Redis })
    const limiter = new Bottleneck({ id: "made-up", connection, ...settings })
    await limiter.ready()
    return all(target, (call) => limiter.schedule(call))
  }

export const contenders: ReadonlyArray<Contender> = [
  { name: ours, prepare: library },
  { name: "@effect/experimental, token bucket", prepare: experimental("token-bucket") },
  { name: "@effect/experimental, fixed window", prepare: experimental("fixed-window") },
  {
    name: "rate-limiter-flexible, queue",
    prepare: async (target) => {
      const storeClient = new Redis(target.redisPort, host)
      const queue = new RateLimiterQueue(
        new RateLimiterRedis({ storeClient, points: limit, duration: interval / 1000 })
      )
      return all(target, (call) => queue.removeTokens(1).then(call))
    }
  },
  { name: "bottleneck, minTime", prepare: bottleneck({ minTime: interval / limit }) },
  {
    name: "bottleneck, reservoir",
    prepare: bottleneck({ reservoir: limit, reservoirRefreshAmount: limit, reservoirRefreshInterval: interval })
  }
]

export const contenderNamed = (name: string | undefined): Contender => {
  const found = contenders.find((contender) => contender.name === name)
  if (found === undefined) throw new Error(`There is nothing to compare that is named ${name}`)
  return found
}
