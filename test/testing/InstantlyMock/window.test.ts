import { describe, expect, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { make, worst } from "../../../src/testing/InstantlyMock/window.js"

/** How long each of these requests would have to wait, where it is admitted if that is nothing. */
const waits = (kind: "sliding" | "fixed", times: ReadonlyArray<number>, limits = [{ limit: 2, window: 1000 }]) => {
  const counter = make(limits, kind)
  return times.map((at) => {
    const wait = counter.wait(at)
    if (wait === 0) counter.admit(at)
    return wait
  })
}

describe("a limit", () => {
  it("that slides admits so many within any window, and tells how long until the next", () => {
    expect(waits("sliding", [0, 400, 500, 999, 1000, 1001, 1400])).toEqual([0, 0, 500, 1, 0, 399, 0])
  })

  it("that is fixed admits so many from one round time to the next", () => {
    expect(waits("fixed", [300, 900, 950, 999, 1000, 1001, 1400, 2000])).toEqual([0, 0, 50, 1, 0, 0, 600, 0])
  })

  it("counts what it is told to admit, even without being asked first", () => {
    const counter = make([{ limit: 1, window: 1000 }], "fixed")
    counter.admit(100)
    counter.admit(1200)
    expect(counter.wait(1300)).toBe(700)
  })

  it("of several, the longest to wait for counts; of none, nothing does", () => {
    const both = [
      { limit: 1, window: 100 },
      { limit: 2, window: 1000 }
    ]
    for (const kind of ["sliding", "fixed"] as const) {
      expect(waits(kind, [0, 50, 100, 150, 200], both)).toEqual([0, 50, 0, 850, 800])
      expect(waits(kind, [0, 0, 0], [])).toEqual([0, 0, 0])
    }
  })

  it("that slides is never exceeded, whatever arrives when", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(FastCheck.nat(5000)),
        FastCheck.integer({ min: 1, max: 5 }),
        (given, limit) => {
          const times = [...given].sort((a, b) => a - b)
          const waited = waits("sliding", times, [{ limit, window: 1000 }])
          expect(
            worst(
              times.filter((_, index) => waited[index] === 0),
              1000
            )
          ).toBeLessThanOrEqual(limit)
        }
      )
    )
  })
})

describe("the worst window", () => {
  it("is empty where there is nothing", () => {
    expect(worst([], 1000)).toBe(0)
  })

  it("holds the most that any window holds, in whatever order they are given", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(FastCheck.nat(3000)),
        FastCheck.integer({ min: 1, max: 1000 }),
        (times, length) => {
          const inWindowFrom = (start: number) => times.filter((time) => time >= start && time < start + length).length
          expect(worst(times, length)).toBe(Math.max(0, ...times.map(inWindowFrom)))
        }
      )
    )
  })
})
