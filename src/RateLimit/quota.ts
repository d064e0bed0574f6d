/** A number of permits in any window: the arithmetic of quotas, of one that stays and of one that changes. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleInterval from "effect/ScheduleInterval"
import { finiteMillis, refuse } from "../internal/parameters.js"
import type { QuotaOptions } from "../RateLimit.js"
import type { Rule } from "./rule.js"

/** A burst, and then one permit in each interval, in milliseconds. */
interface Pace {
  readonly burst: number
  readonly interval: number
}

const paceOf = (options: QuotaOptions): Pace => {
  const { burst = 1, limit } = options
  const window = finiteMillis("quota: window", options.window)
  const jitter = finiteMillis("quota: jitter", options.jitter ?? 0)
  if (!(Number.isInteger(limit) && limit >= 1)) refuse("quota: limit", "a whole number of at least 1", limit)
  const mostAtOnce = Math.max(1, limit - 1)
  if (!(Number.isInteger(burst) && burst >= 1 && burst <= mostAtOnce)) {
    refuse("quota: burst", `a whole number from 1 to ${mostAtOnce}`, burst)
  }
  if (window === 0) refuse("quota: window", "longer than nothing", options.window)
  return { burst, interval: (window + jitter) / Math.max(1, limit - burst) }
}

// The generic cell rate algorithm: `arrival` is when the last permit would have left, had they all been evenly spaced.

const arrivalAfter = ({ burst, interval }: Pace, now: number, arrival: number) =>
  // A clock that was set back must not make callers wait until it is where it was.
  Math.min(Math.max(arrival, now), now + burst * interval) + interval

const admitsAt = ({ burst, interval }: Pace, now: number, arrival: number) =>
  // Rounded up: a fraction of a millisecond is never slept through on a clock of whole ones.
  Math.max(now, Math.ceil(arrival - (burst - 1) * interval))

const paced =
  (pace: Pace, before: number): Rule<unknown> =>
  (now) => {
    const arrival = arrivalAfter(pace, now, before)
    return { admitsAt: admitsAt(pace, now, arrival), out: undefined, next: paced(pace, arrival) }
  }

export const fixed = (options: QuotaOptions): Rule<unknown> => paced(paceOf(options), Number.NEGATIVE_INFINITY)

interface Changing {
  /** The last correct pace, if there was one. */
  readonly pace: Pace | undefined
  readonly arrival: number
  readonly isWrong: boolean
}

const initial: Changing = { pace: undefined, arrival: Number.NEGATIVE_INFINITY, isWrong: false }

/** The pace before any right one is known. */
const cautious: Pace = { burst: 1, interval: 1000 }

const isSame = (one: Pace, other: Pace) => one.burst === other.burst && one.interval === other.interval

/**
 * A new pace begins with its burst spent, and if the old burst was larger, with the difference spent as well. So a window
 * in which the pace changes holds no more than the larger of the two counts.
 */
const arrivalAfterChange = (from: Pace, to: Pace, now: number) => now + Math.max(from.burst, to.burst) * to.interval

export const dynamic = <R>(quota: Effect.Effect<QuotaOptions, never, R>): Schedule.Schedule<unknown, unknown, R> =>
  Schedule.makeWithState(initial, (now, _, before: Changing) =>
    Effect.flatMap(quota, (options) => {
      const asked = Either.try({ try: () => paceOf(options), catch: String })
      const from = before.pace ?? cautious
      const pace = Either.getOrElse(asked, () => from)
      const arrival =
        isSame(from, pace) || (before.pace === undefined && !before.isWrong)
          ? arrivalAfter(pace, now, before.arrival)
          : arrivalAfterChange(from, pace, now)
      const state: Changing = {
        pace: Either.getOrElse(asked, () => before.pace),
        arrival,
        isWrong: Either.isLeft(asked)
      }
      return Effect.as(
        Either.isLeft(asked) && !before.isWrong
          ? Effect.logWarning(
              `RateLimit.dynamic was given a wrong quota, and keeps ${before.pace === undefined ? "to a permit a second" : "the last good one"}. ${asked.left}`
            )
          : Effect.void,
        [state, undefined, ScheduleDecision.continueWith(ScheduleInterval.after(admitsAt(pace, now, arrival)))] as const
      )
    })
  )
