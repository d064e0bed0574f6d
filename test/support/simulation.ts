/**
 * Runs an effect in virtual time as fast as the machine can: whenever nothing is left to do, time jumps to where the next
 * sleeper wakes. `TestClock` waits some milliseconds for each wake-up; this takes some microseconds.
 */
import { Clock, Duration, Effect, type Exit, Fiber } from "effect"

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

const whenIdle = () => new Promise<void>((resume) => setImmediate(resume))

/** How an effect ends, and virtual time with it, until nobody sleeps any more or `atMost` has passed. */
export const simulate = async <A, E>(
  effect: Effect.Effect<A, E>,
  atMost: Duration.DurationInput
): Promise<Exit.Exit<A, E>> => {
  let now = 0
  const sleepers = new Set<Sleeper>()
  const clock: Clock.Clock = {
    ...Clock.make(),
    unsafeCurrentTimeMillis: () => now,
    unsafeCurrentTimeNanos: () => BigInt(Math.round(now * 1e6)),
    currentTimeMillis: Effect.sync(() => now),
    currentTimeNanos: Effect.sync(() => BigInt(Math.round(now * 1e6))),
    sleep: (duration) =>
      Effect.async<void>((resume) => {
        const sleeper = { at: now + Duration.toMillis(duration), wake: () => resume(Effect.void) }
        sleepers.add(sleeper)
        return Effect.sync(() => void sleepers.delete(sleeper))
      })
  }
  const fiber = Effect.runFork(Effect.withClock(effect, clock))
  const end = Duration.toMillis(atMost)
  await whenIdle()
  for (;;) {
    const next = [...sleepers].reduce<Sleeper | undefined>(
      (earliest, sleeper) => (earliest === undefined || sleeper.at < earliest.at ? sleeper : earliest),
      undefined
    )
    if (next === undefined || next.at > end) break
    now = Math.max(now, next.at)
    sleepers.delete(next)
    next.wake()
    await whenIdle()
  }
  return Effect.runPromise(Fiber.await(fiber))
}
