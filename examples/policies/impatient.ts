/**
 * Impatience, for a request handler that somebody waits for. The budget bounds what the policy waits for, `timeout` what
 * an attempt takes, and `deadline` the whole call, its permits included: after two seconds the call has ended, and its
 * error knows the outcome. A server that asks for a longer wait is taken at its word, and the call ends at once.
 */
import { Schedule } from "effect"
import { type Instantly, RetryPolicy } from "effect-instantly"

export const impatient = RetryPolicy.backoff({
  base: "50 millis",
  throttledBase: "200 millis",
  cap: "500 millis"
}).pipe(
  Schedule.intersect(RetryPolicy.honorRetryAfter),
  RetryPolicy.attempts(3),
  RetryPolicy.withinBudget("1 second"),
  RetryPolicy.whileRetryable
)

export const forRequests = {
  retryPolicy: impatient,
  timeout: "800 millis",
  deadline: "2 seconds"
} satisfies Partial<Instantly.Options>
