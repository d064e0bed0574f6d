import { Effect, Fiber, TestClock } from "effect"
import type { DurationInput } from "effect/Duration"

/** Runs an effect to its end while virtual time passes, and gives how it ended. */
export const inVirtualTime = <A, E, R>(effect: Effect.Effect<A, E, R>, atMost: DurationInput = "1 hour") =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust(atMost)
    return yield* Fiber.join(fiber)
  })
