/**
 * No secret is shown by the schema of an `ApiKey`, however it is used by hand: a table of misuses, each with a secret in it.
 * The same table over a schema of the same fields without annotations shows what it guards against.
 */
import { describe, expect, it } from "@effect/vitest"
import { DateTime, Either, ParseResult, Redacted, Schema } from "effect"
import { ApiKey } from "effect-instantly"
import { key } from "../support/key.js"
import { leaksIn } from "../support/leaks.js"

const secret = "canary/secret+made-up/9876543210=="
const id = "019e18e2-78d4-7322-941a-7384d8969c61"

const encoded = key({ key: secret })

const time = DateTime.unsafeMake(0)
const decoded = {
  id: ApiKey.ApiKeyId.make(id),
  name: "made-up",
  scopes: ["all:all"],
  key: Redacted.make(secret),
  organizationId: id,
  createdAt: time,
  updatedAt: time
}

/** The fields of an `ApiKey`, as anybody would write them. */
class Plain extends Schema.Class<Plain>("Plain")({
  id: ApiKey.ApiKeyId,
  name: Schema.String,
  scopes: Schema.Array(Schema.String),
  key: Schema.Redacted(Schema.String),
  organizationId: Schema.propertySignature(Schema.UUID).pipe(Schema.fromKey("organization_id")),
  createdAt: Schema.propertySignature(Schema.DateTimeUtc).pipe(Schema.fromKey("timestamp_created")),
  updatedAt: Schema.propertySignature(Schema.DateTimeUtc).pipe(Schema.fromKey("timestamp_updated"))
}) {}

type Class = typeof ApiKey.ApiKey | typeof Plain

const decode = (schema: Schema.Schema.AnyNoContext, given: unknown) => Schema.decodeUnknownSync(schema)(given)

/** Makes one by its constructor, as code without types could. */
const construct = (schema: Class, given: unknown): unknown => Reflect.construct(schema, [given])

const misuses: Readonly<Record<string, (schema: Class) => unknown>> = {
  "decode of text": (schema) => decode(schema, secret),
  "decode of its JSON": (schema) => decode(schema, JSON.stringify(encoded)),
  "decode of an array": (schema) => decode(schema, [encoded]),
  "decode of a name that is an object": (schema) => decode(schema, { ...encoded, name: { secret } }),
  "decode of a secret that is an object": (schema) => decode(schema, { ...encoded, key: { secret } }),
  "decode of scopes that are text": (schema) => decode(schema, { ...encoded, scopes: secret }),
  "decode of a scope that is an object": (schema) => decode(schema, { ...encoded, scopes: [{ secret }] }),
  "decode of an id that is the secret": (schema) => decode(schema, { ...encoded, id: secret }),
  "decode of a workspace that is the secret": (schema) => decode(schema, { ...encoded, organization_id: secret }),
  "decode of a time that is the secret": (schema) => decode(schema, { ...encoded, timestamp_created: secret }),
  "decode of the secret alone": (schema) => decode(schema, { key: secret }),
  "decode with excess properties": (schema) =>
    Schema.decodeUnknownSync(schema, { onExcessProperty: "error" })({ ...encoded, [secret]: secret }),
  "decode with all errors": (schema) =>
    Schema.decodeUnknownSync(schema, { errors: "all" })({ ...encoded, name: 1, key: [secret], scopes: secret }),
  "validate of what is encoded": (schema) => Schema.validateSync(schema)(encoded),
  "validate of text": (schema) => Schema.validateSync(schema)(secret),
  asserts: (schema) => {
    const asserts: (given: unknown) => void = Schema.asserts(schema)
    asserts(encoded)
  },
  "encode of what is encoded": (schema) => Schema.encodeUnknownSync(schema)(encoded),
  "encode of text": (schema) => Schema.encodeUnknownSync(schema)(secret),
  "encode of a secret in the clear": (schema) => Schema.encodeUnknownSync(schema)({ ...decoded, key: secret }),
  "new with a secret in the clear": (schema) => construct(schema, { ...decoded, key: secret }),
  "new with an id that is the secret": (schema) => construct(schema, { ...decoded, id: secret }),
  "new with scopes that are text": (schema) => construct(schema, { ...decoded, scopes: secret }),
  "new with a scope that is an object": (schema) => construct(schema, { ...decoded, scopes: [{ secret }] }),
  "new with a name that is an object": (schema) => construct(schema, { ...decoded, name: { secret } }),
  "new with a workspace that is the secret": (schema) => construct(schema, { ...decoded, organizationId: secret }),
  "new with a time that is the secret": (schema) => construct(schema, { ...decoded, createdAt: secret }),
  "new with text": (schema) => construct(schema, secret),
  make: (schema) => Reflect.apply(schema.make, schema, [{ ...decoded, key: secret }]),
  "a struct of it": (schema) => decode(Schema.Struct({ key: schema }), { key: [encoded] }),
  "an array of it": (schema) => decode(Schema.Array(schema), [secret]),
  parseJson: (schema) => decode(Schema.parseJson(schema), JSON.stringify([encoded])),
  typeSchema: (schema) => decode(Schema.typeSchema(schema), encoded),
  "encodedSchema of a secret that is an object": (schema) =>
    decode(Schema.encodedSchema(schema), { ...encoded, key: [secret] })
}

