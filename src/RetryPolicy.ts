/**
 * When to try again. A retry policy is a `Schedule` over errors that is stepped once for each failed attempt of a call.
 * That is all a policy is, so Effect's own combinators compose, observe and test it; this module adds the few pieces
 * that Effect does not have. Whatever a policy says, `InstantlyClient` decides which requests are never sent again.
 *
 * @module
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
 * A schedule over the errors of one call. Its delay is the wait before the next attempt; when it ends, the call fails
 * with the last error. A policy holds no state: one value serves any number of calls at once.
 *
 * Any schedule is a policy. One that ignores the error retries every error: pipe it through {@link whileRetryable}.
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
  /** The longest first wait after a 429. Default: 1 second. */
  readonly throttledBase?: Duration.DurationInput
  /** The factor by which the longest wait grows from one attempt to the next: at least 1. Default: 2. */
  readonly factor?: number
  /** The limit of every wait. Default: 20 seconds. */
  readonly cap?: Duration.DurationInput
}

/**
 * Exponential backoff with full jitter, and no end. The `n`-th wait is drawn between zero and
 * `min(cap, base × factor ^ (n - 1))`, in whole milliseconds, by Effect's `Random`. After a 429, `throttledBase`
 * replaces `base`.
 *
 * Throws a `RangeError` if a duration is negative or infinite, or if `factor` is below 1.
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
 * Waits as long as the server's `Retry-After` says, or not at all without one, and never ends. Intersect it with
 * another policy, and each wait is the longer of the two. Apply jitter and caps to the other policy before you
 * intersect them: applied afterwards, they would shorten the wait that the server asked for.
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
 * Throws a `RangeError` unless `n` is a whole number of at least 1.
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
 * Ends a policy before its waits add up to more than `budget`. A wait that does not fit is not started: the call fails
 * at once with the last error. The new policy's output is the sum of its waits so far.
 *
 * It counts the waits of the policy it is applied to, so apply it after everything that changes them. Throws a
 * `RangeError` if the budget is negative.
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
 * Stops at errors that the same request would get again: all but 408, 429, 5xx and transport errors.
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
 * The default policy of a client: {@link backoff} with its defaults, no wait shorter than `Retry-After`, at most 5
 * attempts and one minute of waits, and only after errors that are retryable.
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
 * Never retries.
 *
 * @since 0.1.0
 * @category policies
 */
export const none: RetryPolicy = Schedule.stop

/**
 * Sets the retry policy of every call inside an effect, in place of the client's. If several are set, the one nearest
 * to the call wins. The policy gets its services from the place where it is set.
 *
 * Unlike `Effect.retry` around a call, this keeps the earlier attempts in the call's `outcome`.
 *
 * @example
 * ```ts
 * import { ApiKeys, RetryPolicy, type ApiKey } from "effect-instantly"
 * import { Effect } from "effect"
 *
 * const revoke = (id: ApiKey.ApiKeyId) =>
 *   ApiKeys.delete(id).pipe(RetryPolicy.withRetryPolicy(RetryPolicy.standard.pipe(RetryPolicy.attempts(2))))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 * @function
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
