/** What a client adds to every retry policy: rules that no policy can overrule, and telemetry. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import type { InstantlyError } from "../InstantlyError.js"
import { isIdempotent } from "../internal/isIdempotent.js"
import * as NameOf from "../internal/nameOf.js"
import type { RetryPolicy } from "../RetryPolicy.js"
import type { Call } from "./call.js"
import * as Telemetry from "./telemetry.js"

const mayRepeat = ({ _tag, method, outcome }: InstantlyError): boolean =>
  _tag !== "HeldBack" && (outcome === "NotApplied" || (outcome === "Unknown" && isIdempotent(method)))

/**
 * A policy that is not stepped after an error that must not be followed by another request. It ends at a wait that the
 * deadline would cut off, because the last error says more than that the time is up. A policy that fails counts as
 * ended.
 */
const supervise = (policy: RetryPolicy, call: Call): Schedule.Schedule<Duration.Duration, InstantlyError> => {
  const delays = Schedule.delays(policy)
  return Schedule.makeWithState(delays.initial, (now, error: InstantlyError, state) =>
    Effect.gen(function* () {
      const ended = [state, Duration.zero, ScheduleDecision.done] as const
      if (!(mayRepeat(error) && (yield* call.maySend))) return ended
      const step = Effect.suspend(() => delays.step(now, error, state)).pipe(
        Effect.catchAllCause((cause) =>
          Effect.as(
            Effect.logWarning(`the retry policy failed with ${NameOf.ofCause(cause)}, and counts as ended`),
            ended
          )
        )
      )
      const [next, delay, decision] = yield* step
      if (ScheduleDecision.isDone(decision) || !(yield* call.hasTimeFor(delay))) return ended
      yield* Telemetry.retrying(error, delay)
      return [next, delay, decision] as const
    })
  )
}

/** Tries again, for as long as the policy and the client allow it. */
export const retry =
  (policy: RetryPolicy, call: Call) =>
  <A, R>(attempt: Effect.Effect<A, InstantlyError, R>): Effect.Effect<A, InstantlyError, R> =>
    Effect.retry(attempt, supervise(policy, call))
