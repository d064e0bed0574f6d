/**
 * Virtual time for tests of many calls. Whenever all fibers wait, the clock jumps to the moment at which the next
 * sleeper wakes. A jump takes some microseconds; with `TestClock` it takes milliseconds. Use `TestClock` to check a
 * moment in between, and this to run something to its end, also under `it.effect`.
 *
 * @since 0.1.0
 * @module
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

/** `setImmediate` does not exist everywhere, but takes a hundredth of the time of `setTimeout`. */
const soon: (task: () => void) => void = Reflect.get(globalThis, "setImmediate") ?? setTimeout

const make = () => {
  let now = 0
  /** In the order in which they wake. */
  const sleepers: Array<Sleeper> = []
  let isPassing = false
  let isOver = false

  /** Wakes the next sleeper. */
  const turn = () => {
    const next = isOver ? undefined : sleepers.shift()
    isPassing = next !== undefined
    if (next === undefined) return
    now = next.at
    next.wake()
    // Between two turns, everything that can run has run, except for a fiber that yields thousands of times in a row.
    soon(turn)
  }

  const nanos = () => BigInt(Math.round(now * 1e6))
  const clock: Clock.Clock = {
    ...Clock.make(),
    unsafeCurrentTimeMillis: () => now,
    unsafeCurrentTimeNanos: nanos,
    currentTimeMillis: Effect.sync(() => now),
    currentTimeNanos: Effect.sync(nanos),
    sleep: (duration) =>
      Effect.async<void>((resume) => {
        if (!Duration.isFinite(duration)) return
        const sleeper: Sleeper = { at: now + Duration.toMillis(duration), wake: () => resume(Effect.void) }
        // Most sleepers wake later than those before them.
        let index = sleepers.length
        while (index > 0 && (sleepers[index - 1]?.at ?? 0) > sleeper.at) index -= 1
        sleepers.splice(index, 0, sleeper)
        if (!isPassing) soon(turn)
        isPassing = true
        return Effect.sync(() => {
          const left = sleepers.indexOf(sleeper)
          if (left !== -1) sleepers.splice(left, 1)
        })
      })
  }

  const stop = Effect.sync(() => {
    isOver = true
  })

  return { clock, stop }
}

/**
 * Runs an effect to its end in a virtual time that begins at 0. What takes real time, such as a socket, still does, and
 * all sleepers wake in the meantime. An effect that never ends, such as an infinite sleep, runs for ever: limit it with
 * `Effect.timeout`.
 *
 * @example
 * ```ts
 * import { Clock, Effect } from "effect"
 * import { VirtualTime } from "effect-instantly/testing"
 *
 * // a day, at once: 86400000
 * const day = VirtualTime.run(Effect.zipRight(Effect.sleep("1 day"), Clock.currentTimeMillis))
 * ```
 *
 * @since 0.1.0
 * @category running
 */
export const run = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    const { clock, stop } = make()
    return Effect.flatMap(Effect.fork(Effect.withClock(effect, clock)), (fiber) =>
      Fiber.join(fiber).pipe(
        Effect.onInterrupt(() => Fiber.interrupt(fiber)),
        // Not earlier: the effect's finalizers can sleep, also after an interruption.
        Effect.ensuring(stop)
      )
    )
  })
