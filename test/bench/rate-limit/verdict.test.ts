import { describe, expect, it } from "@effect/vitest"
import { backAfter, ofFree, othersRejected, oursRejected, percentile, type Report, shortOf } from "./verdict.js"

const report: Report = {
  ours: 110,
  rejected: 11,
  others: 80,
  othersRejected: 8,
  arriving: 2,
  admittedBySecond: [50, 30, 87, 88],
  late: 1
}

describe("the verdict of the bench", () => {
  it("is about the share of what is free, and of what was rejected", () => {
    expect(ofFree(report)).toBe((100 * 99) / 120)
    expect(oursRejected(report)).toBe(10)
    expect(othersRejected(report)).toBe(10)
    expect(othersRejected({ ...report, others: 0, othersRejected: 0 })).toBe(0)
    expect(backAfter(report, 2)).toBe(2)
    expect(percentile([3, 1, 2], 0.5)).toBe(2)
  })

  it("names what falls short, and does not blame a busy machine's pace on the library", () => {
    expect(shortOf(report, { ofFree: 80, rejected: 10, back: 2 }, 2)).toEqual([])
    expect(shortOf(report, { ofFree: 90, rejected: 5, back: 1 }, 2)).toEqual([
      "less than 90 % of what is free",
      "not back at 88 a second within 1 seconds",
      "more than 5 % of ours rejected"
    ])
    expect(shortOf({ ...report, late: 6 }, { ofFree: 90, rejected: 5 }, 2)).toEqual([
      "less than 90 % of what is free, but the machine is too busy",
      "more than 5 % of ours rejected"
    ])
    expect(shortOf({ ...report, admittedBySecond: [50] }, { back: 8 }, 1)).toHaveLength(1)
  })
})
