/** Deletes the API key with this id: `INSTANTLY_API_KEY=… npx tsx examples/delete.ts <id>`. */
import { FetchHttpClient } from "@effect/platform"
import { Console, Effect, Layer } from "effect"
import { type ApiKey, ApiKeys, Instantly } from "effect-instantly"
import { idFrom, runToEnd } from "./ended.js"
import { printable } from "./printable.js"

const remove = (id: ApiKey.ApiKeyId) =>
  Effect.gen(function* () {
    const { name } = yield* ApiKeys.delete(id)
    yield* Console.log(`deleted ${printable(name)}`)
  })

const InstantlyLive = Instantly.layerConfig().pipe(Layer.provide(FetchHttpClient.layer))

await idFrom(process.argv[2], "Usage: INSTANTLY_API_KEY=… npx tsx examples/delete.ts <id>").pipe(
  Effect.flatMap((id) => Effect.provide(remove(id), InstantlyLive)),
  runToEnd
)
