/**
 * Policies that say what they do. A schedule can be tapped: `tapInput` sees each error, `onDecision` what was decided on
 * it, `tapOutput` each permit. What is tapped decides as it did before, so that a policy can be watched in production and
 * in a test alike.
 */
import { Duration, Effect, Metric, Schedule, ScheduleDecision } from "effect"
import { type InstantlyError, RateLimit, RetryPolicy } from "effect-instantly"

export const failures = Metric.frequency("app_instantly_failures", { description: "Failed attempts, by kind of error" })
export const retries = Metric.counter("app_instantly_retries", { description: "Attempts after the first" })
export const permits = Metric.counter("app_instantly_permits", { description: "Permits given to leave" })

export const observed = RetryPolicy.standard.pipe(
  Schedule.tapInput((error: InstantlyError.InstantlyError) =>
    Effect.zipRight(Metric.update(failures, error._tag), Effect.logDebug(error.message))
  ),
  Schedule.onDecision((waited, decision) =>
    ScheduleDecision.isContinue(decision)
      ? Effect.zipRight(
          Metric.increment(retries),
          Effect.logInfo(`trying again, after waits of ${Duration.format(waited)} together`)
        )
      : Effect.logWarning(`giving up, after waits of ${Duration.format(waited)} together`)
  )
)

export const observedRate = RateLimit.instantly.pipe(Schedule.tapOutput(() => Metric.increment(permits)))
