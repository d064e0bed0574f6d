/**
 * When a request may leave. A rate-limit policy is a `Schedule` over permits, and the `RateLimit` service runs one. The
 * service is the one gate of a workspace: all callers share it, each attempt takes a permit, and it observes every
 * response. `InstantlyClient` takes the permits.
 *
 * @module
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { finiteMillis } from "./internal/parameters.js"
import * as Adaptive from "./RateLimit/adaptive.js"
import * as Gate from "./RateLimit/gate.js"
import * as Quota from "./RateLimit/quota.js"

/**
 * The responses that arrived since the last permit was given.
 *
 * @since 0.1.0
 * @category models
 */
export interface Feedback {
  /** How many had a status other than 429. */
  readonly admitted: number
  /** How many had status 429. */
  readonly throttled: number
  /** The longest wait that one of the 429s asked for, if any did. */
  readonly retryAfter: Option.Option<Duration.Duration>
}

/**
 * A schedule that the gate steps each time it gives a permit. Its delay is the time until the next permit; when it
 * ends, no more permits are given. Its input is the {@link Feedback} since the last permit, so a policy can slow down
 * when the server refuses. Any schedule is a policy, and policies compose as schedules do: `Schedule.intersect` of two
 * is the stricter one at every moment.
 *
 * The gate steps it with monotonic time, which starts at the wall clock but is not affected when that is adjusted.
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
export type RateLimitPolicy<R = never> = Schedule.Schedule<unknown, Feedback, R>

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
  /** How many requests may leave at once after a pause: from 1 (the default) to `limit - 1`, or 1 if `limit` is 1. */
  readonly burst?: number
  /** How much the latency to the server may vary. Default: 0. */
  readonly jitter?: Duration.DurationInput
}

/**
 * At most `limit` requests in any window: a burst, then evenly spaced permits, so that
 * `burst + rate × (window + jitter) ≤ limit`. This holds for every window measured at the sender. As long as latency varies
 * by at most `jitter`, it holds at the server, too, whether its windows slide or are fixed.
 *
 * With a limit of 1, permits are `window + jitter` apart. Throws a `RangeError` if a parameter is out of bounds.
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
export const quota = (options: QuotaOptions): Schedule.Schedule<unknown> => Quota.make(options)

/**
 * The parameters of {@link adaptive}.
 *
 * @since 0.1.0
 * @category models
 */
export interface AdaptiveOptions {
  /** The fastest pace, and the one it starts at, in permits a second. At this pace it adds no wait. Default: 100. */
  readonly max?: number
  /** The slowest pace, in permits a second. Default: 1. */
  readonly min?: number
  /** The factor by which a 429 reduces the pace: between 0 and 1. Default: 0.92. */
  readonly factor?: number
  /** The pace is reduced at most once in this period. Default: 100 milliseconds. */
  readonly every?: Duration.DurationInput
  /** The shortest wait for the next permit after a 429. Default: 50 milliseconds. */
  readonly pause?: Duration.DurationInput
}

/**
 * Slows down after 429s and speeds up again. Every gate does this on top of its policy (`yields` of {@link Options}),
 * so that other programs in the workspace get their share. Intersect it with your own policy to yield more than that.
 * Its output is the pace, in permits a second.
 *
 * A 429 multiplies the pace by `factor`, or the number of permits in the last second if that is lower. Then the pace
 * grows as in CUBIC (RFC 9438): fast up to where the last 429s came, slowly around there, and then faster again. Throws
 * a `RangeError` if a parameter is out of bounds.
 *
 * @example
 * ```ts
 * import { RateLimit } from "effect-instantly"
 * import { Schedule } from "effect"
 *
 * // a quota whose pace is a fifth less after each 429
 * const polite = Schedule.intersect(
 *   RateLimit.quota({ limit: 50, window: "1 second" }),
 *   RateLimit.adaptive({ factor: 0.8 })
 * )
 * ```
 *
 * @see https://www.rfc-editor.org/rfc/rfc9438
 * @since 0.1.0
 * @category constructors
 */
export const adaptive = (options?: AdaptiveOptions): Schedule.Schedule<number, Feedback> => Adaptive.make(options)

/**
 * Gives every permit at once. The gate still slows down after 429s, unless its `yields` is `false`.
 *
 * @since 0.1.0
 * @category policies
 */
export const unlimited: Schedule.Schedule<unknown> = Schedule.forever

