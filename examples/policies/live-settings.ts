/**
 * Policies that need a service: settings that an operator changes while the program runs. The type of a policy says what it
 * requires. `RetryPolicy.withRetryPolicy` takes that where the policy is set, and `RateLimit.layer` where the gate is built,
 * so the calls themselves require nothing. The gate of `spacedLive` gets `rest: 0`, because `RateLimit.instantly` in it slows
 * down by itself after a 429.
 */
import { Context, type Duration, Effect, Schedule } from "effect"
import { RateLimit, RetryPolicy } from "effect-instantly"

export class LiveSettings extends Context.Tag("app/LiveSettings")<
  LiveSettings,
  {
    /** Whether failed calls are tried again at the moment. */
    readonly retrying: Effect.Effect<boolean>
    /** The least time between two requests. With zero, the limit alone decides. */
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
