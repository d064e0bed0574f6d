/** The ways of deleting an API key that are compared. Each sends the same request and reads the same response as JSON. */
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { NodeHttpClient, Undici } from "@effect/platform-node"
import { Effect, Layer, ManagedRuntime, Redacted } from "effect"
import { ApiKey, ApiKeys, Instantly, RateLimit } from "effect-instantly"
import * as ByHand from "./byHand.js"
import * as InMemory from "./inMemory.js"
import { chunked, headers, id, path, token } from "./key.js"
import { inFiber, inPromise, type Run } from "./run.js"

/** Makes ready to call a server. */
export type Contender = (origin: string) => Run

type Client = Layer.Layer<HttpClient.HttpClient>

const keyId = ApiKey.ApiKeyId.make(id)

/** This library with its defaults, except for the pace: a gate that paces would be all that is measured. */
const library =
  (client: Client): Contender =>
  (baseUrl) =>
    inFiber(
      ManagedRuntime.make(
        Instantly.layer({ apiKey: Redacted.make(token), baseUrl, rateLimit: RateLimit.unlimited }).pipe(
          Layer.provide(client)
        )
      ),
      Effect.map(ApiKeys.ApiKeys, (apiKeys) => Effect.suspend(() => apiKeys.delete(keyId)))
    )

/** The same features without this library. */
const byHand =
  (client: Client): Contender =>
  (origin) =>
    inFiber(
      ManagedRuntime.make(Layer.merge(client, Layer.scope)),
      Effect.map(ByHand.make(origin), (deleteKey) => Effect.suspend(() => deleteKey(keyId)))
    )

/** The least that one writes without this library: the status is checked and the response decoded, by the same schema. */
const platform =
  (client: Client): Contender =>
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

/** Without redirects, which would take the token elsewhere. */
const fetchOnce = FetchHttpClient.layer.pipe(
  Layer.provide(Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual" }))
)

/** Calls the server where it does not say how long a body is. */
const below =
  (contender: Contender): Contender =>
  (origin) =>
    contender(`${origin}${chunked}`)

export const transports = ["in memory", "Fetch", "Undici", "Fetch, chunked", "Undici, chunked"] as const
export type Transport = (typeof transports)[number]

/** The ways of deleting that are compared on each transport. */
export const ways = ["@effect/platform and Schema", "by hand, same features", "effect-instantly"] as const
export type Way = (typeof ways)[number]

export const contenders = {
  "@effect/platform and Schema, in memory": platform(InMemory.layer),
  "by hand, same features, in memory": byHand(InMemory.layer),
  "effect-instantly, in memory": library(InMemory.layer),
  "@effect/platform and Schema, Fetch": platform(FetchHttpClient.layer),
  "by hand, same features, Fetch": byHand(fetchOnce),
  "effect-instantly, Fetch": library(FetchHttpClient.layer),
  "@effect/platform and Schema, Undici": platform(NodeHttpClient.layerUndici),
  "by hand, same features, Undici": byHand(NodeHttpClient.layerUndici),
  "effect-instantly, Undici": library(NodeHttpClient.layerUndici),
  "@effect/platform and Schema, Fetch, chunked": below(platform(FetchHttpClient.layer)),
  "by hand, same features, Fetch, chunked": below(byHand(fetchOnce)),
  "effect-instantly, Fetch, chunked": below(library(FetchHttpClient.layer)),
  "@effect/platform and Schema, Undici, chunked": below(platform(NodeHttpClient.layerUndici)),
  "by hand, same features, Undici, chunked": below(byHand(NodeHttpClient.layerUndici)),
  "effect-instantly, Undici, chunked": below(library(NodeHttpClient.layerUndici)),
  fetch: (origin) => inPromise(async () => (await fetch(`${origin}${path}`, { method: "DELETE", headers })).json()),
  "undici.request": (origin) =>
    inPromise(async () => (await Undici.request(`${origin}${path}`, { method: "DELETE", headers })).body.json())
} satisfies Record<`${Way}, ${Transport}`, Contender> & Record<string, Contender>

export type Name = keyof typeof contenders

export const isName = (name: string): name is Name => Object.hasOwn(contenders, name)

export const names: ReadonlyArray<Name> = Object.keys(contenders).filter(isName)

export const nameOf = (way: Way, transport: Transport): Name => `${way}, ${transport}`

/** Those that are compared way by way. */
export const ofTransports: ReadonlyArray<Name> = transports.flatMap((transport) =>
  ways.map((way) => nameOf(way, transport))
)
