/**
 * Policies that read a service: settings that an operator changes while the program runs, or a limit that differs by day and
 * by night. The type of a policy says what it requires. `RetryPolicy.withRetryPolicy` takes that where the policy is set, and
 * `Instantly.layer` where the gate is built, so the calls themselves require nothing.
 */
import { Clock, Context, Duration, Effect, Schedule } from "effect"
import { RateLimit, RetryPolicy } from "effect-instantly"

export class LiveSettings extends Context.Tag("app/LiveSettings")<
  LiveSettings,
  {
    /** Whether failed calls are tried again at the moment. */
    readonly retrying: Effect.Effect<boolean>
    /** How many requests any second may hold at the moment: at least 2. */
    readonly perSecond: Effect.Effect<number>
  }
>() {}

export const whileRetrying: RetryPolicy.RetryPolicy<LiveSettings> = Schedule.whileInputEffect(
  RetryPolicy.standard,
  () => Effect.flatMap(LiveSettings, ({ retrying }) => retrying)
)

/**
 * A quota that is read at each permit, and holds from that permit on. It has no burst: a quota that changes must not fill
 * one again. Cache the value if reading it is slow, because nobody gets a permit in the meantime.
 */
export const changing = <R>(perSecond: Effect.Effect<number, never, R>): RateLimit.RateLimitPolicy<R> =>
  Schedule.addDelayEffect(Schedule.forever, () =>
    // A window of a second, and 50 ms by which latency may vary, as in the default quotas.
    Effect.map(perSecond, (limit) => Duration.millis(Math.ceil(1050 / Math.max(1, limit - 1))))
  )

export const live: RateLimit.RateLimitPolicy<LiveSettings> = Schedule.intersect(
  RateLimit.instantly,
  changing(Effect.flatMap(LiveSettings, ({ perSecond }) => perSecond))
)

/** Twice as many by night (UTC) as by day. */
export const byDayAndNight = changing(
  Effect.map(Clock.currentTimeMillis, (now) => {
    const hour = new Date(now).getUTCHours()
    return hour >= 6 && hour < 22 ? 30 : 60
  })
)
