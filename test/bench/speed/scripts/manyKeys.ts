/** Deletes many keys with the default policies, and prints how long that took: `manyKeys.mjs <origin> <keys>`. */
import { FetchHttpClient } from "@effect/platform"
import { Chunk, Duration, Effect, Layer, Redacted, Stream } from "effect"
import { ApiKey, Instantly, Revocation } from "effect-instantly"
import { token } from "../key.js"

const [baseUrl, keys] = process.argv.slice(2)

const ids = Array.from({ length: Number(keys) }, (_, index) =>
  ApiKey.ApiKeyId.make(`019e18e2-78d4-7322-941a-${index.toString(16).padStart(12, "0")}`)
)

const InstantlyLive = Instantly.layer({ apiKey: Redacted.make(token), baseUrl }).pipe(
  Layer.provide(FetchHttpClient.layer)
)

const program = Effect.gen(function* () {
  const [took, receipts] = yield* Effect.timed(Stream.runCollect(Revocation.run(ids)))
  const deleted = Chunk.size(Chunk.filter(receipts, ({ _tag }) => _tag === "Deleted"))
  if (deleted < ids.length) return yield* Effect.dieMessage(`${deleted} of ${ids.length} keys were deleted`)
  console.log(Duration.toSeconds(took))
})

await Effect.runPromise(Effect.provide(program, InstantlyLive))
