/**
 * Policies that need a service: settings that an operator changes while the program runs. What a policy requires is part
 * of its type. `RetryPolicy.withRetryPolicy` takes it from where it is set, and `RateLimit.layer` from where the gate is
 * built, so that the calls in between need nothing.
 */
import { Context, type Duration, Effect, Schedule } from "effect"
import { RateLimit, RetryPolicy } from "effect-instantly"

export class LiveSettings extends Context.Tag("app/LiveSettings")<
  LiveSettings,
  {
    /** Whether failed calls are tried again just now. */
    readonly retrying: Effect.Effect<boolean>
    /** The time between two requests, at least; nothing leaves it to the limit. */
    readonly spacing: Effect.Effect<Duration.DurationInput>
  }
>() {}

export const whileRetrying: RetryPolicy.RetryPolicy<LiveSettings> = Schedule.whileInputEffect(
  RetryPolicy.standard,
  () => Effect.flatMap(LiveSettings, ({ retrying }) => retrying)
)

export const spacedLive: RateLimit.RateLimitPolicy<LiveSettings> = Schedule.intersect(
  RateLimit.instantly,
  Schedule.addDelayEffect(Schedule.forever, () => Effect.flatMap(LiveSettings, ({ spacing }) => spacing))
)
