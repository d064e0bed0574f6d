/**
 * The operations on API keys: the request of each, what its success looks like, and what proves a deletion.
 * `InstantlyClient` sends, retries and paces the requests.
 *
 * @module
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as HashSet from "effect/HashSet"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ApiKey, ApiKeyId, sameId } from "./ApiKey.js"
import { InstantlyClient } from "./InstantlyClient.js"
import {
  HeldBack,
  type InstantlyError,
  type InsufficientScope,
  type Unauthorized,
  UnexpectedStatus
} from "./InstantlyError.js"

/**
 * The errors of a deletion.
 *
 * @since 0.1.0
 * @category errors
 */
export type DeleteApiKeyError = InstantlyError

/**
 * The errors of {@link isActive}: every result that means neither yes nor no.
 *
 * @since 0.1.0
 * @category errors
 */
export type IsActiveError = Exclude<InstantlyError, Unauthorized | InsufficientScope>

/**
 * The options of {@link list}.
 *
 * @since 0.1.0
 * @category models
 */
export interface ListOptions {
  /** How many keys one request fetches: 1 to 100, or else the stream fails with `BadRequest`. Default: 100. */
  readonly pageSize?: number | undefined
}

/**
 * The functions of {@link ApiKeys}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Deletes an API key for good, and returns the key that is gone (`DELETE /api/v2/api-keys/{id}`). The key that the call
   * authenticates with needs one of the scopes `api_keys:delete`, `api_keys:all`, `all:delete` and `all:all`.
   *
   * Each error's `outcome` says whether the key may be gone all the same. After a lost response the next attempt finds
   * nothing: that is `NotFound` with the outcome `Unknown`.
   *
   * @see https://developer.instantly.ai/api-reference/apikey/delete-api-key
   */
  readonly delete: (id: ApiKeyId) => Effect.Effect<ApiKey, DeleteApiKeyError>
  /**
   * All API keys of the workspace (`GET /api/v2/api-keys`), page by page. A page is fetched when it is needed. The key that the
   * call authenticates with needs one of the scopes `api_keys:read`, `api_keys:all`, `all:read` and `all:all`.
   *
   * The stream ends at a page without a cursor, at a cursor that came before, and after three empty pages in a row. It
   * logs a warning if more keys may follow. A key that is created or deleted in the meantime may or may not be listed.
   */
  readonly list: (options?: ListOptions) => Stream.Stream<ApiKey, InstantlyError>
  /**
   * Whether Instantly accepts a secret. The secret authenticates one harmless read, in place of the client's own API key.
   *
   * The result is `true` if Instantly sends a list of keys, or refuses it for a missing scope. For any other 401, a
   * made-up secret of the same shape is sent as well. If Instantly refuses both in the same words, the result is
   * `false`: to Instantly it is like a secret that never existed. If the words differ, the call fails with
   * `UnexpectedStatus`. A 402 is an error, because Instantly may check the plan before the key. A secret that has been
   * wiped, or that no header can hold, is `HeldBack`.
   *
   * No document says how soon a deleted key stops working: if a key you deleted is still active, try again later.
   */
  readonly isActive: (secret: Redacted.Redacted) => Effect.Effect<boolean, IsActiveError>
}

/**
 * The operations on the API keys of a workspace. {@link layer} provides them over a client, and `Layer.mock(ApiKeys, { … })`
 * replaces some of them in a test.
 *
 * @example
 * ```ts
 * import { ApiKey, ApiKeys } from "effect-instantly"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const { name } = yield* ApiKeys.delete(ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-7384d8969c61"))
 *   yield* Effect.log(`deleted ${name}`)
 * })
 * ```
 *
 * @since 0.1.0
 * @category tags
 */
export class ApiKeys extends Context.Tag("effect-instantly/ApiKeys")<ApiKeys, Service>() {}

type Client = Context.Tag.Service<InstantlyClient>

const collection = "/api/v2/api-keys"

const isId = Schema.is(ApiKeyId)

/** Whether the JSON of a response names this key. Then Instantly has deleted it, even if the rest cannot be read. */
const isAbout = (id: ApiKeyId) => (json: unknown) =>
  Predicate.hasProperty(json, "id") && isId(json.id) && sameId(json.id, id)

const Page = Schema.Struct({
  items: Schema.Array(ApiKey),
  next_starting_after: Schema.optional(Schema.NullOr(Schema.String))
})

const largestPage = 100

const mostEmptyPages = 3

/** The place in a list, and the signs that it has ended. */
interface Place {
  readonly cursor: Option.Option<string>
  readonly seen: HashSet.HashSet<string>
  readonly emptyPages: number
}

const first: Place = { cursor: Option.none(), seen: HashSet.empty(), emptyPages: 0 }

const listEnded = (why: string) =>
  Effect.as(Effect.logWarning(`The list of API keys ended ${why}. It may not be complete.`), Option.none<Place>())

const listWith = (
  client: Client,
  { pageSize = largestPage }: ListOptions = {}
): Stream.Stream<ApiKey, InstantlyError> =>
  Stream.paginateChunkEffect(first, ({ cursor, emptyPages, seen }) =>
    Effect.gen(function* () {
      const urlParams = { limit: pageSize, starting_after: Option.getOrUndefined(cursor) }
      const { items, next_starting_after } = yield* client.execute(
        HttpClientRequest.get(collection, { urlParams }),
        Page
      )
      const place = (next: string): Effect.Effect<Option.Option<Place>> => {
        if (HashSet.has(seen, next)) {
          // The last page can have the cursor that led to it. A full page with it may be the same one again.
          return items.length < pageSize ? Effect.succeedNone : listEnded("at a cursor that came before")
        }
        const empty = items.length === 0 ? emptyPages + 1 : 0
        return empty === mostEmptyPages
          ? listEnded(`after ${mostEmptyPages} empty pages in a row`)
          : Effect.succeedSome({ cursor: Option.some(next), seen: HashSet.add(seen, next), emptyPages: empty })
      }
      const next = next_starting_after == null ? Effect.succeedNone : place(next_starting_after)
      return [Chunk.fromIterable(items), yield* next] as const
    })
  )