/** What is thrown; where nothing is, that is wrong. */
const thrownBy = (misuse: () => unknown): unknown =>
  Either.match(Either.try({ try: misuse, catch: (error) => error }), {
    onLeft: (error) => error,
    onRight: () => expect.fail("nothing was thrown")
  })

const all = "inspect, all of it"

/** Where an error shows the secret; what is known to hold it, the value in its issue, is left out. */
const shownBy = (error: unknown) => {
  expect(ParseResult.isParseError(error)).toBe(true)
  const formatted = ParseResult.isParseError(error) ? ParseResult.ArrayFormatter.formatErrorSync(error) : []
  return [
    ...leaksIn(error, [secret]).filter((leak) => !leak.startsWith(all)),
    ...leaksIn(
      formatted.map(({ message }) => message),
      [secret]
    )
  ]
}

const rows = Object.entries(misuses)

describe("the schema of an ApiKey shows no secret", () => {
  it.each(rows)("in the error of %s", (_, misuse) => {
    expect(shownBy(thrownBy(() => misuse(ApiKey.ApiKey)))).toEqual([])
  })

  it("where the same fields without annotations show it", () => {
    const leaking = rows.filter(([, misuse]) => shownBy(thrownBy(() => misuse(Plain))).length > 0)
    const silent = rows.map(([name]) => name).filter((name) => !leaking.some(([leak]) => leak === name))
    expect(silent).toEqual([
      "decode of an id that is the secret", // an ApiKeyId hides it by itself
      "decode of the secret alone",
      "new with an id that is the secret",
      "new with text"
    ])
  })
})

describe("out of the reach of that schema is", () => {
  it("the issue of its error, which holds what was given", () => {
    const error = thrownBy(() => decode(ApiKey.ApiKey, [encoded]))
    expect(ParseResult.isParseError(error) && error.issue.actual).toEqual([encoded])
    expect(leaksIn(error, [secret]).map((leak) => leak.slice(0, all.length))).toEqual([all])
  })

  it.each<readonly [what: string, misuse: () => unknown]>([
    ["an array of it that is given an object", () => decode(Schema.Array(ApiKey.ApiKey), { encoded })],
    ["a struct of it that is given text", () => decode(Schema.Struct({ key: ApiKey.ApiKey }), secret)],
    [
      "another member of a union, such as the undefined of an optional one",
      () => decode(Schema.Struct({ key: Schema.optional(ApiKey.ApiKey) }), { key: secret })
    ],
    ["its encoded side by itself", () => decode(Schema.encodedSchema(ApiKey.ApiKey), secret)],
    [
      "a class that extends it",
      () =>
        decode(ApiKey.ApiKey.extend<Schema.Schema.AnyNoContext>("More")({ more: Schema.Number }), {
          ...encoded,
          more: secret
        })
    ]
  ])("%s", (_, misuse) => {
    expect(shownBy(thrownBy(misuse))).not.toEqual([])
  })
})
