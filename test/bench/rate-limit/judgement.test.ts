/** That what the bench computes is right: what the server says of arrivals, what it draws, and what a verdict is. */
import { describe, expect, it } from "@effect/vitest"
import { Either } from "effect"
import { PCGRandom } from "effect/Utils"
import * as Judge from "./judge.js"
import { latencies } from "./latency.js"
import * as Sharing from "./shared/verdict.js"
import { instantly, judge, type Measured, percentile, requirements, throughput } from "./verdict.js"

/** What the server says of so many requests at each of these times. */
const judged = (arrivals: ReadonlyArray<readonly [at: number, count: number]>) => {
  const server = Judge.make()
  for (const [at, count] of arrivals) for (let request = 0; request < count; request++) server.admits(at)
  return server.judgement()
}

describe("the server", () => {
  it("refuses what is above the limit in any second", () => {
    expect(judged([[0, 130]])).toEqual({ sliding: 30, fixed: 30, rejected: 30, worstSecond: 130, arriving: 0 })
  })

  it("counts a second to its end, and not beyond", () => {
    expect(
      judged([
        [0, 100],
        [999, 1],
        [1000, 100]
      ])
    ).toMatchObject({ sliding: 1, worstSecond: 101 })
  })

  it("finds the fixed windows that refuse most, wherever they begin", () => {
    // a window from 500 on holds all of them, one from 0 on half
    expect(
      judged([
        [900, 80],
        [1100, 80]
      ])
    ).toMatchObject({ fixed: 60, sliding: 60 })
    // no fixed window holds more than 100 of them, though a second that slides does
    expect(
      judged([
        [50, 60],
        [1049, 60]
      ])
    ).toEqual({ sliding: 20, fixed: 0, rejected: 20, worstSecond: 120, arriving: 0.999 })
  })

  it("counts no request that a kind of window refused against the next, in that kind", () => {
    expect(
      judged([
        [0, 150],
        [1000, 100]
      ])
    ).toMatchObject({ sliding: 50, fixed: 50 })
  })
})

describe("the latencies", () => {
  it.each(latencies.map((latency) => [latency.name, latency] as const))(
    "%s: are the same for the same seed",
    (_, { draw }) => {
      const draws = () => {
        const random = new PCGRandom(7)
        return Array.from({ length: 5 }, () => draw(random))
      }
      expect(draws()).toEqual(draws())
    }
  )

  it("vary by as much as is said", () => {
    const random = new PCGRandom(7)
    const [, fifty, , longTail] = latencies.map(({ draw }) => Array.from({ length: 20_000 }, () => draw(random)))
    expect(Math.min(...(fifty ?? []))).toBeGreaterThanOrEqual(5)
    expect(Math.min(...(fifty ?? []))).toBeLessThan(5.1)
    expect(Math.max(...(fifty ?? []))).toBeLessThan(55)
    expect(Math.max(...(fifty ?? []))).toBeGreaterThan(54.9)
    expect(percentile(longTail ?? [], 0.5)).toBeCloseTo(25, -1)
    expect(percentile(longTail ?? [], 0.99) / 1000).toBeCloseTo(0.33, 1)
  })
})

describe("a verdict", () => {
  const good: Measured = {
    requests: 3000,
    seconds: 33,
    arriving: 32,
    late: 1,
    sliding: 0,
    fixed: 0,
    rejected: 0,
    worstSecond: 98
  }
  const [requirement] = requirements
  const verdict = (...some: ReadonlyArray<Measured | undefined>) =>
    requirement &&
    judge(
      requirement,
      some.map((each) => ({
        contender: instantly,
        latency: "50 ms",
        measured: Either.fromNullable(each, () => "died")
      }))
    )

  it.each([
    ["holds", [good, good]],
    ["falls short", [good, { ...good, rejected: 1 }]],
    ["falls short", [{ ...good, late: 80, rejected: 1 }]],
    ["falls short", [{ ...good, arriving: 34 }]],
    ["the machine is too busy", [good, { ...good, arriving: 34, late: 80 }]],
    ["falls short", [{ ...good, arriving: 34, late: 80 }, undefined]],
    ["not measured", []]
  ] as const)("%s", (expected, measured) => {
    expect(verdict(...measured)).toBe(expected)
  })

  it("counts nothing that was rejected as deleted", () => {
    expect(throughput({ ...good, rejected: 600, arriving: 24 })).toBe(100)
  })
})

describe("a verdict on what is shared", () => {
  const good: Sharing.Shared = { ours: 2000, oursRejected: 20, others: 1600, othersRejected: 40, seconds: 36, late: 1 }
  const closed: Sharing.Shared = { ...good, othersRejected: 100 }
  const [pace, , , ourRejections, others] = Sharing.requirements
  const verdict = (requirement: Sharing.Requirement | undefined, measured: Sharing.Shared) =>
    requirement &&
    Sharing.judge(
      requirement,
      [
        { contender: "ours", load: 40, measured },
        { contender: "closing", load: 40, measured: closed }
      ],
      "ours",
      "closing"
    )

  it("is about our share of what is free, our rejections and the others'", () => {
    expect(Sharing.ofFree(good)).toBe(99)
    expect(Sharing.rejected(good)).toBe(1)
    expect(Sharing.othersRejected(good)).toBe(2.5)
    expect([pace, ourRejections, others].map((requirement) => verdict(requirement, good))).toEqual([
      "holds",
      "holds",
      "holds"
    ])
  })

  it("falls short where it is less", () => {
    expect(verdict(pace, { ...good, ours: 1600 })).toBe("falls short")
    expect(verdict(pace, { ...good, ours: 1600, late: 80 })).toBe("the machine is too busy")
    expect(verdict(ourRejections, { ...good, oursRejected: 61, late: 80 })).toBe("falls short")
    expect(verdict(others, { ...good, othersRejected: 100 })).toBe("falls short")
  })
})