/**
 * The quotas of a workspace at Instantly, 100 requests a second and 6,000 a minute, each with a burst of 2 and 50
 * milliseconds of jitter.
 *
 * @see https://developer.instantly.ai/api/v2/ratelimit
 * @since 0.1.0
 * @category policies
 */
export const instantlyQuotas: ReadonlyArray<QuotaOptions> = [
  { limit: 100, window: "1 second", burst: 2, jitter: "50 millis" },
  { limit: 6000, window: "1 minute", burst: 2, jitter: "50 millis" }
]

/**
 * Instantly's limit for a workspace: {@link instantlyQuotas}, which give about 93 permits a second. It is for one
 * process. Several processes notice each other only through 429s: give each a share of the limit, or use
 * `RedisRateLimit`.
 *
 * @example
 * ```ts
 * import { RateLimit } from "effect-instantly"
 * import { Schedule } from "effect"
 *
 * // the workspace's limit, and at most 20 in any ten seconds
 * const gentle = Schedule.intersect(RateLimit.instantly, RateLimit.quota({ limit: 20, window: "10 seconds" }))
 * const gate = RateLimit.layer(gentle)
 * ```
 *
 * @see https://developer.instantly.ai/api/v2/ratelimit
 * @since 0.1.0
 * @category policies
 */
export const instantly: Schedule.Schedule<unknown> = instantlyQuotas
  .map(quota)
  .reduce((a, b) => Schedule.intersect(a, b))

const policyEnded = "the rate-limit policy has ended: no more permits are given"

const gateClosed = "the gate has closed: no more permits are given"

/**
 * The gate refused a permit, and will not give one soon. The default `message` says that the policy has ended; a custom
 * gate should say why it refuses.
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
 * The functions of {@link RateLimit}. To write your own gate (a circuit breaker, two lanes, a limit that several
 * processes share), implement these two.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Waits for a permit. First come, first served. If a waiting caller is interrupted, the next one moves up. A permit is
   * spent once its caller has been released, even if that caller is then interrupted.
   *
   * Fails with {@link PermitRefused} when the policy or the scope of the service has ended.
   */
  readonly acquire: Effect.Effect<void, PermitRefused>
  /**
   * Takes note of a response: its status, and the wait it asks for, if any. `InstantlyClient` calls it as soon as the
   * head of the response has arrived. A 429 that names a time closes the gate for that time, at most `maxPause`, also
   * for callers already waiting. Overlapping pauses end with the latest. The policy gets the counts at the next permit.
   */
  readonly observe: (response: {
    readonly status: number
    readonly retryAfter: Option.Option<Duration.Duration>
  }) => Effect.Effect<void>
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
 * How a gate behaves, apart from its policy.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The longest time for which one 429 closes the gate, whatever the server asks for. Default: 1 minute. */
  readonly maxPause?: Duration.DurationInput | undefined
  /**
   * How the gate slows down after 429s: the parameters of the {@link adaptive} that it intersects with its policy, or
   * `false` if only the policy decides. Default: those of {@link adaptive}.
   */
  readonly yields?: AdaptiveOptions | false | undefined
}

/** @internal */
export const makeWith = <A, R>(
  policy: RateLimitPolicy<R>,
  permit: Gate.Permit<A>,
  { maxPause = "1 minute", yields }: Options = {}
) =>
  Gate.make(yields === false ? policy : Schedule.intersect(policy, adaptive(yields)), {
    permit,
    maxPause: finiteMillis("RateLimit: maxPause", maxPause),
    ended: () => new PermitRefused(),
    closed: () => new PermitRefused({ message: gateClosed })
  })

/**
 * Runs a policy: gives permits in the order of the callers, for as long as the scope is open. If the policy or the
 * scope ends, all callers are refused. A policy that dies has ended, and the class of its defect is logged.
 *
 * Throws a `RangeError` if an option is out of bounds.
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
  options?: Options
): Effect.Effect<Service, never, Scope.Scope | R> => makeWith(policy, () => Effect.void, options)

/**
 * Provides the gate that runs a policy. Build it once for a workspace, and share it.
 *
 * @example
 * ```ts
 * import { RateLimit } from "effect-instantly"
 *
 * const gate = RateLimit.layer(RateLimit.instantly, { yields: { factor: 0.8 } })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <R>(policy: RateLimitPolicy<R>, options?: Options): Layer.Layer<RateLimit, never, R> =>
  Layer.scoped(RateLimit, make(policy, options))
