import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { run } from "../../test/support/process.js"

const directory = mkdtempSync(join(tmpdir(), "simulate-"))
afterAll(() => rmSync(directory, { recursive: true }))

const simulate = (...args: ReadonlyArray<string>) => run("examples/simulate/main.ts", args)

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
