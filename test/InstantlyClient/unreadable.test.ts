import { describe, expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { ApiKey } from "effect-instantly"
import { callOver, responding } from "../support/bodies.js"
import { key } from "../support/key.js"
import { leaksIn } from "../support/leaks.js"

/** What a call says of a 200 with this JSON, with all that is wrong with it. */
const reason = <A, I>(schema: Schema.Schema<A, I>, json: unknown) =>
  Effect.gen(function* () {
    const all = schema.annotations({ parseOptions: { errors: "all", onExcessProperty: "error" } })
    const error = yield* Effect.flip(callOver(responding(200, JSON.stringify(json)), all))
    expect(leaksIn(error, ["made-up-secret"])).toEqual([])
    return "detail" in error ? error.detail : error._tag
  })

describe("the body of a 2xx that cannot be read", () => {
  it.effect.each([
    ["nothing", undefined, "it is empty"],
    ["null", null, /^it is not /],
    ["a list", [], /^it is not /],
    ["a secret", "made-up-secret", /^it is not /],
    ["missing fields", {}, "id is missing, name is missing, scopes is missing, and 4 more"],
    ["a missing field", { ...key(), name: undefined }, "name is missing"],
    ["another type", { ...key(), key: 5 }, "key is not string"],
    ["an id that is none", { ...key(), id: "made-up-secret" }, "id is not ApiKeyId"],
    [
      "a workspace that is none",
      { ...key(), organization_id: "made-up-secret" },
      "organization_id is not a Universally Unique Identifier"
    ],
    ["a scope that is none", { ...key(), scopes: ["all:all", 7] }, "scopes.1 is not string"],
    ["a date that is none", { ...key(), timestamp_created: "made-up-secret" }, /^timestamp_created is not DateTime/],
    ["two problems", { ...key(), name: 1, key: 2 }, "name is not string, key is not string"]
  ] as const)("is reported by path and expected type, not by value: %s", ([, json, expected]) =>
    Effect.gen(function* () {
      const said = yield* reason(ApiKey.ApiKey, json)
      if (typeof expected === "string") expect(said).toBe(expected)
      else expect(said).toMatch(expected)
    })
  )

  it.effect("is reported the same way for an app's own Schema", () =>
    Effect.gen(function* () {
      const Own = Schema.Struct({
        count: Schema.Int.pipe(Schema.between(1, 9)),
        kind: Schema.Union(Schema.Literal("a"), Schema.Struct({ b: Schema.Number }))
      })
      expect(yield* reason(Own, { count: 1.5, kind: "made-up-secret" })).toBe(
        'count is not Int, kind is not "a" | { readonly b: number }'
      )
      expect(yield* reason(Own, { count: 1, kind: "a", "made-up-secret": 1 })).toBe("* is not expected")
      const byName = Schema.Record({ key: Schema.String, value: Schema.Number })
      expect(yield* reason(byName, { "made-up-secret": "x" })).toBe("* is not number")
    })
  )
})
