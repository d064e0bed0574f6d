/**
 * One limit for several processes: a gate whose permits are booked in Redis. It implements the `RateLimit` tag, so nothing
 * else changes in a program that uses it. It depends on no Redis client: `evaluate` runs a script with the one that the
 * app has. Line, policy, pauses and metrics are those of `RateLimit.make`; what is booked where is left to Redis.
 *
 * @example
 * ```ts
 * import { Instantly } from "effect-instantly"
 * import * as RedisRateLimit from "effect-instantly/RedisRateLimit"
 *
 * // what is used of the client of `ioredis`
 * declare const redis: { eval(script: string, keys: number, ...rest: Array<string>): Promise<unknown> }
 *
 * const rateLimit = RedisRateLimit.layer({
 *   workspace: "production",
 *   evaluate: (script, keys, args) => redis.eval(script, keys.length, ...keys, ...args)
 * })
 * const InstantlyLive = Instantly.layerConfig({ rateLimit })
 * ```
 *
 * @module
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { finiteMillis, refuse } from "./internal/parameters.js"
import * as RateLimit from "./RateLimit.js"
import * as Booking from "./RedisRateLimit/booking.js"
import * as Link from "./RedisRateLimit/link.js"
import * as Script from "./RedisRateLimit/script.js"

/**
 * Runs a Lua script on Redis 5 or later, and gives what the script returns: a list of numbers. `EVAL` is enough. If it
 * throws, fails or never ends, Redis is away.
 *
 * @since 0.2.0
 * @category models
 */
export type Evaluate = (script: string, keys: Array<string>, args: Array<string>) => PromiseLike<unknown>

/**
 * The parameters of {@link make}. All processes that share a workspace should be given the same, `policy` and `whileAway`
 * apart.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options extends RateLimit.Options {
  /** A name for what is limited together: part of the key in Redis, and so not a secret. */
  readonly workspace: string
  readonly evaluate: Evaluate
  /** The quotas that all processes keep together. Default: `RateLimit.instantlyQuotas`. */
  readonly quotas?: ReadonlyArray<RateLimit.QuotaOptions>
  /** What this process keeps to on top. Default: `RateLimit.unlimited`. */
  readonly policy?: RateLimit.RateLimitPolicy
  /** What gives permits while Redis does not respond; it counts for this process alone. Default: nobody gets one. */
  readonly whileAway?: RateLimit.RateLimitPolicy
  /**
   * By how much a permit may be later than its slot; one that would be later gets another slot. It is added to each
   * quota's jitter, and so costs pace. Default: 25 milliseconds.
   */
  readonly lateness?: Duration.DurationInput
  /**
   * How many slots this process books ahead: a whole number of at least 1. It gets at most as many permits in the time of
   * a round trip to Redis. Default: 2.
   */
  readonly ahead?: number
  /**
   * How long one command may take, and for how long what Redis said is relied on. Where Redis has no data, or has lost it,
   * the first permit comes that much later. Default: 500 milliseconds.
   */
  readonly timeout?: Duration.DurationInput
}

