/** The retry policy that `withRetryPolicy` set around the call being made, if any. */
import * as Context from "effect/Context"
import * as Option from "effect/Option"
import type { RetryPolicy } from "../RetryPolicy.js"

export class CurrentRetryPolicy extends Context.Reference<CurrentRetryPolicy>()("effect-instantly/CurrentRetryPolicy", {
  defaultValue: () => Option.none<RetryPolicy>()
}) {}
