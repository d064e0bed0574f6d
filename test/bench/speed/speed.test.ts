import { describe, expect, it } from "@effect/vitest"
import { usedExports } from "./bundle.js"
import { contenders } from "./contenders.js"
import { startServer } from "./processes.js"
import { median, quantile, ratios, verdict } from "./statistics.js"

describe("the statistics of the benchmark", () => {
  it.each([
    [[5], 0.99, 5],
    [[3, 1, 2], 0.5, 2],
    [[4, 1, 3, 2], 0.5, 2.5],
    [[1, 2, 3, 4, 5], 0.25, 2],
    [[1, 2], 1, 2]
  ])("of %j the quantile %d is %d", (sample, share, value) => {
    expect(quantile(sample, share)).toBe(value)
  })

  it("compares within a round, so that a slow round counts no more than another", () => {
    expect(median(ratios([20, 200, 22], [10, 100, 11]))).toBe(2)
  })

  it("holds up to the limit, and falls short beyond it and where there is nothing", () => {
    expect([verdict([1, 2, 3], 2), verdict([1, 2.1, 3], 2), verdict([], 2)]).toEqual([
      "holds",
      "falls short",
      "falls short"
    ])
  })
})

describe("what a program uses", () => {
  it("is told by module, for namespaces and for names", () => {
    const used = usedExports(
      `import * as Effect2 from "effect/Effect"; import { pipe as p } from "effect/Function"; p(Effect2.map, Other.flatMap)`
    )
    expect(used).toEqual(
      new Map([
        ["effect/Function", new Set(["pipe"])],
        ["effect/Effect", new Set(["map"])]
      ])
    )
  })
})

describe("the contenders", () => {
  it("all make their calls, and time each", async () => {
    const server = await startServer()
    try {
      for (const [name, contender] of Object.entries(contenders)) {
        expect(await contender(server.origin)(4, 2), name).toHaveLength(4)
      }
    } finally {
      server.stop()
    }
  })
})
