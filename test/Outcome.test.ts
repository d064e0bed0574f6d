import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { Outcome } from "effect-instantly"

describe("Outcome", () => {
  it.each([
    [100, "Unknown"],
    [200, "Applied"],
    [204, "Applied"],
    [299, "Applied"],
    [300, "NotApplied"],
    [308, "NotApplied"],
    [400, "NotApplied"],
    [404, "NotApplied"],
    [407, "NotApplied"],
    [408, "Unknown"],
    [409, "NotApplied"],
    [429, "NotApplied"],
    [499, "NotApplied"],
    [500, "Unknown"],
    [503, "Unknown"],
    [599, "Unknown"],
    [0, "Unknown"],
    [600, "Unknown"]
  ] as const)("a status %i means %s", (status, outcome) => {
    expect(Outcome.fromStatus(status)).toBe(outcome)
  })

  const outcomes = Outcome.Outcome.literals

  it("of two attempts the one that may have done more counts", () => {
    expect(outcomes.map((self) => outcomes.map((that) => Outcome.combine(self, that)))).toEqual([
      ["NotApplied", "Unknown", "Applied"],
      ["Unknown", "Unknown", "Applied"],
      ["Applied", "Applied", "Applied"]
    ])
  })

  it.prop(
    "neither order nor grouping of attempts matters, and NotApplied adds nothing",
    [Outcome.Outcome, Outcome.Outcome, Outcome.Outcome],
    ([a, b, c]) => {
      expect(Outcome.combine(a, b)).toBe(Outcome.combine(b, a))
      expect(Outcome.combine(Outcome.combine(a, b), c)).toBe(Outcome.combine(a, Outcome.combine(b, c)))
      expect(Outcome.combine(a, "NotApplied")).toBe(a)
    }
  )

  it("is a schema", () => {
    expect(Schema.is(Outcome.Outcome)("Applied")).toBe(true)
    expect(Schema.is(Outcome.Outcome)("applied")).toBe(false)
  })
})
