/** A user's program as an ES module: deletes a key at the double, and reads an error. */

import { Effect } from "effect"
import { ApiKeys, Instantly } from "effect-instantly"
import * as Outcome from "effect-instantly/Outcome"
import { Fault, InstantlyMock } from "effect-instantly/testing"

const program = Effect.gen(function* () {
  const mock = yield* InstantlyMock.InstantlyMock
  const caller = yield* mock.createApiKey({ scopes: ["api_keys:delete"] })
  const first = yield* mock.createApiKey({ name: "first" })
  const second = yield* mock.createApiKey({ name: "second" })
  yield* mock.script(Fault.nth(2, Fault.loseResponse))
  return yield* Effect.gen(function* () {
    const apiKeys = yield* ApiKeys.ApiKeys
    const deleted = yield* apiKeys.delete(first.id)
    const error = yield* Effect.flip(apiKeys.delete(second.id))
    return [deleted.name, error._tag, error.outcome, Outcome.combine("NotApplied", "Unknown")]
  }).pipe(Effect.provide(Instantly.layer({ apiKey: caller.secret })))
})
console.log(JSON.stringify(await Effect.runPromise(Effect.provide(program, InstantlyMock.layer()))))
