/** The ways to keep within a limit that are compared, each set to 100 a second. Somebody is always waiting; nobody tries again. */
import { FetchHttpClient } from "@effect/platform"
import Bottleneck from "bottleneck"
import { Effect, Layer, RateLimiter, Redacted } from "effect"
import { ApiKey, ApiKeys, Instantly, RateLimit, RetryPolicy } from "effect-instantly"
import pThrottle from "p-throttle"
import type { Required } from "./verdict.js"

export interface Contender {
  readonly name: string
  /** The loads beside which it is measured, in requests a second, and what is required of it there. */
  readonly loads: Readonly<Record<number, Required>>
  /** The others stop after so many seconds. */
  readonly othersFor?: number
  /** Sends requests for as long as it is not interrupted. */
  readonly sendAll: (url: string) => Effect.Effect<void, unknown>
}

const limit = 100
const interval = 1000

/** So many calls are waiting or under way: more than ever are under way. */
const atOnce = 50

const keepOn = <E>(call: Effect.Effect<unknown, E>) =>
  Effect.replicateEffect(Effect.forever(call), atOnce, { concurrency: "unbounded", discard: true })

const id = ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-000000000000")

/** The whole of this library, from the operation to the socket. */
const library =
  (rateLimit: RateLimit.RateLimitPolicy): Contender["sendAll"] =>
  (url) =>
    Effect.gen(function* () {
      const apiKeys = yield* ApiKeys.ApiKeys
      yield* keepOn(Effect.catchTag(apiKeys.delete(id), "TooManyRequests", () => Effect.void))
    }).pipe(
      Effect.provide(
        Instantly.layer({
          apiKey: Redacted.make("made-up"),
          baseUrl: url,
          retryPolicy: RetryPolicy.none,
          rateLimit
        }).pipe(Layer.provide(FetchHttpClient.layer))
      )
    )

/** For the others: a call that reads its response, and nothing else. */
const send = async (url: string) => {
  const response = await fetch(`${url}/api/v2/api-keys/${id}`, { method: "DELETE" })
  await response.arrayBuffer()
}

const promised =
  (limited: (call: () => Promise<void>) => Promise<unknown>): Contender["sendAll"] =>
  (url) =>
    keepOn(Effect.promise(() => limited(() => send(url))))

const fixedWindow: Contender["sendAll"] = (url) =>
  Effect.scoped(
    Effect.flatMap(RateLimiter.make({ limit, interval, algorithm: "fixed-window" }), (limited) =>
      keepOn(limited(Effect.promise(() => send(url))))
    )
  )

const anyLoad = { 0: {}, 10: {}, 40: {}, 70: {} }

export const contenders: ReadonlyArray<Contender> = [
  {
    name: "RateLimit.instantly",
    loads: {
      0: { ofFree: 92, rejected: 0 },
      10: { ofFree: 85, rejected: 1.5 },
      40: { ofFree: 82, rejected: 2.5 },
      70: { ofFree: 80, rejected: 5.5 }
    },
    sendAll: library(RateLimit.instantly)
  },
  {
    name: "RateLimit.instantly, the others stop",
    loads: { 50: { back: 8 } },
    othersFor: 30,
    sendAll: library(RateLimit.instantly)
  },
  {
    name: "RateLimit.quota of 50 a second",
    loads: { 70: { rejected: 5 } },
    sendAll: library(RateLimit.quota({ limit: 50, window: "1 second", burst: 2, jitter: "50 millis" }))
  },
  { name: "effect/RateLimiter, fixed window", loads: anyLoad, sendAll: fixedWindow },
  {
    name: "p-throttle, strict",
    loads: anyLoad,
    sendAll: (url) => promised(pThrottle({ limit, interval, strict: true })((call) => call()))(url)
  },
  {
    name: "bottleneck, minTime",
    loads: anyLoad,
    sendAll: (url) => {
      const limiter = new Bottleneck({ minTime: interval / limit })
      return promised((call) => limiter.schedule(call))(url)
    }
  }
]
