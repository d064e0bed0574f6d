import { readFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { run } from "../../test/support/process.js"

/** With `tsx`, because it may load a module that is given by its path. */
const simulate = (...args: ReadonlyArray<string>) =>
  run("examples/simulate/main.ts", args, { NODE_OPTIONS: "--import tsx" })

describe("npm run simulate", () => {
  it.live("prints the table of its README, on 80 columns", () =>
    Effect.gen(function* () {
      const { code, output } = yield* simulate("--requests", "1000", "--others", "40")
      expect(code).toBe(0)
      expect(output.split("\n").filter((line) => line.length > 80)).toEqual([])
      expect(readFileSync(new URL("README.md", import.meta.url), "utf8")).toContain(output.trim())
    })
  )

  it.live("takes the policies that a module exports, by its path", () =>
    Effect.gen(function* () {
      const { code, output } = yield* simulate("examples/policies/slow-start.ts", "--requests", "50")
      expect(code).toBe(0)
      expect(output).toMatch(/^ramp +50 +0 /m)
      expect(output).toMatch(/^slowStart +50 +0 /m)
    })
  )
})
