/** A number of permits in any window, by the generic cell rate algorithm. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleInterval from "effect/ScheduleInterval"
import { finiteMillis, refuse } from "../internal/parameters.js"
import type { QuotaOptions } from "../RateLimit.js"

export const make = (options: QuotaOptions): Schedule.Schedule<unknown> => {
  const { burst = 1, limit } = options
  const window = finiteMillis("quota: window", options.window)
  const jitter = finiteMillis("quota: jitter", options.jitter ?? 0)
  if (!(Number.isInteger(limit) && limit >= 1)) refuse("quota: limit", "a whole number of at least 1", limit)
  const mostAtOnce = Math.max(1, limit - 1)
  if (!(Number.isInteger(burst) && burst >= 1 && burst <= mostAtOnce)) {
    refuse("quota: burst", `a whole number from 1 to ${mostAtOnce}`, burst)
  }
  if (window === 0) refuse("quota: window", "longer than zero", options.window)
  const interval = (window + jitter) / Math.max(1, limit - burst)

  // The state is the time at which the next permit would leave if all of them were evenly spaced.
  return Schedule.makeWithState(Number.NEGATIVE_INFINITY, (now, _, before) => {
    // If the clock was set back, callers must not wait until it has caught up.
    const arrival = Math.min(Math.max(before, now), now + burst * interval) + interval
    // Rounded up: on a clock of whole milliseconds, a sleep would end before the fraction has passed.
    const admitsAt = Math.max(now, Math.ceil(arrival - (burst - 1) * interval))
    return Effect.succeed([arrival, undefined, ScheduleDecision.continueWith(ScheduleInterval.after(admitsAt))])
  })
}
