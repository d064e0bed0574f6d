/**
 * An Instantly API key: its id, its scopes, and the record that the API sends. `ApiKeys` fetches and deletes them.
 *
 * @module
 * @since 0.1.0
 */
import * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { KnownScope } from "./ApiKey/knownScopes.js"

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

const parseUuid = (input: unknown, _: unknown, ast: ParseResult.Type["ast"]) =>
  typeof input === "string" && uuid.test(input)
    ? ParseResult.succeed(input)
    : // People paste the secret where the id belongs, so a value that does not parse is neither shown nor kept.
      ParseResult.fail(
        new ParseResult.Type(ast, "<hidden>", "Expected the id of an API key, a UUID (the input is not shown)")
      )

/**
 * The id of an API key: a UUID of any version, in upper or lower case, kept as given.
 *
 * If an id does not parse, the error does not show it, because it may be a secret pasted in the wrong place.
 *
 * @example
 * ```ts
 * import { ApiKey } from "effect-instantly"
 * import { Schema } from "effect"
 *
 * const id = ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-7384d8969c61") // throws unless it is a UUID
 * const parse = Schema.decodeUnknown(ApiKey.ApiKeyId) // for input: an effect that fails with a ParseError
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

/** @internal What all spellings of an id have in common, as the key of a map or a set. */
export const spelling = (id: ApiKeyId): string => id.toLowerCase()

/**
 * Whether two ids belong to one key. Upper and lower case make no difference.
 *
 * @since 0.1.0
 * @category predicates
 */
export const sameId = (self: ApiKeyId, that: ApiKeyId): boolean => spelling(self) === spelling(that)

export { KnownScope }

/**
 * What a key may do: a {@link KnownScope}, or any other scope, unchanged. Editors complete the known ones. Decoding
 * does not compare with them, so it stays linear, however many scopes a server sends.
 *
 * The type says `string & {}` because `string` would swallow the literals, and with them the completion.
 *
 * @since 0.1.0
 * @category models
 */
export const Scope: Schema.Schema<KnownScope | (string & {}), string> = Schema.String.pipe(
  Schema.filter((_): _ is KnownScope | (string & {}) => true)
).annotations({ identifier: "Scope" })

/**
 * What a key may do: a known scope, or any other string.
 *
 * @since 0.1.0
 * @category models
 */
export type Scope = typeof Scope.Type

/**
 * What a key may do, as a list.
 *
 * @since 0.1.0
 * @category models
 */
export interface Scopes extends ReadonlyArray<Scope> {}

/** A list of scopes, with a named type: without it, each signature that holds a key would print all known scopes. */
const Scopes: Schema.Schema<Scopes, ReadonlyArray<string>> = Schema.Array(Scope)

/** Keeps the input out of an error's message. Both sides need it, because the constructor checks the type side. */
const hidden = (expected: string) => ({
  message: () => ({ message: `Expected ${expected} (the input is not shown)`, override: true })
})

/** `Schema.Redacted`, whose own type side has no annotation to hide a secret that is given in the clear. */
const Secret = Schema.transform(
  Schema.String.annotations(hidden("a secret")),
  Schema.RedactedFromSelf(Schema.String).annotations(hidden("a secret")),
  { strict: true, decode: (secret) => Redacted.make(secret), encode: (secret) => Redacted.value(secret) }
)

/** `Schema.DateTimeUtc`, whose own type side would show a secret that is given in its place. */
const Time = Schema.compose(Schema.DateTimeUtc, Schema.DateTimeUtcFromSelf.annotations(hidden("a time")))

/**
 * An API key as Instantly sends it. Fields that are not named here are ignored.
 *
 * `key` is the secret, and is `Redacted`: no log, `JSON.stringify` or `inspect` shows it. **Only encoding an `ApiKey`
 * with this schema reveals it.** Whether Instantly sends a deleted key's secret whole, masked or empty is not
 * documented; it is always treated as a secret.
 *
 * The message of a `ParseError` of this schema does not show the input. It cannot prevent two things: the error's
 * `issue.actual` holds the value, and a schema around it, such as `Schema.Array(ApiKey)`, prints a value that it
 * refuses itself.
 *
 * @see https://developer.instantly.ai/api-reference/apikey/delete-api-key
 * @since 0.1.0
 * @category models
 */
export class ApiKey extends Schema.Class<ApiKey>("effect-instantly/ApiKey")(
  {
    /** The id, by which a key is deleted. */
    id: ApiKeyId,
    /** A label for people; two keys may share one. */
    name: Schema.String.annotations(hidden("a name")),
    scopes: Scopes.annotations(hidden("a list of scopes")),
    /** The secret. */
    key: Secret,
    /** The id of the workspace that the key belongs to. */
    organizationId: Schema.propertySignature(Schema.UUID.annotations(hidden("the id of a workspace"))).pipe(
      Schema.fromKey("organization_id")
    ),
    createdAt: Schema.propertySignature(Time).pipe(Schema.fromKey("timestamp_created")),
    updatedAt: Schema.propertySignature(Time).pipe(Schema.fromKey("timestamp_updated"))
  },
  [hidden("an API key"), hidden("an API key"), hidden("an API key")]
) {}
