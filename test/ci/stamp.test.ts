/** `npm version`, in a copy of what it changes. */
import { execFileSync } from "node:child_process"
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))

let copy: string
const run = (command: string, ...args: ReadonlyArray<string>) =>
  execFileSync(command, args, { cwd: copy, encoding: "utf8", stdio: "pipe" })
const read = (file: string) => readFileSync(join(copy, file), "utf8")
const headings = () => read("CHANGELOG.md").match(/^## .*$/gm)

beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), "effect-instantly-version-"))
  for (const file of ["package.json", "CHANGELOG.md", ".ci/stamp.mjs", "src/InstantlyClient/settings.ts"]) {
    cpSync(join(root, file), join(copy, file))
  }
  writeFileSync(join(copy, "CHANGELOG.md"), "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- `made-up`\n")
  run("git", "init", "--quiet")
  run("git", "config", "user.name", "made-up")
  run("git", "config", "user.email", "made-up@example.com")
  run("git", "add", ".")
  run("git", "commit", "--quiet", "--message", "before")
})
afterEach(() => rmSync(copy, { recursive: true, force: true }))

const version = (...args: ReadonlyArray<string>) => run("npm", "version", ...args)

describe("npm version", () => {
  it("gives what was unreleased one heading, with the version and the day, and commits and tags it", () => {
    version("0.1.0", "--allow-same-version")
    expect(headings()).toEqual([expect.stringMatching(/^## \[0\.1\.0\] - \d{4}-\d\d-\d\d$/)])
    expect(run("git", "status", "--porcelain")).toBe("")
    expect(run("git", "tag").trim()).toBe("v0.1.0")
  })

  it("writes the version of the next release into the library", () => {
    version("minor")
    expect(read("src/InstantlyClient/settings.ts")).toContain('const version = "0.2.0"')
    expect(JSON.parse(read("package.json"))).toMatchObject({ version: "0.2.0" })
    expect(headings()).toEqual([expect.stringContaining("## [0.2.0] - ")])
  })

  it.each([
    ["nothing is unreleased", "# Changelog\n\n## [0.0.9] - 2026-01-01\n", "CHANGELOG.md has no"],
    ["the version has a section", "## [Unreleased]\n\n## [0.1.0] - 2026-01-01\n", "has a section of 0.1.0 already"]
  ])("fails, and changes neither file, where %s", (_, changelog, problem) => {
    writeFileSync(join(copy, "CHANGELOG.md"), changelog)
    run("git", "commit", "--quiet", "--all", "--message", "another changelog")
    expect(() => version("0.1.0", "--allow-same-version")).toThrow(problem)
    expect(run("git", "status", "--porcelain")).toBe("")
    expect(run("git", "tag")).toBe("")
  })
})
