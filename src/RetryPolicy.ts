/**
 * When to try again: a retry policy is a `Schedule` over errors, stepped once for each failed attempt of one call, and
 * nothing else. It is composed, observed and tested with Effect's own combinators; this module adds the few pieces that
 * Effect does not have. What may never be sent again, whatever a policy says, is left to `InstantlyClient`.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import type { InstantlyError } from "./InstantlyError.js"
import { duration, finiteMillis, refuse } from "./internal/parameters.js"
import { CurrentRetryPolicy } from "./RetryPolicy/current.js"

/**
 * A schedule over the errors of one call: its delay is the wait before the next attempt, and where it ends, the call
 * fails with the error in hand. A policy holds no state; one value serves any number of calls at once.
 *
 * Any schedule fits. One that asks nothing of the error retries every error: pipe it through {@link whileRetryable}.
 *
 * @example
 * ```ts
 * import { RetryPolicy } from "effect-instantly"
 * import { Schedule } from "effect"
 *
 * const patient: RetryPolicy.RetryPolicy = Schedule.spaced("5 seconds").pipe(
 *   Schedule.intersect(RetryPolicy.honorRetryAfter),
 *   RetryPolicy.attempts(20),
 *   RetryPolicy.whileRetryable
 * )
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export type RetryPolicy<R = never> = Schedule.Schedule<unknown, InstantlyError, R>

/** @internal */
export { CurrentRetryPolicy }

/**
 * The parameters of {@link backoff}.
 *
 * @since 0.1.0
 * @category models
 */
export interface BackoffOptions {
  /** The longest first wait. Default: 100 milliseconds. */
  readonly base?: Duration.DurationInput
  /** The longest first wait where the error is a 429. Default: 1 second. */
  readonly throttledBase?: Duration.DurationInput
  /** What the longest wait is multiplied by from one attempt to the next, at least 1. Default: 2. */
  readonly factor?: number
  /** What no wait exceeds. Default: 20 seconds. */
  readonly cap?: Duration.DurationInput
}

/**
 * Exponential backoff with full jitter, without an end: the `n`-th wait is uniform between nothing and
 * `min(cap, base × factor ^ (n - 1))`, with `throttledBase` for `base` after a 429. Whole milliseconds, by Effect's
 * `Random`.
 *
 * Throws a `RangeError` where a duration is negative or infinite, or `factor` is below 1.
 *
 * @example
 * ```ts
 * import { RetryPolicy } from "effect-instantly"
 *
 * const quick = RetryPolicy.backoff({ base: "20 millis", cap: "1 second" }).pipe(
 *   RetryPolicy.attempts(3),
 *   RetryPolicy.whileRetryable
 * )
 * ```
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 * @since 0.1.0
 * @category constructors
 */
export const backoff = (options: BackoffOptions = {}): Schedule.Schedule<InstantlyError, InstantlyError> => {
  const base = finiteMillis("backoff: base", options.base ?? "100 millis")
  const throttledBase = finiteMillis("backoff: throttledBase", options.throttledBase ?? "1 second")
  const cap = finiteMillis("backoff: cap", options.cap ?? "20 seconds")
  const factor = options.factor ?? 2
  if (!(Number.isFinite(factor) && factor >= 1)) refuse("backoff: factor", "a number of at least 1", factor)
  return Schedule.forever.pipe(
    Schedule.intersect(Schedule.identity<InstantlyError>()),
    Schedule.modifyDelayEffect(([retry, error]) => {
      const first = error._tag === "TooManyRequests" ? throttledBase : base
      const longest = Math.min(cap, first * factor ** retry)
      return Effect.map(Random.next, (random) => Duration.millis(Math.round(random * longest)))
    }),
    Schedule.map(([, error]) => error)
  )
}

