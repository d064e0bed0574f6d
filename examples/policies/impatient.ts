/**
 * An impatient policy, for a request handler that somebody waits for. The budget limits the waits, `timeout` limits one
 * attempt, and `deadline` limits the whole call, permits included: it ends within two seconds, and its error knows the
 * outcome. If the server asks for a longer wait, the call ends at once.
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
