/**
 * When a request may leave: a rate-limit policy is a `Schedule` over permits, and the `RateLimit` service runs one. The
 * service is the one gate of a workspace: all that call on it share it, and each attempt takes a permit. Why a request
 * needs one, and what a 429 does, is left to `InstantlyClient`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleInterval from "effect/ScheduleInterval"
import type * as Scope from "effect/Scope"
import { finiteMillis, refuse } from "./internal/parameters.js"
import * as Gate from "./RateLimit/gate.js"

/**
 * A schedule that is stepped each time a permit is given: its delay is the time until the next one, and where it ends, no
 * more are given. Any schedule fits, and policies compose as schedules do: `Schedule.intersect` of two is at every moment
 * the stricter of the two.
 *
 * @example
 * ```ts
 * import { RateLimit } from "effect-instantly"
 * import { Schedule } from "effect"
 *
 * const oneASecond: RateLimit.RateLimitPolicy = Schedule.spaced("1 second")
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export type RateLimitPolicy<R = never> = Schedule.Schedule<unknown, unknown, R>

/**
 * The parameters of {@link quota}.
 *
 * @since 0.1.0
 * @category models
 */
export interface QuotaOptions {
  /** How many requests any window may hold: a whole number of at least 1. */
  readonly limit: number
  /** How long a window is. */
  readonly window: Duration.DurationInput
  /** How many permits may leave at once after a rest: at least 1 (the default), and less than a `limit` above 1. */
  readonly burst?: number
  /** By how much the latency to the server may vary. Default: nothing. */
  readonly jitter?: Duration.DurationInput
}

/**
 * At most `limit` requests in any window: a burst, then evenly spaced permits, so that
 * `burst + rate × (window + jitter) ≤ limit`. It holds for every window of the sender's, and for every window of the
 * server's while latency varies by no more than `jitter`; sliding or fixed makes no difference.
 *
 * A limit of 1 spaces permits by `window + jitter`. Throws a `RangeError` if a parameter is out of its bounds.
 *
 * @example
 * ```ts
 * import { RateLimit } from "effect-instantly"
 *
 * // half of the workspace's limit, for one of two processes
 * const half = RateLimit.quota({ limit: 50, window: "1 second", burst: 2, jitter: "50 millis" })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const quota = (options: QuotaOptions): RateLimitPolicy => {
  const { burst = 1, limit } = options
  const window = finiteMillis("quota: window", options.window)
  const jitter = finiteMillis("quota: jitter", options.jitter ?? 0)
  if (!(Number.isInteger(limit) && limit >= 1)) refuse("quota: limit", "a whole number of at least 1", limit)
  const mostAtOnce = Math.max(1, limit - 1)
  if (!(Number.isInteger(burst) && burst >= 1 && burst <= mostAtOnce)) {
    refuse("quota: burst", `a whole number from 1 to ${mostAtOnce}`, burst)
  }
  if (window === 0) refuse("quota: window", "longer than nothing", options.window)
  const interval = (window + jitter) / Math.max(1, limit - burst)
  // The generic cell rate algorithm: `arrival` is when the last permit would have left, had they all been evenly spaced.
  return Schedule.makeWithState(Number.NEGATIVE_INFINITY, (now, _, arrival) => {
    // A clock that was set back must not make callers wait until it is where it was.
    const next = Math.min(Math.max(arrival, now), now + burst * interval) + interval
    // Rounded up: a fraction of a millisecond is never slept through on a clock of whole ones.
    const at = Math.max(now, Math.ceil(next - (burst - 1) * interval))
    return Effect.succeed([next, undefined, ScheduleDecision.continueWith(ScheduleInterval.after(at))])
  })
}

/**
 * Gives every permit at once. A 429 still closes the gate.
 *
 * @example
 * ```ts
 * import { RateLimit } from "effect-instantly"
 *
 * const gate = RateLimit.layer(RateLimit.unlimited)
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const unlimited: RateLimitPolicy = Schedule.forever

/**
 * Instantly's limit for a workspace, 100 requests a second and 6,000 a minute, with a burst of 2 and 50 milliseconds of
 * jitter: about 93 a second. It is for one process that has the workspace to itself.
 *
 * @example
 * ```ts
 * import { RateLimit } from "effect-instantly"
 * import { Schedule } from "effect"
 *
 * // the workspace's limit, and no more than 20 at once in ten seconds
 * const gentle = Schedule.intersect(RateLimit.instantly, RateLimit.quota({ limit: 20, window: "10 seconds" }))
 * ```
 *
 * @see https://developer.instantly.ai/api/v2/ratelimit
 * @since 0.1.0
 * @category policies
 */
