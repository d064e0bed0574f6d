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
    const apiKeys = yield* ApiKeys.ApiKeys
    const deleted = yield* apiKeys.delete(first.id)
    const error = yield* Effect.flip(apiKeys.delete(second.id))
    return [deleted.name, error._tag, error.outcome, Outcome.combine("NotApplied", "Unknown")]
  }).pipe(Effect.provide(Instantly.layer({ apiKey: caller.secret })))
})
Effect.runPromise(Effect.provide(program, InstantlyMock.layer())).then((told) => console.log(JSON.stringify(told)))
