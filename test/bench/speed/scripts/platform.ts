/** Deletes one key with `@effect/platform` alone: `platform.mjs <origin>`. */
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { Effect, Schema } from "effect"
import { headers, path } from "../key.js"

const Key = Schema.Struct({ id: Schema.String, name: Schema.String, timestamp_created: Schema.DateTimeUtc })

const program = Effect.flatMap(HttpClient.HttpClient, (client) =>
  client.execute(HttpClientRequest.del(`${process.argv[2]}${path}`).pipe(HttpClientRequest.setHeaders(headers)))
).pipe(Effect.flatMap(HttpClientResponse.filterStatusOk), Effect.flatMap(HttpClientResponse.schemaBodyJson(Key)))

await Effect.runPromise(Effect.provide(program, FetchHttpClient.layer))
