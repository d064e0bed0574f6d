/**
 * A policy step by step, with no clock that runs: what a schedule decides at each moment is all that a policy is. It knows
 * nothing of calls and gates.
 */
import { Effect, Option, type Schedule, ScheduleDecision, ScheduleIntervals } from "effect"
import type { RateLimit } from "effect-instantly"

/** What a schedule decided: when it was asked, and how long it waits; where it ended, it waits no more. */
export interface Step<Out> {
  readonly at: number
  readonly out: Out
  readonly wait: number
  readonly goesOn: boolean
}

/**
 * Steps a schedule from moment 0 through these inputs, until it ends. Each step is at the end of the last wait, and of
 * what `busy` adds: the time of the attempt or, for permits, the time until somebody wants one.
 */
export const walk = <Out, In, R>(
  schedule: Schedule.Schedule<Out, In, R>,
  inputs: Iterable<In>,
  busy: (index: number) => number = () => 0
): Effect.Effect<ReadonlyArray<Step<Out>>, never, R> =>
  Effect.gen(function* () {
    const steps: Array<Step<Out>> = []
    let at = 0
    let state: unknown = schedule.initial
    for (const input of inputs) {
      at += busy(steps.length)
      const [next, out, decision] = yield* schedule.step(at, input, state)
      if (ScheduleDecision.isDone(decision)) return [...steps, { at, out, wait: 0, goesOn: false }]
      const wait = Math.max(0, ScheduleIntervals.start(decision.intervals) - at)
      steps.push({ at, out, wait, goesOn: true })
      state = next
      at += wait
    }
    return steps
  })

/** The feedback where nothing has come back yet. */
export const noFeedback: RateLimit.Feedback = { admitted: 0, throttled: 0, retryAfter: Option.none() }

/** The times of as many permits as fall within `until`, where there is always somebody who wants one. */
export const permitTimes = <R>(
  policy: RateLimit.RateLimitPolicy<R>,
  until: number,
  most = 2000
): Effect.Effect<ReadonlyArray<number>, never, R> =>
  Effect.map(walk(policy, Array<RateLimit.Feedback>(most).fill(noFeedback)), (steps) =>
    steps.map(({ at }) => at).filter((at) => at <= until)
  )