export const instantly: RateLimitPolicy = Schedule.intersect(
  quota({ limit: 100, window: "1 second", burst: 2, jitter: "50 millis" }),
  quota({ limit: 6000, window: "1 minute", burst: 2, jitter: "50 millis" })
)

const policyEnded = "the rate-limit policy has ended: no more permits are given"

/**
 * No permit was given, and none will be soon. Without a `message` it says that the policy has ended; a gate of one's own
 * says why.
 *
 * @since 0.1.0
 * @category errors
 */
export class PermitRefused extends Data.TaggedError("PermitRefused")<{ readonly message: string }> {
  constructor({ message = policyEnded }: { readonly message?: string } = {}) {
    super({ message })
  }
}

/**
 * What {@link RateLimit} does.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Waits for a permit. First come, first served; the place of a caller that is interrupted goes to the next. A permit
   * counts as given when its waiter has been released, and from then on it is spent.
   *
   * Fails with {@link PermitRefused} when the policy has ended. When the scope of the service ends, those who wait are
   * interrupted.
   */
  readonly acquire: Effect.Effect<void, PermitRefused>
  /**
   * Gives nobody a permit for this long, those already waiting included; at most `maxPause`. Of several pauses the one
   * that ends last counts. Afterwards permits leave at the policy's pace.
   */
  readonly pause: (duration: Duration.DurationInput) => Effect.Effect<void>
}

/**
 * The gate that all requests to one workspace pass.
 *
 * @example
 * ```ts
 * import { RateLimit } from "effect-instantly"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const rateLimit = yield* RateLimit.RateLimit
 *   yield* rateLimit.acquire
 *   // ... one request
 * }).pipe(Effect.provide(RateLimit.layer(RateLimit.instantly)))
 * ```
 *
 * @since 0.1.0
 * @category tags
 */
export class RateLimit extends Context.Tag("effect-instantly/RateLimit")<RateLimit, Service>() {}

/**
 * What the gate does beside its policy.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The longest that one 429 may close the gate, whatever the server asks. Default: 1 minute. */
  readonly maxPause?: Duration.DurationInput
}

/**
 * Runs a policy: one fiber gives the permits, in the order of their callers, for as long as the scope is open. Throws a
 * `RangeError` where `maxPause` is negative or infinite.
 *
 * @example
 * ```ts
 * import { RateLimit } from "effect-instantly"
 * import { Effect } from "effect"
 *
 * const gate = RateLimit.make(RateLimit.quota({ limit: 10, window: "1 second" }), { maxPause: "30 seconds" })
 * const program = Effect.scoped(Effect.flatMap(gate, (rateLimit) => rateLimit.acquire))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <R>(
  policy: RateLimitPolicy<R>,
  options: Options = {}
): Effect.Effect<Service, never, Scope.Scope | R> =>
  Gate.make(policy, {
    maxPause: finiteMillis("RateLimit: maxPause", options.maxPause ?? "1 minute"),
    ended: () => new PermitRefused()
  })

/**
 * Provides the gate that runs a policy. Build it once for a workspace, and share it.
 *
 * @example
 * ```ts
 * import { RateLimit } from "effect-instantly"
 *
 * const gate = RateLimit.layer(RateLimit.instantly)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <R>(policy: RateLimitPolicy<R>, options?: Options): Layer.Layer<RateLimit, never, R> =>
  Layer.scoped(RateLimit, make(policy, options))
