/**
 * The ways to keep within a limit that are compared: this library's, and those of others as their documentation has them,
 * each told that the limit is 100 a second. Nobody tries again.
 */
import * as ExperimentalRateLimiter from "@effect/experimental/RateLimiter"
import { FetchHttpClient } from "@effect/platform"
import Bottleneck from "bottleneck"
import { Effect, Layer, RateLimiter, Redacted, Schedule } from "effect"
import { ApiKey, ApiKeys, Instantly, RateLimit, RetryPolicy } from "effect-instantly"
import PQueue from "p-queue"
import pThrottle from "p-throttle"
import { anyLatency, instantly, matched } from "./verdict.js"

export interface Target {
  readonly url: string
  /** What is deleted, all at once. */
  readonly ids: ReadonlyArray<string>
}

export interface Contender {
  readonly name: string
  /** The latencies it is measured under, if not all. */
  readonly latencies?: ReadonlyArray<string>
  /** The most deletes it can be asked for: its CPU grows with their square. It is measured after the others. */
  readonly most?: number
  readonly deleteAll: (target: Target) => Effect.Effect<void>
}

const limit = 100
const interval = 1000

// --- this library: the whole of it, from the operation to the socket

const deleteEach = (ids: ReadonlyArray<string>, concurrency: number | "unbounded") =>
  Effect.gen(function* () {
    const apiKeys = yield* ApiKeys.ApiKeys
    yield* Effect.forEach(
      ids,
      (id) => Effect.catchTag(apiKeys.delete(ApiKey.ApiKeyId.make(id)), "TooManyRequests", () => Effect.void),
      { concurrency, discard: true }
    )
  })

const library = (url: string, rateLimit: RateLimit.RateLimitPolicy) =>
  Instantly.layer({
    apiKey: Redacted.make("made-up"),
    baseUrl: url,
    retryPolicy: RetryPolicy.none,
    rateLimit,
    timeout: "1 minute"
  }).pipe(Layer.provide(FetchHttpClient.layer))

const paced =
  (rateLimit: RateLimit.RateLimitPolicy): Contender["deleteAll"] =>
  ({ ids, url }) =>
    Effect.orDie(Effect.provide(deleteEach(ids, "unbounded"), library(url, rateLimit)))

const wider: RateLimit.RateLimitPolicy = Schedule.intersect(
  RateLimit.quota({ limit, window: "1 second", burst: 2, jitter: "200 millis" }),
  RateLimit.quota({ limit: 6000, window: "1 minute", burst: 2, jitter: "200 millis" })
)

/**
 * Keeps any second at the server within the limit whatever the latencies are, with no jitter to guess: those that arrive
 * in a second were under way when it began, and those are at most `most`, or got their permit within it, and those are at
 * most `limit - most`. A call counts as under way before it has its permit, so that nothing leaves uncounted; that the
 * server responds only to what has arrived is all that is relied on. A request that is given up without a response may still
 * arrive later, so the timeout must be longer than any latency.
 */
const boundedInFlight =
  (most: number): Contender["deleteAll"] =>
  ({ ids, url }) =>
    Effect.orDie(
      Effect.provide(
        // Not a semaphore: each of its releases wakes all who wait.
        deleteEach(ids, most),
        library(url, RateLimit.quota({ limit: limit - most, window: "1 second", burst: 2 }))
      )
    )

// --- the others: a call that reads its response, and nothing else

const send = async (url: string, id: string) => {
  const response = await fetch(`${url}/api/v2/api-keys/${id}`, { method: "DELETE" })
  await response.arrayBuffer()
  if (response.status !== 200 && response.status !== 429) throw new Error(`The server responded ${response.status}`)
}

const promised =
  (limiter: () => (call: () => Promise<void>) => Promise<unknown>): Contender["deleteAll"] =>
  ({ ids, url }) =>
    Effect.promise(() => {
      const limited = limiter()
      return Promise.all(ids.map((id) => limited(() => send(url, id))))
    })

const effectful =
  (limiter: Effect.Effect<(call: Effect.Effect<void>) => Effect.Effect<void>>): Contender["deleteAll"] =>
  ({ ids, url }) =>
    Effect.flatMap(limiter, (limited) =>
      Effect.forEach(ids, (id) => limited(Effect.promise(() => send(url, id))), {
        concurrency: "unbounded",
        discard: true
      })
    )

const effects =
  (algorithm: "token-bucket" | "fixed-window"): Contender["deleteAll"] =>
  (target) =>
    Effect.scoped(
      Effect.flatMap(RateLimiter.make({ limit, interval, algorithm }), (limited) =>
        effectful(Effect.succeed((call) => limited(call)))(target)
      )
    )

const experimental = (algorithm: "token-bucket" | "fixed-window"): Contender["deleteAll"] =>
  effectful(
    ExperimentalRateLimiter.makeWithRateLimiter.pipe(
      Effect.map((make) => {
        const limited = make({ key: "delete", limit, window: interval, algorithm, onExceeded: "delay" })
        return (call: Effect.Effect<void>) => Effect.orDie(limited(call))
      }),
      Effect.provide(ExperimentalRateLimiter.layer.pipe(Layer.provide(ExperimentalRateLimiter.layerStoreMemory)))
    )
  )

export const contenders: ReadonlyArray<Contender> = [
  { name: instantly, deleteAll: paced(RateLimit.instantly) },
  { name: matched, latencies: ["200 ms", "long tail"], deleteAll: paced(wider) },
  { name: anyLatency, deleteAll: boundedInFlight(10) },
  { name: "effect/RateLimiter, token bucket", most: 1000, deleteAll: effects("token-bucket") },
  { name: "effect/RateLimiter, fixed window", deleteAll: effects("fixed-window") },
  { name: "@effect/experimental, token bucket", deleteAll: experimental("token-bucket") },
  { name: "@effect/experimental, fixed window", deleteAll: experimental("fixed-window") },
  {
    name: "p-throttle, strict",
    deleteAll: promised(() => pThrottle({ limit, interval, strict: true })((call) => call()))
  },
  {
    name: "p-queue, strict",
    deleteAll: promised(() => {
      const queue = new PQueue({ intervalCap: limit, interval, strict: true })
      return (call) => queue.add(call)
    })
  },
  {
    name: "bottleneck, reservoir",
    deleteAll: promised(() => {
      const limiter = new Bottleneck({
        reservoir: limit,
        reservoirRefreshAmount: limit,
        reservoirRefreshInterval: interval
      })
      return (call) => limiter.schedule(call)
    })
  },
  {
    name: "bottleneck, minTime",
    deleteAll: promised(() => {
      const limiter = new Bottleneck({ minTime: interval / limit })
      return (call) => limiter.schedule(call)
    })
  }
]

export const contenderNamed = (name: string | undefined): Contender => {
  const found = contenders.find((contender) => contender.name === name)
  if (found === undefined) throw new Error(`There is nothing to compare that is named ${name}`)
  return found
}
