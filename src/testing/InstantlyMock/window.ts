/** Counts requests in windows of time, as a server with a limit does. */

export interface Limit {
  readonly limit: number
  /** Milliseconds. */
  readonly window: number
}

export type WindowKind = "sliding" | "fixed"

export interface Counter {
  /** How many milliseconds until a request would be admitted: 0 if it is admitted at `now`. */
  readonly wait: (now: number) => number
  readonly admit: (now: number) => void
}

const sliding = ({ limit, window }: Limit): Counter => {
  const admitted: Array<number> = []
  let first = 0
  return {
    wait: (now) => {
      while (first < admitted.length && (admitted[first] ?? now) <= now - window) first++
      const blocking = admitted[admitted.length - limit]
      return admitted.length - first < limit || blocking === undefined ? 0 : blocking + window - now
    },
    admit: (now) => {
      admitted.push(now)
    }
  }
}

const fixed = ({ limit, window }: Limit): Counter => {
  let start = Number.NEGATIVE_INFINITY
  let count = 0
  const enter = (now: number) => {
    const current = Math.floor(now / window) * window
    if (current !== start) {
      start = current
      count = 0
    }
  }
  return {
    wait: (now) => {
      enter(now)
      return count < limit ? 0 : start + window - now
    },
    admit: (now) => {
      enter(now)
      count++
    }
  }
}

/** Admits a request if every limit admits it. */
export const make = (limits: ReadonlyArray<Limit>, kind: WindowKind): Counter => {
  const counters = limits.map(kind === "sliding" ? sliding : fixed)
  return {
    wait: (now) => Math.max(0, ...counters.map((counter) => counter.wait(now))),
    admit: (now) => {
      for (const counter of counters) counter.admit(now)
    }
  }
}

/** The most of these times that fall into any window of this length. Times that are `window` apart do not share one. */
export const worst = (times: ReadonlyArray<number>, window: number): number => {
  const sorted = [...times].sort((a, b) => a - b)
  let first = 0
  let most = 0
  sorted.forEach((time, index) => {
    while ((sorted[first] ?? time) <= time - window) first++
    most = Math.max(most, index - first + 1)
  })
  return most
}
