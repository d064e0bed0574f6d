/**
 * A policy as a plain function, for those that need no effects. Several of them make one schedule. The intersection of
 * their schedules decides the same, but takes more memory at each permit.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleInterval from "effect/ScheduleInterval"
import type { Heard } from "../RateLimit.js"

/** It is asked when a permit is given, at a time in milliseconds. */
export type Rule<In = Heard, Out = unknown> = (now: number, heard: In) => Decision<In, Out>

export interface Decision<In = Heard, Out = unknown> {
  /** When it admits the next permit. */
  readonly admitsAt: number
  readonly out: Out
  /** The rule that is asked then. */
  readonly next: Rule<In, Out>
}

export const toSchedule = <In, Out>(first: Rule<In, Out>): Schedule.Schedule<Out, In> =>
  Schedule.makeWithState(first, (now, heard: In, rule) => {
    const { admitsAt, next, out } = rule(now, heard)
    return Effect.succeed([next, out, ScheduleDecision.continueWith(ScheduleInterval.after(admitsAt))])
  })

/** Admits each permit at once. */
export const always: Rule<unknown> = (now) => ({ admitsAt: now, out: undefined, next: always })

/** At every moment the strictest of these. */
export const strictest =
  (rules: ReadonlyArray<Rule>): Rule<Heard, void> =>
  (now, heard) => {
    const decisions = rules.map((rule) => rule(now, heard))
    return {
      admitsAt: decisions.reduce((latest, { admitsAt }) => Math.max(latest, admitsAt), now),
      out: undefined,
      next: strictest(decisions.map(({ next }) => next))
    }
  }
