/**
 * The operations on API keys: which request each one is, and how its success is read. `InstantlyClient` sends a request,
 * tries it again, and paces it.
 *
 * @module
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HashSet from "effect/HashSet"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ApiKey, ApiKeyId } from "./ApiKey.js"
import { InstantlyClient } from "./InstantlyClient.js"
import {
  type Forbidden,
  HeldBack,
  type InstantlyError,
  type PaymentRequired,
  type Unauthorized
} from "./InstantlyError.js"

/**
 * What the deletion of an API key can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type DeleteApiKeyError = InstantlyError

/**
 * What {@link Service.isActive} can fail with: every response that says neither yes nor no.
 *
 * @since 0.1.0
 * @category errors
 */
export type IsActiveError = Exclude<InstantlyError, Unauthorized | PaymentRequired | Forbidden>

/**
 * Which page of the API keys is asked for.
 *
 * @since 0.1.0
 * @category models
 */
export interface PageOptions {
  /** How many keys a page holds: 1 to 100. Default: 100. */
  readonly pageSize?: number | undefined
  /** The cursor that the previous page gave. Default: the first page. */
  readonly startingAfter?: string | undefined
}

/**
 * A page of API keys.
 *
 * @since 0.1.0
 * @category models
 */
export interface Page {
  readonly items: ReadonlyArray<ApiKey>
  /** The cursor of the next page. The last page can have one, too: the page after it is empty, or has the same cursor. */
  readonly next: Option.Option<string>
}

/**
 * What {@link ApiKeys} does.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Deletes an API key for good, and returns the key that is gone (`DELETE /api/v2/api-keys/{id}`). The key that the call
   * authenticates with needs one of the scopes `api_keys:delete`, `api_keys:all`, `all:delete` and `all:all`.
   *
   * Each error's `outcome` tells whether the key may be gone all the same. After a lost response the next attempt finds
   * nothing: that is `NotFound` with the outcome `Unknown`.
   *
   * @see https://developer.instantly.ai/api-reference/apikey/delete-api-key
   */
  readonly delete: (id: ApiKeyId) => Effect.Effect<ApiKey, DeleteApiKeyError>
  /**
   * Reads one page of the workspace's API keys (`GET /api/v2/api-keys`); {@link list} reads them all. The key that the
   * call authenticates with needs one of the scopes `api_keys:read`, `api_keys:all`, `all:read` and `all:all`.
   *
   * A page size outside of 1 to 100, or a cursor that Instantly did not give, is `BadRequest`.
   */
  readonly listPage: (options?: PageOptions) => Effect.Effect<Page, InstantlyError>
  /**
   * Whether a secret is still accepted. It authenticates one harmless read, in place of the client's own API key.
   * Instantly's own 401 is *no*. A list of keys, and Instantly's own 402 or 403, are *yes*. Any other response is an error,
   * never a guess. A secret that has been wiped, or that no header can hold, is `HeldBack`.
   *
   * It is not documented when a deleted key stops working: if the result is *yes* and should not be, ask again.
   */
  readonly isActive: (secret: Redacted.Redacted) => Effect.Effect<boolean, IsActiveError>
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

const isId = Schema.is(ApiKeyId)

const oneOfThem = HttpClientRequest.get(collection, { urlParams: { limit: 1 } })

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

const ListedPage = Schema.Struct({
  items: Schema.Array(ApiKey),
  next_starting_after: Schema.optional(Schema.NullOr(Schema.String))
})

const decodePage = (response: HttpClientResponse.HttpClientResponse) =>
  Effect.map(
    HttpClientResponse.schemaBodyJson(ListedPage)(response),
    ({ items, next_starting_after }): Page => ({ items, next: Option.fromNullable(next_starting_after) })
  )

/** Enough of a list to know that it comes from Instantly, and not from a portal on the way. */
const decodeAnyPage = HttpClientResponse.schemaBodyJson(Schema.Struct({ items: Schema.Array(Schema.Unknown) }))

/**
 * Makes the operations over a client.
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
      isId(id)
        ? client.execute(HttpClientRequest.del(`${collection}/${id}`), decodeDeleted(id))
        : // The type rules it out, but untyped code can still give it, and it would be part of a URL.
          Effect.fail(
            new HeldBack({
              method: "DELETE",
              path: `${collection}/{id}`,
              detail: "the id is not a UUID (it is not shown, because it may be a secret)"
            })
          ),
    listPage: ({ pageSize, startingAfter } = {}) =>
      client.execute(
        HttpClientRequest.get(collection, { urlParams: { limit: pageSize ?? 100, starting_after: startingAfter } }),
        decodePage
      ),
    isActive: (secret) =>
      Effect.try({
        try: () => HttpClientRequest.bearerToken(oneOfThem, Redacted.value(secret).trim()),
        catch: () => new HeldBack({ method: "GET", path: collection, detail: "the secret to ask about has been wiped" })
      }).pipe(
        Effect.flatMap((request) => client.execute(request, decodeAnyPage)),
        Effect.as(true),
        Effect.catchTags({
          Unauthorized: () => Effect.succeed(false),
          PaymentRequired: () => Effect.succeed(true),
          Forbidden: () => Effect.succeed(true)
        })
      )
  })
})

/**
 * Provides the operations over a client.
 *
 * It is one value, so a `LayerMap` or a `ManagedRuntime` that shares what it builds makes it once. For several clients
 * there, use `Instantly.layer`, or `Layer.fresh` of this.
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

/**
 * All API keys of a workspace, page by page. A page is fetched when it is needed. The stream ends at an empty page, at a
 * page without a cursor, and at a cursor that came before.
 *
 * A key that is created or deleted in the meantime may or may not be in it.
 *
 * @example
 * ```ts
 * import { ApiKeys } from "effect-instantly"
 * import { Stream } from "effect"
 *
 * const leaked = ApiKeys.list().pipe(
 *   Stream.filter((key) => key.name.startsWith("zapier")),
 *   Stream.runCollect
 * )
 * ```
 *
 * @since 0.1.0
 * @category streams
 */
export const list = (options: { readonly pageSize?: number } = {}): Stream.Stream<ApiKey, InstantlyError, ApiKeys> =>
  Stream.unwrap(
    Effect.map(ApiKeys, ({ listPage }) =>
      Stream.paginateChunkEffect({ cursor: Option.none<string>(), seen: HashSet.empty<string>() }, ({ cursor, seen }) =>
        Effect.map(listPage({ ...options, startingAfter: Option.getOrUndefined(cursor) }), ({ items, next }) => [
          Chunk.fromIterable(items),
          next.pipe(
            Option.filter((again) => items.length > 0 && !HashSet.has(seen, again)),
            Option.map((again) => ({ cursor: Option.some(again), seen: HashSet.add(seen, again) }))
          )
        ])
      )
    )
  )
