/**
 * When a request may leave: a rate-limit policy is a `Schedule` over permits, and the `RateLimit` service runs one. The
 * service is the one gate of a workspace: all callers share it, each attempt takes a permit, and it hears of every
 * response. Which request needs a permit is left to `InstantlyClient`.
 *
 * @module
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { finiteMillis } from "./internal/parameters.js"
import * as Adaptive from "./RateLimit/adaptive.js"
import * as Gate from "./RateLimit/gate.js"
import * as Quota from "./RateLimit/quota.js"
import * as Rule from "./RateLimit/rule.js"

/**
 * What the gate has heard since it gave the last permit.
 *
 * @since 0.1.0
 * @category models
 */
export interface Heard {
  /** Responses of any status but 429. */
  readonly admitted: number
  /** Responses of status 429. */
  readonly throttled: number
  /** The longest time that one of those named, if any did. */
  readonly retryAfter: Option.Option<Duration.Duration>
}

/**
 * A schedule that is stepped each time a permit is given: its delay is the time until the next one, and if it ends, no more
 * permits are given. Its input is what the gate has heard since the last permit, so that a policy can slow down when the
 * server refuses. Any schedule fits, and policies compose as schedules do: `Schedule.intersect` of two is at every moment
 * the stricter of the two.
 *
 * The time that it is stepped with is monotonic: it starts at the wall clock's, and does not change when that is set.
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
export type RateLimitPolicy<R = never> = Schedule.Schedule<unknown, Heard, R>

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
export const quota = (options: QuotaOptions): Schedule.Schedule<unknown> => Rule.toSchedule(Quota.fixed(options))

/**
 * A quota that may change: the effect is asked for it at each permit, and what it says holds from that permit on. Use it for
 * a limit that differs by day and by night, or that a flag or a service knows; cache the value if asking for it is slow.
 *
 * A new quota begins with its burst spent. So no window in which the quota changes holds more than the larger of the
 * counts that the two allow for its length. If a value is out of the bounds of {@link QuotaOptions}, the last good one
 * stays (until there is one: a permit a second), and a warning is logged, once for several in a row.
 *
 * @example
 * ```ts
 * import { RateLimit } from "effect-instantly"
 * import { Clock, Effect } from "effect"
 *
 * // by night twice as many as by day
 * const byDayAndNight = RateLimit.dynamic(
 *   Effect.map(Clock.currentTimeMillis, (now) => {
 *     const hour = new Date(now).getUTCHours()
 *     return { limit: hour >= 6 && hour < 22 ? 30 : 60, window: "1 second" }
 *   })
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const dynamic = <R>(quota: Effect.Effect<QuotaOptions, never, R>): Schedule.Schedule<unknown, unknown, R> =>
  Quota.dynamic(quota)

/**
 * The parameters of {@link adaptive}.
 *
 * @since 0.1.0
 * @category models
 */
export interface AdaptiveOptions {
  /** The fastest pace, and the first: permits a second. At this pace it asks for no wait at all. Default: 100. */
  readonly max?: number
  /** The slowest pace: permits a second. Default: 1. */
  readonly min?: number
  /** What a 429 leaves of the pace: between 0 and 1. Default: 0.92. */
  readonly factor?: number
  /** The pace is reduced at most once in this time. Default: 100 milliseconds. */
  readonly every?: Duration.DurationInput
  /** How much the pace grows in each second: permits a second. Default: 2.5. */
  readonly recovery?: number
  /** How long the policy waits once it hears of a 429, which is at the next permit. Default: 50 milliseconds. */
  readonly pause?: Duration.DurationInput
}

/**
 * Slows down after 429s and comes back: use it where other programs use the same limit. Intersect it with a quota, which
 * spaces permits while there are no 429s, and give the gate `rest: 0`, so that it does not close after each 429 as well. Its
 * output is the pace, in permits a second.
 *
 * The pace settles where 429s come so seldom that it grows in between as much as they take. Throws a `RangeError` if a
 * parameter is out of its bounds.
 *
 * @example
 * ```ts
 * import { RateLimit } from "effect-instantly"
 * import { Schedule } from "effect"
 *
 * // gives way sooner than the default does
 * const polite = Schedule.intersect(RateLimit.instantly, RateLimit.adaptive({ factor: 0.8, recovery: 1 }))
 * const gate = RateLimit.layer(polite, { rest: 0 })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const adaptive = (options?: AdaptiveOptions): Schedule.Schedule<number, Heard> =>
  Rule.toSchedule(Adaptive.make(options))

/**
 * Gives every permit at once. A 429 still closes the gate.
 *
 * @since 0.1.0
 * @category policies
 */
export const unlimited: Schedule.Schedule<unknown> = Rule.toSchedule(Rule.always)

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
 * Instantly's limit for a workspace: {@link instantlyQuotas}, which give about 93 a second, intersected with
 * {@link adaptive}, which yields to other programs in the workspace. Give its gate `rest: 0`, as `Instantly.layer` does, and
 * do the same for a policy that is composed of it. It is for one process: two processes notice each other only by their
 * 429s.
 *
 * @example
 * ```ts
 * import { RateLimit } from "effect-instantly"
 * import { Schedule } from "effect"
 *
 * // the workspace's limit, and no more than 20 at once in ten seconds
 * const gentle = Schedule.intersect(RateLimit.instantly, RateLimit.quota({ limit: 20, window: "10 seconds" }))
 * const gate = RateLimit.layer(gentle, { rest: 0 })
 * ```
 *
 * @see https://developer.instantly.ai/api/v2/ratelimit
 * @since 0.1.0
 * @category policies
 */
// `Schedule.intersect` of the three decides the same, but takes more memory at each permit (`npm run bench:permits`).
export const instantly: RateLimitPolicy = Rule.toSchedule(
  Rule.strictest([...instantlyQuotas.map(Quota.fixed), Adaptive.make()])
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
 * What {@link RateLimit} does. A gate of one's own implements these three and nothing else: a circuit breaker, two lanes, a
 * limit that several processes share.
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
  /**
   * Is told of every response, as soon as its head is there: its status, and how long it asks to wait, if it does. A 429
   * closes the gate for that time, or for `rest` if it names none; the policy hears the counts at the next permit.
   */
  readonly heard: (response: {
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
 * }).pipe(Effect.provide(RateLimit.layer(RateLimit.instantly, { rest: 0 })))
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
  /**
   * How long a 429 that names no time closes the gate. Default: 1 second. Set it to 0 for a policy that slows down after
   * 429s: {@link instantly}, {@link adaptive}, and what is composed of them.
   */
  readonly rest?: Duration.DurationInput
}

/**
 * Runs a policy: gives permits, in the order of their callers, for as long as the scope is open. If the policy dies, it has
 * ended, and the class of its defect is logged. Throws a
 * `RangeError` if `maxPause` or `rest` is negative or infinite.
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
    rest: finiteMillis("RateLimit: rest", options.rest ?? "1 second"),
    ended: () => new PermitRefused()
  })

/**
 * Provides the gate that runs a policy. Build it once for a workspace, and share it.
 *
 * @example
 * ```ts
 * import { RateLimit } from "effect-instantly"
 *
 * const gate = RateLimit.layer(RateLimit.instantly, { rest: 0 })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <R>(policy: RateLimitPolicy<R>, options?: Options): Layer.Layer<RateLimit, never, R> =>
  Layer.scoped(RateLimit, make(policy, options))
