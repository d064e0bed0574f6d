/**
 * The operations on API keys: for each, which request it is and how its success is read. How a request is sent, tried
 * again and paced is left to `InstantlyClient`.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { ApiKey, ApiKeyId } from "./ApiKey.js"
import { InstantlyClient } from "./InstantlyClient.js"
import { BadRequest, type InstantlyError } from "./InstantlyError.js"

/**
 * What the deletion of an API key can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type DeleteApiKeyError = InstantlyError

/**
 * What {@link ApiKeys} does.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Deletes an API key for good, and gives the key that is gone (`DELETE /api/v2/api-keys/{id}`). The caller's own key
   * needs one of the scopes `api_keys:delete`, `api_keys:all`, `all:delete` and `all:all`.
   *
   * Each error's `outcome` tells whether the key can be gone all the same. After a lost answer the next attempt finds
   * nothing: that is `NotFound` with the outcome `Unknown`.
   *
   * @see https://developer.instantly.ai/api-reference/apikey/delete-api-key
   */
  readonly delete: (id: ApiKeyId) => Effect.Effect<ApiKey, DeleteApiKeyError>
}

/**
 * The operations on the API keys of a workspace.
 *
 * @example
 * ```ts
 * import { ApiKey, ApiKeys } from "effect-instantly"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const apiKeys = yield* ApiKeys.ApiKeys
 *   const deleted = yield* apiKeys.delete(ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-7384d8969c61"))
 *   yield* Effect.log(`deleted ${deleted.name}`)
 * })
 * ```
 *
 * @since 0.1.0
 * @category tags
 */
export class ApiKeys extends Context.Tag("effect-instantly/ApiKeys")<ApiKeys, Service>() {}

const collection = "/api/v2/api-keys"

const decodeApiKey = HttpClientResponse.schemaBodyJson(ApiKey)

const anotherKey = new ParseResult.ParseError({
  issue: new ParseResult.Type(Schema.Never.annotations({ title: "the API key that was asked for" }).ast, "<hidden>")
})

/** The deleted key, and no other. */
const decodeDeleted = (id: ApiKeyId) => (response: HttpClientResponse.HttpClientResponse) =>
  Effect.filterOrFail(
    decodeApiKey(response),
    (key) => key.id.toLowerCase() === id.toLowerCase(),
    () => anotherKey
  )

/**
 * Makes the operations of a client.
 *
 * @example
 * ```ts
 * import { ApiKeys } from "effect-instantly"
 * import { Effect } from "effect"
 *
 * const program = Effect.flatMap(ApiKeys.make, (apiKeys) => Effect.succeed(apiKeys.delete))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, InstantlyClient> = Effect.gen(function* () {
  const client = yield* InstantlyClient
  return ApiKeys.of({
    delete: (id) =>
      Schema.is(ApiKeyId)(id)
        ? client.execute(HttpClientRequest.del(`${collection}/${id}`), decodeDeleted(id))
        : // What the type rules out still comes from untyped code, and would be part of a URL.
          Effect.fail(new BadRequest({ method: "DELETE", path: `${collection}/{id}`, attempts: 0 }))
  })
})

/**
 * Provides the operations of a client.
 *
 * As every layer that is one value, it is built once within a `LayerMap` or a `ManagedRuntime` that shares what it builds:
 * for several clients there, take `Instantly.layer`, or `Layer.fresh` of this.
 *
 * @example
 * ```ts
 * import { ApiKeys, InstantlyClient } from "effect-instantly"
 * import { Layer } from "effect"
 *
 * const apiKeys = ApiKeys.layer.pipe(Layer.provide(InstantlyClient.layerConfig()))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ApiKeys, never, InstantlyClient> = Layer.effect(ApiKeys, make)
