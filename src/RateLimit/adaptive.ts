/**
 * A pace that yields to whatever else uses the limit, without knowing that limit. It steps down after 429s, and grows
 * as in CUBIC (RFC 9438): fast up to where the last 429s came, slowly around there, and then faster again.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleInterval from "effect/ScheduleInterval"
import { finiteMillis, refuse } from "../internal/parameters.js"
import type { AdaptiveOptions, Feedback } from "../RateLimit.js"

/** The constant C of RFC 9438, here in permits a second for each cubed second. */
const aggressiveness = 0.4

interface State {
  /** Permits a second. */
  readonly pace: number
  /** The pace at which the last 429s came. */
  readonly peak: number
  readonly slowedAt: number
  /** When the next permit is due, to a fraction of a millisecond. */
  readonly due: number
  /**
   * When the permits of the second before the last permit were given; at most `max` of them, because more would change
   * nothing.
   */
  readonly recent: ReadonlyArray<number>
}

export const make = ({
  factor = 0.92,
  max = 100,
  min = 1,
  ...options
}: AdaptiveOptions = {}): Schedule.Schedule<number, Feedback> => {
  const every = finiteMillis("adaptive: every", options.every ?? "100 millis")
  const pause = finiteMillis("adaptive: pause", options.pause ?? "50 millis")
  if (!(Number.isFinite(max) && max > 0)) refuse("adaptive: max", "a number above 0", max)
  if (!(min > 0 && min <= max)) refuse("adaptive: min", `a number above 0 and at most ${max}`, min)
  if (!(factor > 0 && factor < 1)) refuse("adaptive: factor", "a number between 0 and 1", factor)

  const grownTo = ({ pace, peak, slowedAt }: State, now: number) => {
    const seconds = Math.max(0, now - slowedAt) / 1000
    /** How long the pace takes to return to the peak. */
    const back = Math.cbrt((peak * (1 - factor)) / aggressiveness)
    return Math.min(max, Math.max(pace, peak + aggressiveness * (seconds - back) ** 3))
  }

  const initial: State = { pace: max, peak: max, slowedAt: Number.NEGATIVE_INFINITY, due: 0, recent: [] }

  return Schedule.makeWithState(initial, (now, { throttled }: Feedback, before) => {
    const slows = throttled > 0 && now - before.slowedAt >= every
    const grown = grownTo(before, now)
    // Callers may use less than the pace, and a quota may allow less, so the step starts from the permits that were given. It
    // counts the second before the last permit, because the gate may have been closed since.
    const peak = slows ? Math.min(grown, Math.max(1, before.recent.length)) : before.peak
    const pace = slows ? Math.max(min, peak * factor) : grown
    const interval = 1000 / pace
    // A late permit does not delay the next ones. After a step down, lost time is not made up for.
    const from = slows ? now : Math.min(now, Math.max(before.due, now - interval))
    // At `max` it adds no wait: the quota beside it spaces permits.
    const due = Math.max(pace < max ? from + interval : now, throttled > 0 ? now + pause : now)
    const next: State = {
      pace,
      peak,
      slowedAt: slows ? now : before.slowedAt,
      due,
      recent: [...before.recent.filter((at) => at > now - 1000), now].slice(-Math.ceil(max))
    }
    // Rounded up: on a clock of whole milliseconds, a sleep would end before the fraction has passed.
    const admitsAt = due > now ? Math.ceil(due) : now
    return Effect.succeed([next, pace, ScheduleDecision.continueWith(ScheduleInterval.after(admitsAt))])
  })
}
