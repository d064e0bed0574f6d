/**
 * Callers in line: first come, first served. A caller who gives up leaves the line, and nothing of it stays.
 *
 * Do not replace it by a `Semaphore(1)`: that wakes every waiter for each permit. With 1,000 callers waiting, a permit costs many
 * times what the whole gate with this line costs (`npm run bench:permits` measures it).
 */
import * as Effect from "effect/Effect"
import { type Labels, withLabels } from "../internal/telemetry.js"
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

  constructor(
    readonly number: number,
    readonly labels: Labels
  ) {}

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

export const make = <E>(): Queue<E> => {
  /** By their numbers. An iterator over a `Set` that is kept would keep all who have left, too. */
  const waiting = new Map<number, Caller<E>>()
  let drawn = 0
  /** Nobody in line has a lower number. */
  let lowest = 0

  const leave = (caller: Caller<E>) => {
    if (waiting.delete(caller.number)) Telemetry.queued.unsafeModify(-1, caller.labels)
  }

  const release = (caller: Caller<E>, end: Effect.Effect<void, E>) => {
    leave(caller)
    caller.release(end)
  }

  return {
    join: (arrived) =>
      // Whoever stands in line must leave it: an interruption may come between any two operations.
      Effect.uninterruptibleMask((restore) =>
        withLabels((labels) => {
          const caller = new Caller<E>(drawn++, labels)
          waiting.set(caller.number, caller)
          Telemetry.queued.unsafeModify(1, labels)
          arrived()
          return Effect.catchAllCause(restore(caller.wait), (cause) => {
            leave(caller)
            return Effect.failCause(cause)
          })
        })
      ),
    isEmpty: () => waiting.size === 0,
    releaseFirst: () => {
      while (lowest < drawn) {
        const caller = waiting.get(lowest++)
        if (caller !== undefined) return release(caller, Effect.void)
      }
    },
    failAll: (failure) => {
      for (const caller of waiting.values()) release(caller, failure)
    }
  }
}
