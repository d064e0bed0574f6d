import { HttpClientRequest } from "@effect/platform"
import { Effect, Random, Schema } from "effect"
import { ApiKeys, Instantly, InstantlyClient, type InstantlyError, type RateLimit } from "effect-instantly"
import { type Fault, InstantlyMock } from "effect-instantly/testing"

/** Runs a program against a double in which there is a key to call with, and one to delete. */
export const withMock = <A, E>(
  body: (test: {
    readonly mock: InstantlyMock.Service
    readonly leaked: InstantlyMock.CreatedApiKey
    readonly remove: Effect.Effect<unknown, InstantlyError.InstantlyError>
    readonly execute: InstantlyClient.Service["execute"]
  }) => Effect.Effect<A, E, RateLimit.RateLimit>,
  options: Partial<InstantlyClient.Options> & Instantly.PolicyOptions = {},
  faults: ReadonlyArray<Fault.Script> = []
) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey({ name: "caller" })
    const leaked = yield* mock.createApiKey({ name: "leaked" })
    return yield* Effect.gen(function* () {
      const apiKeys = yield* ApiKeys.ApiKeys
      const { execute } = yield* InstantlyClient.InstantlyClient
      return yield* body({ mock, leaked, remove: apiKeys.delete(leaked.id), execute })
    }).pipe(
      Effect.provide(Instantly.layer({ apiKey: caller.secret, ...options })),
      Effect.withRandom(Random.fixed([1]))
    )
  }).pipe(Effect.provide(InstantlyMock.layer({ faults })))

/** Lists keys by `execute` alone. */
export const listing = (execute: InstantlyClient.Service["execute"]) =>
  execute(HttpClientRequest.get("/api/v2/api-keys"), Schema.Unknown)
