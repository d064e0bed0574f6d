/** What a client adds to any retry policy: what no policy can overrule, and what can be seen of it. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import { type InstantlyError, isIdempotent } from "../InstantlyError.js"
import * as NameOf from "../internal/nameOf.js"
import type { RetryPolicy } from "../RetryPolicy.js"
import type { Call } from "./call.js"
import * as Telemetry from "./telemetry.js"

const mayRepeat = ({ _tag, method, outcome }: InstantlyError): boolean =>
  _tag !== "HeldBack" && (outcome === "NotApplied" || (outcome === "Unknown" && isIdempotent(method)))

const report = (error: InstantlyError, delay: Duration.Duration) =>
  Effect.all(
    [
      Metric.increment(Telemetry.retries),
      Telemetry.retrying(error, delay),
      Effect.logDebug(`${error._tag}: next attempt in ${Duration.format(delay)} · ${error.method} ${error.path}`)
    ],
    { discard: true }
  )

/**
 * A policy that is not asked about an error after which nothing may be sent again. It ends at a wait that the deadline
 * would cut off, because the error in hand says more than that the time is up. A policy that fails has ended.
 */
const supervise = (policy: RetryPolicy, call: Call): Schedule.Schedule<Duration.Duration, InstantlyError> => {
  const delays = Schedule.delays(policy)
  return Schedule.makeWithState(delays.initial, (now, error: InstantlyError, state) => {
    const ended = [state, Duration.zero, ScheduleDecision.done] as const
    if (!mayRepeat(error)) return Effect.succeed(ended)
    return Effect.suspend(() => delays.step(now, error, state)).pipe(
      Effect.flatMap(([next, delay, decision]) =>
        ScheduleDecision.isContinue(decision) && call.hasTimeFor(delay)
          ? Effect.as(report(error, delay), [next, delay, decision] as const)
          : Effect.succeed(ended)
      ),
      Effect.catchAllCause((cause) =>
        Effect.as(
          Effect.logWarning(`the retry policy failed with ${NameOf.ofCause(cause)}, and counts as ended`),
          ended
        )
      )
    )
  })
}

/** `Effect.retry`, whose driver is made at the first failure: a call that succeeds at once does not pay for it. */
export const retry = <A>(
  attempt: Effect.Effect<A, InstantlyError>,
  policy: RetryPolicy,
  call: Call
): Effect.Effect<A, InstantlyError> =>
  Effect.catchAll(attempt, (error) => {
    let next: Effect.Effect<A, InstantlyError> = Effect.fail(error)
    const failedThenTried = Effect.suspend(() => {
      const current = next
      next = attempt
      return current
    })
    return Effect.retry(failedThenTried, supervise(policy, call))
  })
