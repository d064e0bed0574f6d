/** Deletes one key with this library: `library.mjs <origin>`. */
import { FetchHttpClient } from "@effect/platform"
import { Effect, Layer, Redacted } from "effect"
import { ApiKey, ApiKeys, Instantly } from "effect-instantly"
import { id, token } from "../key.js"

const program = Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.delete(ApiKey.ApiKeyId.make(id)))

const InstantlyLive = Instantly.layer({ apiKey: Redacted.make(token), baseUrl: process.argv[2] }).pipe(
  Layer.provide(FetchHttpClient.layer)
)

await Effect.runPromise(Effect.provide(program, InstantlyLive))
