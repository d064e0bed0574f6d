/** A user's program as an ES module: deletes a key at the double, and reads an error. */
import { Effect } from "effect"
import { ApiKeys, Instantly } from "effect-instantly"
import type * as Outcome from "effect-instantly/Outcome"
import { Fault, InstantlyMock } from "effect-instantly/testing"

const program = Effect.gen(function* () {
  const mock = yield* InstantlyMock.InstantlyMock
  const caller = yield* mock.createApiKey({ scopes: ["api_keys:delete"] })
  const first = yield* mock.createApiKey({ name: "first" })
  const second = yield* mock.createApiKey({ name: "second" })
  yield* mock.script(Fault.nth(2, Fault.loseResponse))
  return yield* Effect.gen(function* () {
    const deleted = yield* ApiKeys.delete(first.id)
    const error = yield* Effect.flip(ApiKeys.delete(second.id))
    const outcome: Outcome.Outcome = error.outcome
    return [deleted.name, error._tag, outcome]
  }).pipe(Effect.provide(Instantly.layer({ apiKey: caller.secret })))
})
console.log(JSON.stringify(await Effect.runPromise(Effect.provide(program, InstantlyMock.layer()))))
