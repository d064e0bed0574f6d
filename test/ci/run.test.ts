/** `.ci/run` itself, where `npm` only says that it was called. */
import { spawnSync } from "node:child_process"
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))
const bin = mkdtempSync(join(tmpdir(), "effect-instantly-run-"))
afterAll(() => rmSync(bin, { recursive: true, force: true }))

const program = (name: string, script: string) => {
  writeFileSync(join(bin, name), `#!/usr/bin/env bash\n${script}\n`)
  chmodSync(join(bin, name), 0o755)
}
for (const name of ["curl", "zsh", "script", "tmux", "redis-server", "apt-get", "sudo"]) program(name, "exit 0")

/** Runs it with this `npm`, and gives how it ended, what it called `npm` with, and its last line. */
const runWith = (npm: string) => {
  const calls = join(bin, "calls")
  rmSync(calls, { force: true })
  program("npm", `echo "$*" >> "${calls}"\n${npm}`)
  const { status, stdout } = spawnSync("bash", [".ci/run"], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, IS_BUILT: "", PATH: [bin, process.env["PATH"]].join(delimiter) }
  })
  return { status, calls: readFileSync(calls, "utf8").trim().split("\n"), last: stdout.trimEnd().split("\n").at(-1) }
}

const counted = (line: string) => `case "$*" in *test*) echo "${line}" >> "$COUNTS";; esac`
const steps = ["ci", "run check", "run docs", "run demo", "run test"]
const suites = ["run test:package", "run test:runtimes", "run test:engines"]

describe(".ci/run", () => {
  it("checks first, then tests, kills workers last, and adds up what all suites counted", () => {
    expect(runWith(counted("100 0 1"))).toEqual({
      status: 0,
      calls: [...steps, ...suites],
      last: "400 passed, 0 failed, 4 skipped"
    })
  })

  it("runs the other suites after one that failed, and ends with 1", () => {
    const failing = `${counted("100 1 0")}\n[ "$*" != "run test" ]`
    expect(runWith(failing)).toEqual({
      status: 1,
      calls: [...steps, ...suites],
      last: "400 passed, 4 failed, 0 skipped"
    })
  })

  it("ends at a check that fails, and still says what was counted", () => {
    expect(runWith(`[ "$*" != "run check" ]`)).toEqual({
      status: 1,
      calls: steps.slice(0, 2),
      last: "0 passed, 0 failed, 0 skipped"
    })
  })
})
