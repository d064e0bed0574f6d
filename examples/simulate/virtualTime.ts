/**
 * Runs an effect in virtual time, as fast as the machine can: whenever nothing is left to do, time jumps to the moment at
 * which the next sleeper wakes. It takes some microseconds for each; `TestClock` takes some milliseconds.
 */
import { Clock, Duration, Effect, Fiber } from "effect"

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
        sleepers.splice(sleepers.findLastIndex(({ at }) => at <= sleeper.at) + 1, 0, sleeper)
        return Effect.sync(() => {
          const index = sleepers.indexOf(sleeper)
          if (index !== -1) sleepers.splice(index, 1)
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

  return { clock, advance }
}

/** Until all that can run has run. */
const idle = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** Time begins at 0. If nobody sleeps any more, it waits for the effect as it is. */
export const inVirtualTime = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const { advance, clock } = make()
    const fiber = yield* Effect.fork(Effect.withClock(effect, clock))
    do yield* idle
    while (fiber.unsafePoll() === null && advance())
    return yield* Fiber.join(fiber)
  })
