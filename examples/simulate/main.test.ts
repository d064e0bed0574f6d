import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { run } from "../../test/support/process.js"

const directory = mkdtempSync(join(tmpdir(), "simulate-"))
afterAll(() => rmSync(directory, { recursive: true }))

/** With `tsx`, because it may load a module that is given by its path. */
const simulate = (...args: ReadonlyArray<string>) =>
  run("examples/simulate/main.ts", args, { NODE_OPTIONS: "--import tsx" })

const beside = (file: string) => readFileSync(new URL(file, import.meta.url), "utf8")

/** A module with this text. */
const moduleOf = (file: string, text: string) => {
  const path = join(directory, file)
  writeFileSync(path, text)
  return path
}

describe("npm run simulate", () => {
  it.live("gives the table and the picture of its README, on 80 columns", () =>
    Effect.gen(function* () {
      const picture = join(directory, "others.svg")
      const { code, output } = yield* simulate("--requests", "1000", "--others", "40", "--picture", picture)
      expect(code).toBe(0)
      expect(
        output
          .split("\n")
          .slice(0, -2)
          .filter((line) => line.length > 80)
      ).toEqual([])
      expect(output).toContain(`The picture is in ${picture}`)
      expect(beside("README.md")).toContain(output.slice(0, output.indexOf("\n\nThe picture")))
      expect(readFileSync(picture, "utf8")).toBe(beside("others.svg"))
    })
  )

  // `run` would give the program a copy of the library that is not the module's.
  it("knows `RateLimit.instantly` in a module that is given by its path", () => {
    const args = ["examples/simulate/policies.ts", "--requests", "1000", "--others", "40"]
    const { stderr, stdout } = spawnSync(
      process.execPath,
      ["--import", "tsx", "examples/simulate/main.ts", ...args, "--picture", join(directory, "by-path.svg")],
      { cwd: fileURLToPath(new URL("../..", import.meta.url)), encoding: "utf8" }
    )
    expect(stderr).toBe("")
    const row = stdout.split("\n").find((line) => line.startsWith("instantly "))
    expect(beside("README.md").split("\n")).toContain(row)
  })

  it.live("takes the policies that a module exports, by its path", () =>
    Effect.gen(function* () {
      const picture = join(directory, "ramp.svg")
      const args = ["examples/policies/slow-start.ts", "--requests", "50", "--picture", picture]
      const { code, output } = yield* simulate(...args)
      expect(code).toBe(0)
      expect(output).toMatch(/^ramp +50 +0 /m)
      expect(output).toMatch(/^slowStart +50 +0 /m)
      expect(readFileSync(picture, "utf8")).toContain(">slowStart</text>")
    })
  )

  it.live.each([
    [
      "wrong options",
      ["--requests", "0"],
      "--requests must be a whole number from 1 to 1000000, not 0. --help shows the options.\n"
    ],
    [
      "a module that throws",
      [moduleOf("throws.mjs", "throw new RangeError('quota: limit')")],
      "throws.mjs could not be loaded. RangeError: quota: limit\n"
    ],
    [
      "a picture that cannot be written",
      ["examples/policies/half.ts", "--requests", "1", "--picture", join(directory, "nowhere", "picture.svg")],
      "The picture could not be written. Error: ENOENT"
    ]
  ] as const)("says what is wrong with %s, and ends with 2", ([, args, says]) =>
    Effect.gen(function* () {
      const { code, output } = yield* simulate(...args)
      expect(output).toContain(says)
      expect(output).not.toContain("    at ")
      expect(code).toBe(2)
    })
  )
})
