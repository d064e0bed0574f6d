import { inspect } from "node:util"
import { describe, expect, it } from "@effect/vitest"
import {
  Arbitrary,
  DateTime,
  Effect,
  FastCheck,
  JSONSchema,
  Option,
  ParseResult,
  Redacted,
  Schema,
  SchemaAST
} from "effect"
import { ApiKey } from "effect-instantly"
import openapi from "./fixtures/openapi.json" with { type: "json" }
import { key } from "./support/key.js"

const wire = key({
  scopes: ["campaigns:create", "supersearch_enrichments:read"],
  timestamp_updated: "2026-01-03T03:04:05.678Z"
})

const isSame = Schema.equivalence(ApiKey.ApiKey)

describe("ApiKeyId", () => {
  it.each([
    ["version 7", "019e18e2-78d4-7322-941a-7384d8969c61"],
    ["version 4", "3f2504e0-4f89-41d3-9a0c-0305e82c3301"],
    ["version 1", "c232ab00-9414-11ec-b3c8-9e6bdeced846"],
    ["the nil UUID", "00000000-0000-0000-0000-000000000000"],
    ["upper case", "019E18E2-78D4-7322-941A-7384D8969C61"]
  ])("is a UUID of any version in either case, kept as it came: %s", (_, id) => {
    expect(ApiKey.ApiKeyId.make(id)).toBe(id)
    expect(Schema.encodeSync(ApiKey.ApiKeyId)(ApiKey.ApiKeyId.make(id))).toBe(id)
  })

  it.each([
    ["empty", ""],
    ["malformed", "019e18e2"],
    ["traversing", "../workspaces"],
    ["traversing, percent-encoded", "%2e%2e%2fworkspaces"],
    ["with something after it", "019e18e2-78d4-7322-941a-7384d8969c61/x"],
    ["with a line break", "019e18e2-78d4-7322-941a-7384d8969c61\n"],
    ["with a space before it", " 019e18e2-78d4-7322-941a-7384d8969c61"],
    ["a secret pasted as an id", "made-up-secret-canary"]
  ])("is nothing else, and what was given is not shown: %s", (_, given) => {
    const error = Effect.runSync(Effect.flip(Schema.decodeUnknown(ApiKey.ApiKeyId)(given)))
    expect(error.message).toContain("a UUID")
    if (given !== "") {
      const shown = inspect(error, { depth: null, showHidden: true, customInspect: false })
      for (const text of [
        error.message,
        JSON.stringify(error),
        String(error),
        inspect(error),
        shown,
        error.stack ?? ""
      ]) {
        expect(text).not.toContain(given)
      }
    }
    expect(() => ApiKey.ApiKeyId.make(given)).toThrow("a UUID")
  })
})

describe("ApiKeyId, as a schema", () => {
  it("takes no other value that only reads like a UUID", () => {
    const id = "019e18e2-78d4-7322-941a-7384d8969c61"
    for (const given of [[id], { toString: () => id }, null, undefined]) {
      expect(Schema.is(ApiKey.ApiKeyId)(given)).toBe(false)
    }
  })

  it("is a UUID in an OpenAPI document, and told from other UUIDs by its brand", () => {
    expect(JSONSchema.make(ApiKey.ApiKeyId)).toMatchObject({ $defs: { ApiKeyId: { type: "string", format: "uuid" } } })
    expect(SchemaAST.getBrandAnnotation(ApiKey.ApiKeyId.ast)).toEqual(Option.some(["effect-instantly/ApiKeyId"]))
  })
})

describe("Scope", () => {
  it("knows the 178 scopes that Instantly documents", () => {
    expect(ApiKey.KnownScope.literals).toHaveLength(178)
    expect(new Set(ApiKey.KnownScope.literals).size).toBe(178)
    expect(ApiKey.KnownScope.literals).toEqual(openapi.components.schemas.ApiKey.properties.scopes.items.enum)
  })

  it("keeps any other as it came", () => {
    expect(Schema.decodeSync(ApiKey.Scope)("supersearch_enrichments:read")).toBe("supersearch_enrichments:read")
    expect(Schema.is(ApiKey.KnownScope)("supersearch_enrichments:read")).toBe(false)
    expect(Schema.is(ApiKey.Scope)(5)).toBe(false)
  })
})

