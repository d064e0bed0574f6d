/**
 * What an Instantly API key is: its id, its scopes and the record the API answers with. How one is fetched or deleted is
 * left to `ApiKeys`.
 *
 * @since 0.1.0
 */
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { knownScopes } from "./ApiKey/knownScopes.js"

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

const parseUuid = (input: unknown, _: unknown, ast: ParseResult.Type["ast"]) =>
  typeof input === "string" && uuid.test(input)
    ? ParseResult.succeed(input)
    : // People paste the secret where the id belongs: what did not parse is neither shown nor kept.
      ParseResult.fail(
        new ParseResult.Type(ast, "<hidden>", "Expected the id of an API key, a UUID (what was given is not shown)")
      )

/**
 * The id of an API key: a UUID of any version, in either case, kept as it came.
 *
 * What does not parse is not echoed in the error, because it may be a secret pasted in the wrong place.
 *
 * @example
 * ```ts
 * import { ApiKey } from "effect-instantly"
 * import { Schema } from "effect"
 *
 * const id = ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-7384d8969c61") // throws where it is not a UUID
 * const parse = Schema.decodeUnknown(ApiKey.ApiKeyId) // an effect that fails with a ParseError instead
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export const ApiKeyId = Schema.declare<string, string, readonly []>(
  [],
  { decode: () => parseUuid, encode: () => parseUuid },
  {
    jsonSchema: { type: "string", format: "uuid" },
    arbitrary: () => (fc) => fc.uuid()
  }
).pipe(Schema.brand("effect-instantly/ApiKeyId", { identifier: "ApiKeyId" }))

/**
 * The id of an API key, checked to be a UUID.
 *
 * @since 0.1.0
 * @category models
 */
export type ApiKeyId = typeof ApiKeyId.Type

/**
 * The 178 scopes that Instantly documents. A key can carry one that the list lacks: see {@link Scope}.
 *
 * @example
 * ```ts
 * import { ApiKey } from "effect-instantly"
 * import { Schema } from "effect"
 *
 * const isKnown = Schema.is(ApiKey.KnownScope)
 * isKnown("api_keys:delete") // true
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export const KnownScope = Schema.Literal(...knownScopes)

/**
 * One of the 178 scopes that Instantly documents.
 *
 * @since 0.1.0
 * @category models
 */
export type KnownScope = typeof KnownScope.Type

// `string & {}` instead of `string`, which would swallow the literals and their completion in an editor.
const anyOther: Schema.Schema<string & {}, string> = Schema.String

/**
 * What a key may do: a {@link KnownScope}, or any other scope as it came. Editors complete the known ones.
 *
 * @example
 * ```ts
 * import type { ApiKey } from "effect-instantly"
 *
 * const scopes: ReadonlyArray<ApiKey.Scope> = ["api_keys:delete", "supersearch_enrichments:read"]
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export const Scope = Schema.Union(KnownScope, anyOther).annotations({ identifier: "Scope" })

/**
 * What a key may do: a known scope, or any other string.
 *
 * @since 0.1.0
 * @category models
 */
export type Scope = typeof Scope.Type

/**
 * An API key as Instantly answers it. Fields that are not named here are ignored.
 *
 * `key` is the secret, and is `Redacted`: no log, `JSON.stringify` or `inspect` shows it. **Encoding an `ApiKey` by this
 * schema is the one place that reveals it.** Whether Instantly answers a deleted key's secret whole, masked or empty is
 * not documented; it is treated as a secret always.
 *
 * @example
 * ```ts
 * import { ApiKey } from "effect-instantly"
 * import { Schema } from "effect"
 *
 * const decode = Schema.decodeUnknown(ApiKey.ApiKey)
 * ```
 *
 * @see https://developer.instantly.ai/api-reference/apikey/delete-api-key
 * @since 0.1.0
 * @category models
 */
export class ApiKey extends Schema.Class<ApiKey>("effect-instantly/ApiKey")({
  /** The id, by which a key is deleted. */
  id: ApiKeyId,
  /** A label for people; two keys may share one. */
  name: Schema.String,
  scopes: Schema.Array(Scope),
  /** The secret. */
  key: Schema.Redacted(Schema.String).annotations({
    message: () => ({ message: "Expected a secret (what was given is not shown)", override: true })
  }),
  /** The id of the workspace that the key belongs to. */
  organizationId: Schema.propertySignature(Schema.UUID).pipe(Schema.fromKey("organization_id")),
  createdAt: Schema.propertySignature(Schema.DateTimeUtc).pipe(Schema.fromKey("timestamp_created")),
  updatedAt: Schema.propertySignature(Schema.DateTimeUtc).pipe(Schema.fromKey("timestamp_updated"))
}) {}