/**
 * Makes a gate whose permits are booked in Redis.
 *
 * A caller waits for its slot as it waits for a permit of any gate. Each process books a few slots ahead, by Redis's clock.
 * A 429 or a `pause` in one process closes the gate in all of them: those slots are void, and a process learns of that when
 * it books the next, so a few requests may still leave. While Redis does not respond, nobody gets a permit, unless
 * `whileAway` gives it; a warning is logged once.
 *
 * Throws a `RangeError` if a parameter is out of its bounds.
 *
 * @example
 * ```ts
 * import { RateLimit } from "effect-instantly"
 * import * as RedisRateLimit from "effect-instantly/RedisRateLimit"
 *
 * // what is used of the client of `redis` (node-redis)
 * declare const client: {
 *   eval(script: string, options: { keys: Array<string>; arguments: Array<string> }): Promise<unknown>
 * }
 *
 * const gate = RedisRateLimit.make({
 *   workspace: "production",
 *   evaluate: (script, keys, args) => client.eval(script, { keys, arguments: args }),
 *   // one of four processes keeps going alone, with its share
 *   whileAway: RateLimit.quota({ limit: 25, window: "1 second", jitter: "50 millis" })
 * })
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<RateLimit.Service, never, Scope.Scope> => {
  const {
    ahead = 2,
    evaluate,
    policy: own = RateLimit.unlimited,
    quotas = RateLimit.instantlyQuotas,
    whileAway
  } = options
  const lateness = finiteMillis("RedisRateLimit: lateness", options.lateness ?? "25 millis")
  const timeout = finiteMillis("RedisRateLimit: timeout", options.timeout ?? "500 millis")
  const maxPause = finiteMillis("RedisRateLimit: maxPause", options.maxPause ?? "1 minute")
  if (options.workspace === "") refuse("RedisRateLimit: workspace", "a name", '""')
  if (!(Number.isInteger(ahead) && ahead >= 1)) refuse("RedisRateLimit: ahead", "a whole number of at least 1", ahead)
  if (timeout === 0) refuse("RedisRateLimit: timeout", "longer than nothing", options.timeout)
  // It refuses what is out of bounds.
  quotas.forEach(RateLimit.quota)

  const policy: RateLimit.RateLimitPolicy =
    options.yields === false ? own : Schedule.intersect(own, RateLimit.adaptive(options.yields))

  return Effect.gen(function* () {
    const clock = yield* Effect.clock
    // Monotonic, as the gate's.
    const now = () => Number(clock.unsafeCurrentTimeNanos()) / 1e6
    const link = Link.make({
      evaluate,
      key: Script.keyOf(options.workspace),
      quotas: Script.quotaArguments(quotas, lateness),
      timeout,
      whileAway: whileAway === undefined ? "no permits are given" : "this process follows whileAway",
      now
    })
    const booking = yield* Booking.make({ link, now, whileAway, lateness, hold: timeout })

    // A step of the gate's policy takes until the next permit is due: first by this process's own policy, whose wait
    // before the first permit is nothing, and then by its slot.
    const gate = yield* Schedule.identity<RateLimit.Feedback>().pipe(
      Schedule.intersect(Schedule.andThen(Schedule.once, policy)),
      Schedule.modifyDelayEffect(([heard], delay) =>
        Effect.suspend(() => {
          const millis = Duration.toMillis(delay)
          return booking
            .sleepUntil(now() + millis)
            .pipe(Effect.zipRight(booking.use(heard, millis > 0 ? 1 : ahead)), Effect.as(Duration.zero))
        })
      ),
      (slots) => RateLimit.make(slots, { maxPause, yields: false })
    )
    // A gate gives its first permit before it asks its policy, and so without a slot: nobody may have that one.
    yield* Effect.ignore(gate.acquire)

    const acquire: RateLimit.Service["acquire"] = Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        const caller = booking.join()
        return Effect.onExit(restore(gate.acquire), () => Effect.sync(() => booking.leave(caller)))
      })
    ).pipe(
      // The caller that it was meant for may have left; then it waited here for the next one.
      Effect.flatMap(() => (booking.isLate() ? acquire : Effect.void))
    )
    const pauseAll = (duration: Duration.DurationInput) =>
      booking.pause(Math.min(Math.ceil(Duration.toMillis(duration)), maxPause))

    return {
      acquire,
      observe: (response) =>
        Effect.zipRight(
          gate.observe(response),
          response.status === 429 && Option.isSome(response.retryAfter)
            ? pauseAll(response.retryAfter.value)
            : Effect.void
        )
    }
  })
}

/**
 * Provides the gate whose permits are booked in Redis, to `InstantlyClient`.
 *
 * @example
 * ```ts
 * import { RateLimit } from "effect-instantly"
 * import * as RedisRateLimit from "effect-instantly/RedisRateLimit"
 *
 * declare const evaluate: RedisRateLimit.Evaluate
 *
 * const half = RedisRateLimit.layer({
 *   workspace: "production",
 *   evaluate,
 *   quotas: [{ limit: 50, window: "1 second", burst: 2, jitter: "50 millis" }]
 * })
 * ```
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<RateLimit.RateLimit> =>
  Layer.scoped(RateLimit.RateLimit, make(options))
