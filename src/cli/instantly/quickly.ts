/** For calls that only answer a side question: one request, and five seconds. The deletion of a leaked key must not wait longer. */
import { flow } from "effect/Function"
import { withDeadline } from "../../InstantlyClient.js"
import * as RetryPolicy from "../../RetryPolicy.js"

export const quickly = flow(RetryPolicy.withRetryPolicy(RetryPolicy.none), withDeadline("5 seconds"))
