/** Runs a policy step by step, without a clock, a call or a gate: a policy is only what a schedule decides at each moment. */
import { Effect, type Schedule, ScheduleDecision, ScheduleIntervals } from "effect"

/** What a schedule decided: when it was stepped, how long it waits, and whether it goes on. */
export interface Step<Out> {
  readonly at: number
  readonly out: Out
  readonly wait: number
  readonly goesOn: boolean
}

/**
 * Steps a schedule through these inputs, from time 0 until it ends. Each step comes after the last wait and the time that
 * `busy` adds: how long the attempt takes or, for permits, how long it takes until somebody wants one.
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

/** The times of the permits up to `until`, if a caller is always waiting. */
export const permitTimes = <R>(
  policy: RateLimit.RateLimitPolicy<R>,
  until: number,
  most = 2000
): Effect.Effect<ReadonlyArray<number>, never, R> =>
  Effect.map(walk(policy, Array<RateLimit.Heard>(most).fill(nothingHeard)), (steps) =>
    steps.map(({ at }) => at).filter((at) => at <= until)
  )
