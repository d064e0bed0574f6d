/** The ways to share a limit that are compared, each told that it is 100 a second. Somebody is always waiting; nobody tries again. */
import Bottleneck from "bottleneck"
import { Effect, Option, RateLimiter, Schedule } from "effect"
import { RateLimit } from "effect-instantly"
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

const send = async (url: string) => {
  const response = await fetch(`${url}/api/v2/api-keys/made-up`, { method: "DELETE" })
  await response.arrayBuffer()
  return response.status
}

/** This library's gate around the same call. */
const gated =
  (policy: RateLimit.RateLimitPolicy, rest: number): Contender["sendAll"] =>
  (url) =>
    Effect.scoped(
      Effect.flatMap(RateLimit.make(policy, { rest }), (gate) =>
        keepOn(
          Effect.orDie(gate.acquire).pipe(
            Effect.zipRight(Effect.promise(() => send(url))),
            Effect.flatMap((status) => gate.heard({ status, retryAfter: Option.none() }))
          )
        )
      )
    )

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
  { name: adapting, sendAll: gated(RateLimit.instantly, 0) },
  { name: closing, sendAll: gated(quotas, 1000) },
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
