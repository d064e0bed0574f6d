import { readFileSync } from "node:fs"
import { expect, it } from "@effect/vitest"

it("the tool prints names as the examples do, whose tests prove that", () => {
  expect(readFileSync("src/cli/terminal/printable.ts", "utf8")).toBe(readFileSync("examples/printable.ts", "utf8"))
})
