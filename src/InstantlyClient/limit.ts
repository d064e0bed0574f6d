/** How a call ends early: cut off by a limit, or interrupted by its caller. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"

/** The deadline that `withDeadline` set around the call being made, if any. */
export class CurrentDeadline extends Context.Reference<CurrentDeadline>()("effect-instantly/CurrentDeadline", {
  defaultValue: () => Option.none<Duration.Duration>()
}) {}

/**
 * Cuts an effect off after `limit`, and goes on with `orElse`.
 *
 * `Effect.timeoutTo` is not enough: the limit must hold in a finalizer, too, where the caller cannot be interrupted. So
 * one daemon does the work, and another is the alarm.
 */
export const within =
  <E2>(limit: Duration.Duration, orElse: Effect.Effect<never, E2>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | E2, R> =>
    Duration.isFinite(limit)
      ? Effect.uninterruptibleMask((restore) =>
          Effect.gen(function* () {
            // `Effect.exit` is outside of the interruptible part, so that this fiber never fails: Effect would log its
            // cause, in which a finalizer of the app may have put a secret.
            const work = yield* Effect.forkDaemon(Effect.exit(Effect.interruptible(effect)))
            const alarm = yield* Effect.forkDaemon(
              Effect.interruptible(Effect.zipRight(Effect.sleep(limit), Fiber.interruptFork(work)))
            )
            const ended = yield* restore(Fiber.await(work)).pipe(
              Effect.onInterrupt(() => Effect.zipRight(Fiber.interrupt(work), Fiber.interrupt(alarm)))
            )
            const hasRung = Exit.isSuccess(yield* Fiber.interrupt(alarm))
            const exit = Exit.flatten(ended)
            return yield* hasRung && Exit.isInterrupted(exit) ? orElse : exit
          })
        )
      : effect

/** Strips an interruption of everything else: a finalizer of the app may have died with a secret in its error. */
export const interruptedOnly = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  // Masked, because nothing is caught in a fiber that is being interrupted.
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.exit(restore(effect)), (exit) =>
      Exit.isFailure(exit) && Cause.isInterrupted(exit.cause) && Option.isNone(Cause.failureOption(exit.cause))
        ? Effect.interrupt
        : exit
    )
  )
