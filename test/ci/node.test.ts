import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "@effect/vitest"
import pkg from "../../package.json" with { type: "json" }

/** What a program prints and ends with, where Node says that it has this version. */
const runAt = (version: string, program: string, ...args: ReadonlyArray<string>) => {
  const pretend = `Object.defineProperty(process, "versions", { value: { node: ${JSON.stringify(version)} } })`
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--import", `data:text/javascript,${encodeURIComponent(pretend)}`, program, ...args],
    { encoding: "utf8" }
  )
  return { status, stderr }
}

const folder = mkdtempSync(join(tmpdir(), "node-"))
afterAll(() => rmSync(folder, { recursive: true }))

const tooOld = (version: string) => ({
  status: 2,
  stderr: `effect-instantly needs Node 20.19 or later, and this is Node ${version}.\n`
})

describe("a Node that is too old", () => {
  it("is told so before the demo begins", () => {
    expect(pkg.engines.node).toBe(">=20.19")
    expect(pkg.scripts.demo).toMatch(/^node \.ci\/node\.mjs && /)
    for (const version of ["18.20.8", "20.18.3"]) expect(runAt(version, ".ci/node.mjs")).toEqual(tooOld(version))
    for (const version of ["20.19.0", "22.0.0"]) {
      expect(runAt(version, ".ci/node.mjs")).toEqual({ status: 0, stderr: "" })
    }
  })

  it("is told so by the tool", () => {
    const tool = join(folder, "tool.mjs")
    execFileSync(process.execPath, [".ci/bundle.mjs", tool])
    expect(readFileSync(tool, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/)
    expect(runAt("18.20.8", tool, "--version")).toEqual(tooOld("18.20.8"))
    expect(runAt("20.19.0", tool, "--version")).toEqual({ status: 0, stderr: "" })
  })
})
