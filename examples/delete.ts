/** Deletes the API key with this id: `INSTANTLY_API_KEY=… npx tsx examples/delete.ts <id>`. */
import { FetchHttpClient } from "@effect/platform"
import { Console, Effect, Layer, Schema } from "effect"
import { ApiKey, ApiKeys, Instantly } from "effect-instantly"
import { printable } from "./printable.js"

const program = Effect.gen(function* () {
  const id = yield* Schema.decodeUnknown(ApiKey.ApiKeyId)(process.argv[2])
  const apiKeys = yield* ApiKeys.ApiKeys
  const deleted = yield* apiKeys.delete(id)
  yield* Console.log(`deleted ${printable(deleted.name)}`)
})

const InstantlyLive = Instantly.layerConfig().pipe(Layer.provide(FetchHttpClient.layer))

await Effect.runPromise(Effect.provide(program, InstantlyLive))
