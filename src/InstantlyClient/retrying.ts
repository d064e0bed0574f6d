/** What a client adds to any retry policy: what no policy can overrule, and what one sees of it. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import type { InstantlyError } from "../InstantlyError.js"
import * as Telemetry from "../internal/telemetry.js"
import type { RetryPolicy } from "../RetryPolicy.js"

const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])

const mayRepeat = (error: InstantlyError): boolean => {
  if (error._tag === "TransportError" && error.heldBack) return false
  return error.outcome === "NotApplied" || (error.outcome === "Unknown" && idempotent.has(error.method))
}

const tell = (error: InstantlyError, delay: Duration.Duration) =>
  Effect.all(
    [
      Metric.increment(Telemetry.retries),
      Telemetry.retrying(error, delay),
      Effect.logDebug(`${error._tag}: next attempt in ${Duration.format(delay)} · ${error.method} ${error.path}`)
    ],
    { discard: true }
  )

/**
 * A policy that is not even asked about an error after which nothing may be sent again, and that ends at a wait which
 * would outlast the deadline (milliseconds since 1970): the error in hand says more than that time is up.
 */
export const supervise = (
  policy: RetryPolicy,
  deadline: number
): Schedule.Schedule<Duration.Duration, InstantlyError> => {
  const delays = Schedule.delays(policy)
  return Schedule.makeWithState(delays.initial, (now, error: InstantlyError, state) =>
    mayRepeat(error)
      ? Effect.flatMap(delays.step(now, error, state), ([next, delay, decision]) => {
          const goesOn = ScheduleDecision.isContinue(decision) && now + Duration.toMillis(delay) < deadline
          return Effect.as(goesOn ? tell(error, delay) : Effect.void, [
            next,
            delay,
            goesOn ? decision : ScheduleDecision.done
          ] as const)
        })
      : Effect.succeed([state, Duration.zero, ScheduleDecision.done] as const)
  )
}
