/**
 * Callers in line: first come, first served. A caller who gives up leaves the line, and nothing of it stays.
 *
 * Do not replace it by a `Semaphore(1)`: that wakes every waiter for each permit. With 1,000 callers waiting, a permit costs many
 * times what the whole gate with this line costs (`npm run bench:permits` measures it).
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Telemetry from "./telemetry.js"

export interface Queue<E> {
  /** Waits at the end of the line until it is released. `arrived` runs as soon as the caller stands there. */
  readonly join: (arrived: () => void) => Effect.Effect<void, E>
  readonly isEmpty: () => boolean
  /** Releases the first in line. */
  readonly releaseFirst: () => void
  /** Ends the wait of all in line with this failure. */
  readonly failAll: (failure: Effect.Effect<never, E>) => void
}

/** One caller's wait. A `Deferred` would do, but takes as long to make as all the rest of a permit here. */
class Caller<E> {
  private end: Effect.Effect<void, E> | undefined
  private resume: ((end: Effect.Effect<void, E>) => void) | undefined

  readonly wait = Effect.async<void, E>((resume) => {
    // It may have been released before its fiber came to wait.
    if (this.end === undefined) this.resume = resume
    else resume(this.end)
  })

  release(end: Effect.Effect<void, E>): void {
    this.end = end
    this.resume?.(end)
  }
}

const oneMore = Metric.incrementBy(Telemetry.queued, 1)
const oneLess = Metric.incrementBy(Telemetry.queued, -1)

export const make = <E>(): Queue<E> => {
  const waiting = new Set<Caller<E>>()
  // Kept from one release to the next: a new iterator would walk over all who have left before the first in line.
  let line = waiting.values()

  const first = () => {
    const next = line.next()
    if (!next.done) return next.value
    line = waiting.values()
    return line.next().value
  }

  return {
    join: (arrived) =>
      // Whoever stands in line must leave it: an interruption may come between any two operations.
      Effect.uninterruptibleMask((restore) => {
        const caller = new Caller<E>()
        waiting.add(caller)
        arrived()
        const wait = Effect.exit(restore(caller.wait))
        return Effect.zipRight(
          oneMore,
          Effect.flatMap(wait, (exit) => {
            waiting.delete(caller)
            return Effect.zipRight(oneLess, exit)
          })
        )
      }),
    isEmpty: () => waiting.size === 0,
    releaseFirst: () => {
      const caller = first()
      if (caller === undefined) return
      waiting.delete(caller)
      caller.release(Effect.void)
    },
    failAll: (failure) => {
      for (const caller of waiting) caller.release(failure)
      waiting.clear()
    }
  }
}
