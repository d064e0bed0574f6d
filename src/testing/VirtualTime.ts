/**
 * Virtual time for tests of many calls. Whenever nothing is left to do, the clock jumps to the moment at which the next
 * sleeper wakes, which takes some microseconds; `TestClock` takes milliseconds for each. Use `TestClock` to look at a moment
 * in between, and this to run something to its end.
 *
 * @since 0.2.0
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

const make = () => {
  let now = 0
  /** In the order in which they wake. */
  const sleepers: Array<Sleeper> = []

  const nanos = () => BigInt(Math.round(now * 1e6))
  const clock: Clock.Clock = {
    ...Clock.make(),
    unsafeCurrentTimeMillis: () => now,
    unsafeCurrentTimeNanos: nanos,
    currentTimeMillis: Effect.sync(() => now),
    currentTimeNanos: Effect.sync(nanos),
    sleep: (duration) =>
      Effect.async<void>((resume) => {
        const sleeper: Sleeper = { at: now + Duration.toMillis(duration), wake: () => resume(Effect.void) }
        // Most sleep longer than those before them.
        let index = sleepers.length
        while (index > 0 && (sleepers[index - 1]?.at ?? 0) > sleeper.at) index -= 1
        sleepers.splice(index, 0, sleeper)
        return Effect.sync(() => {
          const left = sleepers.indexOf(sleeper)
          if (left !== -1) sleepers.splice(left, 1)
        })
      })
  }

  /** Wakes the next one; false if nobody sleeps. */
  const advance = () => {
    const next = sleepers.shift()
    if (next === undefined) return false
    now = next.at
    next.wake()
    return true
  }

  return { advance, clock }
}

/** `setImmediate` is not everywhere, but takes a hundredth of the time. */
const soon: (task: () => void) => void = Reflect.get(globalThis, "setImmediate") ?? setTimeout

/** Until all that can run has run. */
const idle = Effect.async<void>((resume) => soon(() => resume(Effect.void)))

/**
 * Runs an effect to its end in a virtual time that begins at 0. What waits for something else than the clock, such as a
 * socket, is waited for only while nobody sleeps. An effect that sleeps for ever runs for ever: give it a limit with
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
 * @since 0.2.0
 * @category running
 */
export const run = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const { advance, clock } = make()
    const fiber = yield* effect.pipe(Effect.withClock(clock), Effect.fork)
    do yield* idle
    while (fiber.unsafePoll() === null && advance())
    return yield* Fiber.join(fiber)
  })
