/**
 * What the server says of the requests that arrive: how many are too many, by windows that slide and by windows that are
 * fixed, at once. Nobody knows where fixed windows begin, so there are ten sets of them, and the one that refuses most
 * counts.
 *
 * Each kind admits on its own, as if there were no other; a request is rejected with 429 where any refuses it. Those who do
 * not react to a 429 are so judged by each kind as by a server that has no other; those who do see the strictest server.
 */
import * as Window from "../../../src/testing/InstantlyMock/window.js"

export const limit = { limit: 100, window: 1000 }

const phases = Array.from({ length: 10 }, (_, index) => (index * limit.window) / 10)

/** Refuses what is too much, and counts it. */
const counting = (kind: Window.WindowKind, phase: number) => {
  const counter = Window.make([limit], kind)
  let rejected = 0
  return {
    admits: (now: number): boolean => {
      const admitted = counter.wait(now + phase) === 0
      if (admitted) counter.admit(now + phase)
      else rejected++
      return admitted
    },
    rejected: () => rejected
  }
}

export interface Judgement {
  /** Rejected where windows slide. */
  readonly sliding: number
  /** Rejected where windows are fixed, and begin where it is worst. */
  readonly fixed: number
  /** Answered 429. */
  readonly rejected: number
  /** The most arrivals that any second held, rejected ones too. */
  readonly worstSecond: number
  /** Seconds from the first arrival to the last: what a client does before it sends anything is not the limiter's pace. */
  readonly arriving: number
}

export const make = () => {
  const sliding = counting("sliding", 0)
  const fixed = phases.map((phase) => counting("fixed", phase))
  const arrivals: Array<number> = []
  let rejected = 0
  return {
    /** Whether a request that arrives at this time, in milliseconds, is admitted by all. */
    admits: (now: number): boolean => {
      arrivals.push(now)
      const admitted = [sliding, ...fixed].map((counter) => counter.admits(now)).every((admits) => admits)
      if (!admitted) rejected++
      return admitted
    },
    judgement: (): Judgement => ({
      sliding: sliding.rejected(),
      fixed: Math.max(...fixed.map((counter) => counter.rejected())),
      rejected,
      worstSecond: Window.worst(arrivals, limit.window),
      arriving: ((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)) / 1000
    })
  }
}
