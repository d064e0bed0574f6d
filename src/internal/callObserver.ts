/** What a caller can ask of a call beside its result: a success does not tell what it took. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { Facts } from "../InstantlyError/message.js"

/** What the end of each call inside an effect is told to. */
export class CallObserver extends Context.Reference<CallObserver>()("effect-instantly/CallObserver", {
  defaultValue: () => (_facts: Facts) => Effect.void
}) {}

/** Runs one call, and tells how many attempts it took: one where it was not made by this library's client. */
export const attemptsOf = <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<readonly [A, number], E, R> =>
  Effect.gen(function* () {
    const attempts = yield* Ref.make(1)
    const result = yield* Effect.provideService(call, CallObserver, (facts) => Ref.set(attempts, facts.attempts))
    return [result, yield* Ref.get(attempts)] as const
  })
