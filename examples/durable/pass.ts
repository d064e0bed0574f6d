/** What an activity runs in: the pass of its worker. It logs where it begins and ends, so that one sees which process does what. */
import { Effect, Ref, Schedule } from "effect"
import { DatabaseError, Guard, type Pass, Superseded, take } from "../fence.js"

/** Tries again each second: what goes on after a crash goes on after a lost database, too. */
export const whileAway = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  effect.pipe(
    Effect.tapError((error) =>
      error instanceof DatabaseError ? Effect.logWarning(`the database is away: ${error.message}`) : Effect.void
    ),
    Effect.retry({ while: (error) => error instanceof DatabaseError, schedule: Schedule.spaced("1 second") }),
    Effect.catchIf(
      (error) => error instanceof DatabaseError,
      (error) => Effect.die(error)
    )
  )

/**
 * Begins a pass over a run, and gives what its activities run in. An activity that is superseded has no result, not even an
 * error, because the engine would store it as the result of the run. It waits for a minute, in which the engine of a worker
 * that has lost its work interrupts it. If it does not, the worker begins another pass.
 */
export const beginPass = (run: string) =>
  Effect.gen(function* () {
    const current = yield* Effect.flatMap(whileAway(take(run)), Ref.make)
    const again = Effect.flatMap(Effect.delay(whileAway(take(run)), "1 minute"), (pass) => Ref.set(current, pass))

    return <A, E, R>(name: string, use: (pass: Pass) => Effect.Effect<A, E, R>) =>
      Effect.gen(function* () {
        yield* Effect.log(`begins: ${name}`)
        const pass = yield* Ref.get(current)
        const exit = yield* use(pass).pipe(
          Effect.provideService(Guard, pass.guard),
          Effect.raceFirst(pass.superseded),
          Effect.exit
        )
        // Only the latest pass has a result.
        yield* whileAway(pass.prove)
        yield* Effect.log(`ends: ${name}`)
        return yield* exit
      }).pipe(
        Effect.tapError((error) =>
          error instanceof Superseded ? Effect.zipRight(Effect.logWarning(error.message), again) : Effect.void
        ),
        Effect.retry({ while: (error) => error instanceof Superseded }),
        Effect.catchIf(
          (error) => error instanceof Superseded,
          (error) => Effect.die(error)
        )
      )
  })
