import { describe, expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { ApiKey } from "effect-instantly"
import { reasonOf } from "../../src/InstantlyClient/unreadable.js"

const wire = {
  id: "019e18e2-78d4-7322-941a-7384d8969c61",
  name: "made-up",
  scopes: ["all:all"],
  key: "made-up-secret",
  organization_id: "019e18e2-78e4-716b-94f2-d262235af217",
  timestamp_created: "2026-05-11T21:12:35.812Z",
  timestamp_updated: "2026-05-11T21:12:35.812Z"
}

const reason = <A, I>(schema: Schema.Schema<A, I>, value: unknown) =>
  Effect.map(Effect.flip(Schema.decodeUnknown(schema, { errors: "all" })(value)), reasonOf)

describe("what cannot be read", () => {
  it.effect.each([
    ["nothing", null, "it is empty"],
    ["a list", [], "it is not"],
    ["missing fields", {}, "id is missing, name is missing, scopes is missing, and 4 more"],
    ["a missing field", { ...wire, name: undefined }, "name is not string"],
    ["another type", { ...wire, key: 5 }, "key is not string"],
    ["an id that is none", { ...wire, id: "made-up-secret" }, "id is not ApiKeyId"],
    [
      "a workspace that is none",
      { ...wire, organization_id: "made-up-secret" },
      "organization_id is not a Universally Unique Identifier"
    ],
    ["a scope that is none", { ...wire, scopes: ["all:all", 7] }, "scopes.1 is not string"],
    ["a date that is none", { ...wire, timestamp_created: "made-up-secret" }, "timestamp_created is not DateTime"],
    ["two problems", { ...wire, name: 1, key: 2 }, "name is not string, key is not string"]
  ])("is told by path and expected type, not by value: %s", ([, value, expected]) =>
    Effect.gen(function* () {
      const told = yield* reason(ApiKey.ApiKey, value)
      expect(told).toContain(expected)
      expect(told).not.toContain("made-up-secret")
    })
  )

  it.effect("of an app's own schema is told the same way", () =>
    Effect.gen(function* () {
      const Own = Schema.Struct({
        count: Schema.Int.pipe(Schema.between(1, 9)),
        kind: Schema.Union(Schema.Literal("a"), Schema.Struct({ b: Schema.Number }))
      })
      expect(yield* reason(Own, { count: 1.5, kind: "made-up-secret" })).toBe(
        'count is not Int, kind is not "a" | { readonly b: number }'
      )
      const strict = Schema.decodeUnknown(Own, { onExcessProperty: "error" })({ count: 1, kind: "a", secret: 1 })
      const byName = Schema.Record({ key: Schema.String, value: Schema.Number })
      expect(yield* reason(byName, { "made-up-secret": "x" })).toBe("* is not number")
      expect(reasonOf(yield* Effect.flip(strict))).toBe("* is not expected")
    })
  )
})
