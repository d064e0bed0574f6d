import { Cause, Duration, Effect, type Exit } from "effect"
import { VirtualTime } from "effect-instantly/testing"

/** How an effect ends in virtual time; one that takes longer than `atMost` dies. */
export const simulate = <A, E>(effect: Effect.Effect<A, E>, atMost: Duration.DurationInput): Promise<Exit.Exit<A, E>> =>
  Effect.runPromiseExit(
    VirtualTime.run(
      Effect.timeoutFailCause(effect, {
        duration: atMost,
        onTimeout: () => Cause.die(`it takes longer than ${Duration.format(atMost)}`)
      })
    )
  )
