import { describe, expect, it } from "@effect/vitest"
import { Duration } from "effect"
import { duration, finiteMillis } from "../../src/internal/parameters.js"

describe("a parameter that is a duration", () => {
  it.each([
    ["nothing", 0, 0],
    ["a number", 5, 5],
    ["a bigint of nanoseconds", 5_000_000n, 5],
    ["no nanoseconds", 0n, 0],
    ["words", "5 seconds", 5000],
    ["seconds and nanoseconds", [1, 500_000_000], 1500],
    ["a Duration", Duration.minutes(1), 60_000]
  ] as const)("can be %s", (_, input, millis) => {
    expect(Duration.toMillis(duration("made-up", input))).toBe(millis)
  })

  it.each([
    ["a negative number", -1, "-1"],
    ["not a number", Number.NaN, "NaN"],
    ["a negative bigint", -1n, "-1"],
    ["negative words", "-5 seconds", '"-5 seconds"']
  ] as const)("is refused where it is %s, by its name", (_, input, shown) => {
    expect(() => duration("made-up", input)).toThrow(
      new RangeError(`made-up must be a duration that is not negative, not ${shown}`)
    )
  })

  it("counts in whole milliseconds, rounded up, and is refused where it has no end", () => {
    expect(finiteMillis("made-up", "1 second")).toBe(1000)
    expect(finiteMillis("made-up", 0.1)).toBe(1)
    expect(() => finiteMillis("made-up", Duration.infinity)).toThrow(
      new RangeError("made-up must be finite, not Duration(Infinity)")
    )
    expect(() => finiteMillis("made-up", -1)).toThrow("must be a duration that is not negative")
  })
})