/**
 * Waits what the server asked for in `Retry-After`, else nothing, without an end. Intersected with another policy, it
 * makes each wait the longer of the two: jitter and caps belong to the other, before the intersection, or they would
 * undercut what the server asked.
 *
 * @example
 * ```ts
 * import { RetryPolicy } from "effect-instantly"
 * import { Schedule } from "effect"
 *
 * const polite = Schedule.intersect(RetryPolicy.backoff(), RetryPolicy.honorRetryAfter)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const honorRetryAfter: Schedule.Schedule<InstantlyError, InstantlyError> =
  Schedule.identity<InstantlyError>().pipe(
    Schedule.addDelay((error) =>
      "retryAfter" in error ? Option.getOrElse(error.retryAfter, () => Duration.zero) : Duration.zero
    )
  )

/**
 * Ends a policy after `n` attempts, the first one included: `attempts(1)` never retries.
 *
 * Throws a `RangeError` where `n` is not a whole number of at least 1.
 *
 * @example
 * ```ts
 * import { RetryPolicy } from "effect-instantly"
 *
 * const twice = RetryPolicy.backoff().pipe(RetryPolicy.attempts(2), RetryPolicy.whileRetryable)
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const attempts = (
  n: number
): (<Out, In, R>(policy: Schedule.Schedule<Out, In, R>) => Schedule.Schedule<Out, In, R>) => {
  if (!(Number.isInteger(n) && n >= 1)) refuse("attempts", "a whole number of at least 1", n)
  return (policy) =>
    policy.pipe(
      Schedule.intersect(Schedule.recurs(n - 1)),
      Schedule.map(([out]) => out)
    )
}

/**
 * Ends a policy before its own waits add up to more than `budget`: a wait that does not fit is not begun, and the call
 * fails at once with the error in hand. The policy that comes out gives the sum of its waits so far.
 *
 * It counts the waits of the policy it is piped from: put it after all that changes them. Throws a `RangeError` where the
 * budget is negative.
 *
 * @example
 * ```ts
 * import { RetryPolicy } from "effect-instantly"
 *
 * const brief = RetryPolicy.backoff().pipe(RetryPolicy.withinBudget("2 seconds"), RetryPolicy.whileRetryable)
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const withinBudget = (
  budget: Duration.DurationInput
): (<Out, In, R>(policy: Schedule.Schedule<Out, In, R>) => Schedule.Schedule<Duration.Duration, In, R>) => {
  const most = duration("withinBudget: budget", budget)
  return (policy) => {
    const waits = Schedule.delays(policy)
    // `Schedule.reduce` would give the sum without the wait that is about to begin.
    return Schedule.makeWithState([waits.initial, Duration.zero] as const, (now, input, [state, before]) =>
      Effect.map(waits.step(now, input, state), ([next, wait, decision]) => {
        const waited = Duration.sum(before, wait)
        const fits = Duration.lessThanOrEqualTo(waited, most)
        return [[next, waited] as const, fits ? waited : before, fits ? decision : ScheduleDecision.done]
      })
    )
  }
}

/**
 * Ends a policy at an error that the same request would meet again: retried are 408, 429, 5xx and transport errors.
 *
 * @example
 * ```ts
 * import { RetryPolicy } from "effect-instantly"
 * import { Schedule } from "effect"
 *
 * const everySecond = Schedule.spaced("1 second").pipe(RetryPolicy.attempts(10), RetryPolicy.whileRetryable)
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const whileRetryable = <Out, R>(
  policy: Schedule.Schedule<Out, InstantlyError, R>
): Schedule.Schedule<Out, InstantlyError, R> =>
  Schedule.whileInput(policy, (error: InstantlyError) => error.isRetryable)

/**
 * The policy that a client has unless it is given another: {@link backoff} with its defaults, never less than
 * `Retry-After`, at most 5 attempts and a minute of waits, for errors that are retryable.
 *
 * @example
 * ```ts
 * import { RetryPolicy } from "effect-instantly"
 * import { Console, Effect, Schedule, ScheduleDecision } from "effect"
 *
 * const observed = RetryPolicy.standard.pipe(
 *   Schedule.onDecision((waited, decision) =>
 *     ScheduleDecision.isContinue(decision) ? Console.log(`trying again, after ${waited} of waiting`) : Effect.void
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const standard: Schedule.Schedule<Duration.Duration, InstantlyError> = backoff().pipe(
  Schedule.intersect(honorRetryAfter),
  attempts(5),
  withinBudget("1 minute"),
  whileRetryable
)

/**
 * Never tries again.
 *
 * @example
 * ```ts
 * import { RetryPolicy } from "effect-instantly"
 * import type { Effect } from "effect"
 *
 * declare const deleteOnce: Effect.Effect<void>
 * const once = deleteOnce.pipe(RetryPolicy.withRetryPolicy(RetryPolicy.none))
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const none: RetryPolicy = Schedule.stop

/**
 * Sets the retry policy of every call made inside an effect, in place of the client's; where several are set, the nearest
 * to the call wins. What a policy requires is taken here, where it is set.
 *
 * Unlike `Effect.retry` around a call, it lets the call remember its earlier attempts, and so tell their outcome.
 *
 * @example
 * ```ts
 * import { ApiKeys, RetryPolicy, type ApiKey } from "effect-instantly"
 * import { Effect } from "effect"
 *
 * const revoke = (id: ApiKey.ApiKeyId) =>
 *   Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.delete(id)).pipe(
 *     RetryPolicy.withRetryPolicy(RetryPolicy.standard.pipe(RetryPolicy.attempts(2)))
 *   )
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const withRetryPolicy: {
  <R2>(policy: RetryPolicy<R2>): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R | R2>
  <A, E, R, R2>(effect: Effect.Effect<A, E, R>, policy: RetryPolicy<R2>): Effect.Effect<A, E, R | R2>
} = dual(
  2,
  <A, E, R, R2>(effect: Effect.Effect<A, E, R>, policy: RetryPolicy<R2>): Effect.Effect<A, E, R | R2> =>
    Effect.contextWithEffect((context) =>
      Effect.provideService(effect, CurrentRetryPolicy, Option.some(Schedule.provideContext(policy, context)))
    )
)
