/**
 * Patience, for a batch that nobody waits for. It tries up to twelve times and waits up to ten minutes in all, so that an
 * outage of a few minutes costs time and no key. Jitter and the cap come before `honorRetryAfter`, which nothing may
 * shorten; the budget comes after everything that changes a wait.
 */
import { Schedule } from "effect"
import { RetryPolicy } from "effect-instantly"

export const patient = RetryPolicy.backoff({ base: "500 millis", cap: "1 minute" }).pipe(
  Schedule.intersect(RetryPolicy.honorRetryAfter),
  RetryPolicy.attempts(12),
  RetryPolicy.withinBudget("10 minutes"),
  RetryPolicy.whileRetryable
)
