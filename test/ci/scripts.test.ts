import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import pkg from "../../package.json" with { type: "json" }

const contributing = readFileSync(".github/CONTRIBUTING.md", "utf8")

it("package.json has at most 15 scripts, and CONTRIBUTING has each with the time that it takes, but for npm's own", () => {
  const scripts = Object.keys(pkg.scripts)
  expect(scripts.length).toBeLessThanOrEqual(15)
  const rows = [...contributing.matchAll(/^\| `npm (?:run )?([\w:-]+)[^`]*` \|.*\| \d+ (?:s|min) \|$/gm)].map(
    ([, name]) => name
  )
  expect([...rows, "prepack", "version"].sort()).toEqual([...scripts].sort())
})
