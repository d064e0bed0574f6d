/** The ways of deleting an API key that are compared. Each sends the same request and reads the same answer as JSON. */
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { NodeHttpClient, Undici } from "@effect/platform-node"
import { Effect, Layer, ManagedRuntime, Redacted } from "effect"
import { ApiKey, ApiKeys, Instantly, RateLimit } from "effect-instantly"
import ky from "ky"
import createClient from "openapi-fetch"
import { body, headers, id, path, token } from "./key.js"
import { inFiber, inPromise, type Run } from "./run.js"

/** Makes ready to call a server. */
export type Contender = (origin: string) => Run

const inMemory = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request) =>
    Effect.sync(() =>
      HttpClientResponse.fromWeb(request, new Response(body, { headers: { "content-type": "application/json" } }))
    )
  )
)

/** This library with its defaults, but for the pace: a gate that paces would be all that is measured. */
const ours =
  (client: Layer.Layer<HttpClient.HttpClient>): Contender =>
  (baseUrl) => {
    const runtime = ManagedRuntime.make(
      Instantly.layer({ apiKey: Redacted.make(token), baseUrl, rateLimit: RateLimit.unlimited }).pipe(
        Layer.provide(client)
      )
    )
    const keyId = ApiKey.ApiKeyId.make(id)
    return inFiber(
      runtime,
      Effect.map(ApiKeys.ApiKeys, (apiKeys) => Effect.suspend(() => apiKeys.delete(keyId)))
    )
  }

/** What one writes without this library: the status is checked and the answer decoded, by the same schema. */
const platform =
  (client: Layer.Layer<HttpClient.HttpClient>): Contender =>
  (origin) => {
    const decode = HttpClientResponse.schemaBodyJson(ApiKey.ApiKey)
    return inFiber(
      ManagedRuntime.make(client),
      Effect.map(HttpClient.HttpClient, (httpClient) =>
        Effect.suspend(() =>
          httpClient.execute(HttpClientRequest.del(`${origin}${path}`).pipe(HttpClientRequest.setHeaders(headers)))
        ).pipe(Effect.flatMap(HttpClientResponse.filterStatusOk), Effect.flatMap(decode))
      )
    )
  }

interface Paths {
  readonly "/api/v2/api-keys/{id}": {
    readonly delete: {
      readonly parameters: { readonly path: { readonly id: string } }
      readonly responses: {
        readonly 200: { readonly content: { readonly "application/json": { readonly id: string } } }
      }
    }
  }
}

export const contenders = {
  "effect-instantly, in memory": ours(inMemory),
  "@effect/platform and Schema, in memory": platform(inMemory),
  "effect-instantly, Fetch": ours(FetchHttpClient.layer),
  "@effect/platform and Schema, Fetch": platform(FetchHttpClient.layer),
  "effect-instantly, Undici": ours(NodeHttpClient.layerUndici),
  "@effect/platform and Schema, Undici": platform(NodeHttpClient.layerUndici),
  fetch: (origin) => inPromise(async () => (await fetch(`${origin}${path}`, { method: "DELETE", headers })).json()),
  "undici.request": (origin) =>
    inPromise(async () => (await Undici.request(`${origin}${path}`, { method: "DELETE", headers })).body.json()),
  "openapi-fetch": (baseUrl) => {
    const client = createClient<Paths>({ baseUrl, headers })
    return inPromise(() => client.DELETE("/api/v2/api-keys/{id}", { params: { path: { id } } }))
  },
  ky: (origin) => inPromise(() => ky.delete(`${origin}${path}`, { headers }).json())
} satisfies Record<string, Contender>

export type Name = keyof typeof contenders

export const isName = (name: string): name is Name => Object.hasOwn(contenders, name)

export const names: ReadonlyArray<Name> = Object.keys(contenders).filter(isName)
