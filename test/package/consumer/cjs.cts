/** The same program as CommonJS, which gets the library by `require`. */
import effect = require("effect")
import instantly = require("effect-instantly")
import Outcome = require("effect-instantly/Outcome")
import testing = require("effect-instantly/testing")
const { Effect } = effect
const { ApiKeys, Instantly } = instantly
const { Fault, InstantlyMock } = testing

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
Effect.runPromise(Effect.provide(program, InstantlyMock.layer())).then((result) => console.log(JSON.stringify(result)))
