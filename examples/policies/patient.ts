/**
 * A patient policy, for a batch that nobody waits for. It makes up to twelve attempts and waits up to ten minutes in total,
 * so an outage of a few minutes costs time but loses no deletion. Jitter and the cap come before `honorRetryAfter`, whose
 * waits must not be shortened. The budget comes after everything that changes a wait.
 */
import { Schedule } from "effect"
import { RetryPolicy } from "effect-instantly"

export const patient = RetryPolicy.backoff({ base: "500 millis", cap: "1 minute" }).pipe(
  Schedule.intersect(RetryPolicy.honorRetryAfter),
  RetryPolicy.attempts(12),
  RetryPolicy.withinBudget("10 minutes"),
  RetryPolicy.whileRetryable
)