/** Enough of a list to prove that it comes from Instantly, and not from a portal on the way. */
const AnyPage = Schema.Struct({ items: Schema.Array(Schema.Unknown) })

const oneOfThem = HttpClientRequest.get(collection, { urlParams: { limit: 1 } })

/** Has the shape of a secret (base64 of a UUID, a colon and 12 characters), and never was one. */
const neverIssued = Redacted.make("MDAwMDAwMDAtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDAwOm1hZGV1cG1hZGV1cA==")

/** Whether Instantly accepts a secret. `Unauthorized` says that it does not accept this one, in words to compare. */
const accepts = (client: Client, secret: Redacted.Redacted): Effect.Effect<boolean, IsActiveError | Unauthorized> =>
  Effect.try({
    try: () => HttpClientRequest.bearerToken(oneOfThem, Redacted.value(secret).trim()),
    catch: () =>
      new HeldBack({ method: "GET", path: collection, detail: "the secret to check has been wiped, or is no Redacted" })
  }).pipe(
    Effect.flatMap((request) => client.execute(request, AnyPage)),
    Effect.as(true),
    Effect.catchTag("InsufficientScope", () => Effect.succeed(true))
  )

const isActiveWith = (client: Client, secret: Redacted.Redacted): Effect.Effect<boolean, IsActiveError> =>
  Effect.catchTag(accepts(client, secret), "Unauthorized", (refused) => {
    const unclear = (detail: string) => Effect.fail(new UnexpectedStatus({ ...refused, fromInstantly: true, detail }))
    // The control: how Instantly refuses a secret that never was one.
    return Effect.matchEffect(accepts(client, neverIssued), {
      onSuccess: () => unclear("Instantly accepts a made-up secret, so the refusal of this one proves nothing"),
      onFailure: (control) => {
        if (control._tag !== "Unauthorized") return Effect.fail(control)
        return Equal.equals(control.serverMessage, refused.serverMessage)
          ? Effect.succeed(false)
          : unclear("Instantly refuses this secret in other words than a made-up one, so the secret may be active")
      }
    })
  })

const deleteWith = (client: Client, id: ApiKeyId): Effect.Effect<ApiKey, DeleteApiKeyError> =>
  isId(id)
    ? client.execute(HttpClientRequest.del(`${collection}/${id}`), ApiKey, { confirms: isAbout(id) })
    : // The type rules it out, but untyped code can still pass it, and it would be part of a URL.
      Effect.fail(
        new HeldBack({
          method: "DELETE",
          path: `${collection}/{id}`,
          detail: "the id is not a UUID (it is not shown, because it may be a secret)"
        })
      )

/**
 * Makes the operations over a client.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Service, never, InstantlyClient> = Effect.map(InstantlyClient, (client) =>
  ApiKeys.of({
    delete: (id) => deleteWith(client, id),
    list: (options) => listWith(client, options),
    isActive: (secret) => isActiveWith(client, secret)
  })
)

/**
 * Provides the operations over a client.
 *
 * Layers are memoized by reference, so a `LayerMap` or a `ManagedRuntime` builds this one only once, over its first
 * client. For several clients, use `Instantly.layer`, or `Layer.fresh` of this.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ApiKeys, never, InstantlyClient> = Layer.effect(ApiKeys, make)

const delete_ = (id: ApiKeyId): Effect.Effect<ApiKey, DeleteApiKeyError, ApiKeys> =>
  Effect.flatMap(ApiKeys, (apiKeys) => apiKeys.delete(id))

export {
  /**
   * Deletes an API key for good, and returns the key that is gone: {@link Service.delete} of the service in the context.
   *
   * @example
   * ```ts
   * import { ApiKeys, type ApiKey } from "effect-instantly"
   * import { Effect } from "effect"
   *
   * const revoke = (id: ApiKey.ApiKeyId) =>
   *   Effect.gen(function* () {
   *     const { name } = yield* ApiKeys.delete(id)
   *     yield* Effect.log(`deleted ${name}`)
   *   })
   * ```
   *
   * @since 0.1.0
   * @category operations
   */
  delete_ as delete
}

/**
 * All API keys of the workspace, page by page: {@link Service.list} of the service in the context.
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
 * @category operations
 */
export const list = (options?: ListOptions): Stream.Stream<ApiKey, InstantlyError, ApiKeys> =>
  Stream.unwrap(Effect.map(ApiKeys, (apiKeys) => apiKeys.list(options)))

/**
 * Whether Instantly accepts a secret: {@link Service.isActive} of the service in the context.
 *
 * @example
 * ```ts
 * import { ApiKeys } from "effect-instantly"
 * import { Console, Effect, Redacted } from "effect"
 *
 * const check = Effect.gen(function* () {
 *   const isActive = yield* ApiKeys.isActive(Redacted.make("made-up"))
 *   yield* Console.log(isActive ? "Instantly accepts it" : "Instantly refuses it as one that never existed")
 * })
 * ```
 *
 * @since 0.1.0
 * @category operations
 */
export const isActive = (secret: Redacted.Redacted): Effect.Effect<boolean, IsActiveError, ApiKeys> =>
  Effect.flatMap(ApiKeys, (apiKeys) => apiKeys.isActive(secret))
