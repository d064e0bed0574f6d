/** The ways to share a limit that are compared, each told that it is 100 a second. Somebody is always waiting; nobody tries again. */
import { FetchHttpClient } from "@effect/platform"
import Bottleneck from "bottleneck"
import { Effect, Layer, RateLimiter, Redacted, Schedule } from "effect"
import { ApiKey, ApiKeys, Instantly, RateLimit, RetryPolicy } from "effect-instantly"
import pThrottle from "p-throttle"

export interface Contender {
  readonly name: string
  /** Sends requests for as long as it is not interrupted. */
  readonly sendAll: (url: string) => Effect.Effect<void>
}

export const adapting = "RateLimit.instantly"
export const closing = "the quotas, closed for a second after a 429"

const limit = 100
const interval = 1000

/** So many calls are waiting or under way: more than ever are under way. */
const atOnce = 50

const keepOn = (call: Effect.Effect<unknown>) =>
  Effect.replicateEffect(Effect.forever(call), atOnce, { concurrency: "unbounded", discard: true })

const id = ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-000000000000")

/** The whole of this library, from the operation to the socket. */
const library =
  (gate: Instantly.GateOptions): Contender["sendAll"] =>
  (url) =>
    Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) =>
      keepOn(Effect.orDie(Effect.catchTag(apiKeys.delete(id), "TooManyRequests", () => Effect.void)))
    ).pipe(
      Effect.provide(
        Instantly.layer({
          apiKey: Redacted.make("made-up"),
          baseUrl: url,
          retryPolicy: RetryPolicy.none,
          ...gate
        }).pipe(Layer.provide(FetchHttpClient.layer))
      ),
      Effect.orDie
    )

/** For the others: a call that reads its response, and nothing else. */
const send = async (url: string) => {
  const response = await fetch(`${url}/api/v2/api-keys/${id}`, { method: "DELETE" })
  await response.arrayBuffer()
}

const promised =
  (limiter: () => (call: () => Promise<unknown>) => Promise<unknown>): Contender["sendAll"] =>
  (url) =>
    Effect.suspend(() => {
      const limited = limiter()
      return keepOn(Effect.promise(() => limited(() => send(url))))
    })

const effects =
  (algorithm: "token-bucket" | "fixed-window"): Contender["sendAll"] =>
  (url) =>
    Effect.scoped(
      Effect.flatMap(RateLimiter.make({ limit, interval, algorithm }), (limited) =>
        keepOn(limited(Effect.promise(() => send(url))))
      )
    )

const quotas = RateLimit.instantlyQuotas.reduce<RateLimit.RateLimitPolicy>(
  (policy, options) => Schedule.intersect(policy, RateLimit.quota(options)),
  RateLimit.unlimited
)

export const contenders: ReadonlyArray<Contender> = [
  { name: adapting, sendAll: library({ rateLimit: RateLimit.instantly }) },
  { name: closing, sendAll: library({ rateLimit: quotas, rest: "1 second" }) },
  { name: "effect/RateLimiter, token bucket", sendAll: effects("token-bucket") },
  { name: "effect/RateLimiter, fixed window", sendAll: effects("fixed-window") },
  {
    name: "p-throttle, strict",
    sendAll: promised(() => pThrottle({ limit, interval, strict: true })((call) => call()))
  },
  {
    name: "bottleneck, minTime",
    sendAll: promised(() => {
      const limiter = new Bottleneck({ minTime: interval / limit })
      return (call) => limiter.schedule(call)
    })
  }
]
