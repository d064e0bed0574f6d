/**
 * A pace that yields to whatever else uses the limit: additive increase, multiplicative decrease. It knows nothing of the
 * limit itself; what it hears of 429s is all that it goes by.
 */
import { finiteMillis, refuse } from "../internal/parameters.js"
import type { AdaptiveOptions, Heard } from "../RateLimit.js"
import type { Rule } from "./rule.js"

interface State {
  /** Permits a second. */
  readonly pace: number
  readonly steppedAt: number
  readonly slowedAt: number
}

export const make = ({
  factor = 0.92,
  max = 100,
  min = 1,
  recovery = 2.5,
  ...options
}: AdaptiveOptions = {}): Rule<Heard, number> => {
  const every = finiteMillis("adaptive: every", options.every ?? "100 millis")
  const pause = finiteMillis("adaptive: pause", options.pause ?? "50 millis")
  if (!(Number.isFinite(max) && max > 0)) refuse("adaptive: max", "a number above 0", max)
  if (!(min > 0 && min <= max)) refuse("adaptive: min", `a number above 0 and at most ${max}`, min)
  if (!(factor > 0 && factor < 1)) refuse("adaptive: factor", "a number between 0 and 1", factor)
  if (!(Number.isFinite(recovery) && recovery > 0)) refuse("adaptive: recovery", "a number above 0", recovery)

  const from =
    (before: State): Rule<Heard, number> =>
    (now, { throttled }) => {
      const recovered = Math.min(max, before.pace + (recovery * Math.max(0, now - before.steppedAt)) / 1000)
      const slows = throttled > 0 && now - before.slowedAt >= every
      const pace = slows ? Math.max(min, recovered * factor) : recovered
      // At `max` it adds no wait: the quota beside it spaces permits.
      const wait = Math.max(pace < max ? 1000 / pace : 0, throttled > 0 ? pause : 0)
      return {
        admitsAt: wait === 0 ? now : Math.ceil(now + wait),
        out: pace,
        next: from({ pace, steppedAt: now, slowedAt: slows ? now : before.slowedAt })
      }
    }

  return from({ pace: max, steppedAt: Number.NEGATIVE_INFINITY, slowedAt: Number.NEGATIVE_INFINITY })
}
