/** What a client adds to any retry policy: what no policy can overrule, and what can be seen of it. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import type { InstantlyError } from "../InstantlyError.js"
import * as Telemetry from "../internal/telemetry.js"
import type { RetryPolicy } from "../RetryPolicy.js"
import type { Call } from "./call.js"

const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])

const mayRepeat = ({ _tag, method, outcome }: InstantlyError): boolean =>
  _tag !== "HeldBack" && (outcome === "NotApplied" || (outcome === "Unknown" && idempotent.has(method)))

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
 * A policy that is not asked about an error after which nothing may be sent again. It ends at a wait that the deadline
 * would cut off: the error in hand says more than that the time is up.
 */
export const supervise = (policy: RetryPolicy, call: Call): Schedule.Schedule<Duration.Duration, InstantlyError> => {
  const delays = Schedule.delays(policy)
  return Schedule.makeWithState(delays.initial, (now, error: InstantlyError, state) =>
    mayRepeat(error)
      ? Effect.flatMap(delays.step(now, error, state), ([next, delay, decision]) => {
          const goesOn = ScheduleDecision.isContinue(decision) && call.hasTimeFor(delay)
          return Effect.as(goesOn ? tell(error, delay) : Effect.void, [
            next,
            delay,
            goesOn ? decision : ScheduleDecision.done
          ] as const)
        })
      : Effect.succeed([state, Duration.zero, ScheduleDecision.done] as const)
  )
}