describe("ApiKey", () => {
  it("has the wire's names on the wire only", () => {
    const key = Schema.decodeUnknownSync(ApiKey.ApiKey)(wire)
    expect(Object.keys(key)).toEqual(["id", "name", "scopes", "key", "organizationId", "createdAt", "updatedAt"])
    expect(key.organizationId).toBe(wire.organization_id)
    expect(DateTime.formatIso(key.createdAt)).toBe(wire.timestamp_created)
    expect(DateTime.formatIso(key.updatedAt)).toBe(wire.timestamp_updated)
    expect(Schema.encodeSync(ApiKey.ApiKey)(key)).toEqual(wire)
  })

  it("is known in a schema by the library's name and its own", () => {
    expect(ApiKey.ApiKey.identifier).toBe("effect-instantly/ApiKey")
  })

  it("ignores fields that it does not know", () => {
    const key = Schema.decodeUnknownSync(ApiKey.ApiKey)({ ...wire, last_used: "today" })
    expect(isSame(key, Schema.decodeUnknownSync(ApiKey.ApiKey)(wire))).toBe(true)
  })

  it("shows its secret nowhere but where it is encoded", () => {
    const key = Schema.decodeUnknownSync(ApiKey.ApiKey)(wire)
    const hidden = inspect(key, { depth: null, showHidden: true, customInspect: false })
    for (const text of [JSON.stringify(key), String(key), inspect(key), hidden]) expect(text).not.toContain(wire.key)
    expect(Redacted.value(key.key)).toBe(wire.key)
    expect(Schema.encodeSync(ApiKey.ApiKey)(key).key).toBe(wire.key)
  })

  it("does not show a secret that is of another type", () => {
    const given = { ...wire, key: ["made-up-canary"] }
    expect(() => Schema.decodeUnknownSync(ApiKey.ApiKey)(given)).toThrow("Expected an API key (the input is not shown)")
    expect(() => Schema.decodeUnknownSync(ApiKey.ApiKey)(given)).not.toThrow("canary")
  })

  it.each([
    ["id", 1, "the id of an API key, a UUID"],
    ["name", 1, "a name"],
    ["scopes", "made-up-canary", "a list of scopes"],
    ["key", "made-up-canary", "a secret"],
    ["organizationId", "made-up-canary", "the id of a workspace"],
    ["createdAt", "made-up-canary", "a time"],
    ["updatedAt", "made-up-canary", "a time"]
  ])("says what a part should be that is made of something else, and does not show it: %s", (part, given, expected) => {
    const key = Schema.decodeUnknownSync(ApiKey.ApiKey)(wire)
    const make = () => Reflect.construct(ApiKey.ApiKey, [{ ...key, [part]: given }])
    expect(make).toThrow(`["${part}"]\n   └─ Expected ${expected} (the input is not shown)`)
    expect(make).not.toThrow("canary")
  })

  it("says that it is an API key which was expected, of all that is none", () => {
    const message = "Expected an API key (the input is not shown)"
    expect(() => Schema.decodeUnknownSync(ApiKey.ApiKey)("made-up")).toThrow(message)
    expect(() => Schema.encodeUnknownSync(ApiKey.ApiKey)("made-up")).toThrow(message)
    expect(() => Schema.validateSync(ApiKey.ApiKey)("made-up")).toThrow(message)
    expect(() => Schema.decodeUnknownSync(ApiKey.ApiKey.fields.key)(1)).toThrow(
      "Expected a secret (the input is not shown)"
    )
  })

  it("decodes what it encodes to itself", () => {
    FastCheck.assert(
      FastCheck.property(Arbitrary.make(ApiKey.ApiKey), (key) => {
        const again = ParseResult.decodeSync(ApiKey.ApiKey)(ParseResult.encodeSync(ApiKey.ApiKey)(key))
        expect(isSame(again, key)).toBe(true)
      })
    )
  })

  it("keeps a scope of the future through decoding and encoding", () => {
    const key = Schema.decodeUnknownSync(ApiKey.ApiKey)(wire)
    expect(Schema.encodeSync(ApiKey.ApiKey)(key).scopes).toEqual(wire.scopes)
  })
})
