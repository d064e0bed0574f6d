/**
 * One limit for several processes: a gate whose permits are booked in Redis. It implements the `RateLimit` tag, so
 * nothing else in a program changes. It does not depend on a Redis client: `evaluate` runs a script with the client
 * that the app has. Its queue, policies and metrics are those of `RateLimit.make`.
 *
 * @example
 * ```ts
 * import { Instantly } from "effect-instantly"
 * import * as RedisRateLimit from "effect-instantly/RedisRateLimit"
 *
 * // the part of an `ioredis` client that is used
 * declare const redis: { eval(script: string, keys: number, ...rest: Array<string>): Promise<unknown> }
 *
 * const gate = RedisRateLimit.layer({
 *   workspace: "production",
 *   evaluate: (script, keys, args) => redis.eval(script, keys.length, ...keys, ...args)
 * })
 * const InstantlyLive = Instantly.layerConfig({ gate })
 * ```
 *
 * @module
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { finiteMillis, refuse } from "./internal/parameters.js"
import * as RateLimit from "./RateLimit.js"
import * as Booking from "./RedisRateLimit/booking.js"
import * as Link from "./RedisRateLimit/link.js"
import * as Script from "./RedisRateLimit/script.js"

/**
 * Runs a Lua script on Redis 5 or later and returns its result, a list of integers. `EVAL` is enough. If it throws, rejects
 * or does not settle within half a second, Redis counts as unavailable.
 *
 * @since 0.1.0
 * @category models
 */
export type Evaluate = (script: string, keys: Array<string>, args: Array<string>) => PromiseLike<unknown>

/**
 * The parameters of {@link make}. All processes that share a workspace should use the same `workspace` and `quotas`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends RateLimit.Options {
  /** A name for the workspace. It is part of the key in Redis, so it must not be a secret. */
  readonly workspace: string
  readonly evaluate: Evaluate
  /**
   * The quotas for all processes together. Default: `RateLimit.instantlyQuotas`.
   *
   * A slot can be used up to 25 milliseconds late. That time is added to the `jitter` of each quota, so it lowers the
   * rate.
   *
   * While new quotas are rolled out, processes with old and new ones run side by side. Quotas of the same `window`
   * count together, so all processes stay within the larger of the two limits if `burst` is the same. Quotas of
   * different windows count separately, so the processes can reach the sum of both. To change a window, first roll out
   * the old quota and the new one together, and then remove the old one.
   */
  readonly quotas?: ReadonlyArray<RateLimit.QuotaOptions>
  /** A policy for this process alone, on top of the quotas. Default: `RateLimit.unlimited`. */
  readonly policy?: RateLimit.RateLimitPolicy
  /**
   * The policy while Redis is unavailable. It is for this process alone, so give it a share of the limit. Default:
   * nobody gets a permit.
   */
  readonly whileAway?: RateLimit.RateLimitPolicy
}

/**
 * Makes a gate whose permits are booked in Redis.
 *
 * Each process books up to two slots ahead, by Redis's clock, and its callers wait for them. So it gets at most two
 * permits per round trip to Redis. While Redis is unavailable nobody gets a permit, unless `whileAway` gives one, and
 * one warning is logged.
 *
 * A 429 that names a time closes the gate in all processes: slots already booked become void, but a process only finds out
 * with its next booking, so a few more requests may leave. A 429 without a time slows down the process that got it
 * (`yields`).
 *
 * The limit also holds if Redis goes back to an older state (after a restart, or a failover to a replica that lags),
 * and if its clock is set. The processes that were running notice, and then nobody gets a permit for half a second, as
 * when Redis has no data yet. The limit does not hold while two servers act as the primary at the same time.
 *
 * Throws a `RangeError` if a parameter is out of bounds.
 *
 * @example
 * ```ts
 * import { RateLimit } from "effect-instantly"
 * import * as RedisRateLimit from "effect-instantly/RedisRateLimit"
 *
 * // the part of a `redis` (node-redis) client that is used
 * declare const client: {
 *   eval(script: string, options: { keys: Array<string>; arguments: Array<string> }): Promise<unknown>
 * }
 *
 * const gate = RedisRateLimit.make({
 *   workspace: "production",
 *   evaluate: (script, keys, args) => client.eval(script, { keys, arguments: args }),
 *   // one of four processes goes on alone, with its share
 *   whileAway: RateLimit.quota({ limit: 25, window: "1 second", jitter: "50 millis" })
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<RateLimit.Service, never, Scope.Scope> => {
  const { evaluate, policy = RateLimit.unlimited, quotas = RateLimit.instantlyQuotas, whileAway, workspace } = options
  const maxPause = finiteMillis("RedisRateLimit: maxPause", options.maxPause ?? "1 minute")
  if (workspace === "") refuse("RedisRateLimit: workspace", "a name", workspace)
  // Both throw if a parameter is out of bounds.
  quotas.forEach(RateLimit.quota)
  if (options.yields) RateLimit.adaptive(options.yields)

  return Effect.gen(function* () {
    const clock = yield* Effect.clock
    // Monotonic, like the gate's clock.
    const now = Effect.map(clock.currentTimeNanos, (nanos) => Number(nanos) / 1e6)
    const link = Link.make({
      evaluate,
      key: Script.keyOf(workspace),
      quotas: Script.quotaArguments(quotas),
      consequence: `${whileAway ? "whileAway gives the" : "There are no"} permits until Redis is back.`,
      now
    })
    const booking = yield* Booking.make({ link, now, whileAway })
    const gate = yield* RateLimit.makeWith(policy, booking.take, options)

    const acquire: RateLimit.Service["acquire"] = Effect.flatMap(gate.acquire, (slot) =>
      // A busy process may resume the caller too late.
      Effect.if(booking.isLate(slot), { onTrue: () => acquire, onFalse: () => Effect.void })
    )

    return {
      acquire,
      observe: (response) =>
        Effect.zipRight(
          gate.observe(response),
          response.status === 429 && Option.isSome(response.retryAfter)
            ? booking.pause(Math.min(Math.ceil(Duration.toMillis(response.retryAfter.value)), maxPause))
            : Effect.void
        )
    }
  })
}

/**
 * Provides the gate whose permits are booked in Redis. Build it once in each process, and share it.
 *
 * @example
 * ```ts
 * import * as RedisRateLimit from "effect-instantly/RedisRateLimit"
 *
 * declare const evaluate: RedisRateLimit.Evaluate
 *
 * // half of the workspace's limit
 * const gate = RedisRateLimit.layer({
 *   workspace: "production",
 *   evaluate,
 *   quotas: [{ limit: 50, window: "1 second", burst: 2, jitter: "50 millis" }]
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<RateLimit.RateLimit> =>
  Layer.scoped(RateLimit.RateLimit, make(options))
