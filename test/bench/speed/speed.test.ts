import { describe, expect, it } from "@effect/vitest"
import { usedExports } from "./bundle.js"
import { contenders } from "./contenders.js"
import { over } from "./onTransports.js"
import { startServer } from "./processes.js"
import { median, quantile, ratios, verdict } from "./statistics.js"
import { verdicts } from "./table.js"

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

describe("a ratio of two contenders", () => {
  it("leaves out a round in which either could not be measured", () => {
    const bytes = { fetch: [10, undefined, 10], undici: [20, 20, 30] }
    const costs = (name: string) =>
      (name === "undici.request" ? bytes.undici : bytes.fetch).map((bytes) => ({ cpu: 0, p50: 0, p99: 0, bytes }))
    expect(over(costs, "undici.request", "fetch", ({ bytes = Number.NaN }) => bytes)).toEqual([2, 3])
  })
})

describe("a rule", () => {
  it.each([
    [{ atMost: 1 }, "holds"],
    [{ atMost: 1, isTooBusy: true }, "holds"],
    [{ atMost: 0.5 }, "falls short"],
    [{ atMost: 0.5, isTooBusy: true }, "the machine is too busy"]
  ])("%j is shown with the verdict %s", (rule, verdict) => {
    expect(verdicts([{ measure: "made-up", sample: [1], ...rule }])).toContain(`| ${verdict} |`)
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
