/**
 * Policies that report what they do. `tapInput` sees each error, `onDecision` sees each decision, and `tapOutput` sees each
 * permit. None of them changes what the policy decides, so they work in production and in tests.
 */
import { Duration, Effect, Metric, Schedule, ScheduleDecision } from "effect"
import { type InstantlyError, RateLimit, RetryPolicy } from "effect-instantly"

export const failures = Metric.frequency("app_instantly_failures", { description: "Failed attempts, by kind of error" })
export const retries = Metric.counter("app_instantly_retries", { description: "Attempts after the first" })
export const permits = Metric.counter("app_instantly_permits", { description: "Permits that the gate gave" })

export const observed = RetryPolicy.standard.pipe(
  Schedule.tapInput((error: InstantlyError.InstantlyError) =>
    Effect.zipRight(Metric.update(failures, error._tag), Effect.logDebug(error.message))
  ),
  Schedule.onDecision((waited, decision) =>
    ScheduleDecision.isContinue(decision)
      ? Effect.zipRight(
          Metric.increment(retries),
          Effect.logInfo(`trying again, after waits of ${Duration.format(waited)} in total`)
        )
      : Effect.logWarning(`giving up, after waits of ${Duration.format(waited)} in total`)
  )
)

export const observedRate = RateLimit.instantly.pipe(Schedule.tapOutput(() => Metric.increment(permits)))
