import { Effect } from "effect"
import { ApiKeys, Instantly } from "effect-instantly"
import { InstantlyMock } from "effect-instantly/testing"

/** Uses the operations on a double, with an API key that may delete. */
export const withApiKeys = <A, E>(
  body: (test: { readonly apiKeys: ApiKeys.Service; readonly mock: InstantlyMock.Service }) => Effect.Effect<A, E>,
  options: InstantlyMock.Options = {}
) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey({ scopes: ["api_keys:delete"] })
    return yield* Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => body({ apiKeys, mock })).pipe(
      Effect.provide(Instantly.layer({ apiKey: caller.secret }))
    )
  }).pipe(Effect.provide(InstantlyMock.layer(options)))
