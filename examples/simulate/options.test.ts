import { describe, expect, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { load } from "./candidates.js"
import { help, read } from "./options.js"

describe("the options", () => {
  it.effect("are those of Instantly's limits where none is given", () =>
    Effect.gen(function* () {
      expect(yield* read([])).toEqual({
        help: false,
        path: Option.none(),
        picture: "simulation.svg",
        workspace: {
          requests: 10_000,
          inFlight: 25,
          perSecond: 100,
          perMinute: 6000,
          latency: 5,
          jitter: 50,
          others: 0,
          seed: 1
        }
      })
    })
  )

  it.effect("are read wherever they stand, and a module with them", () =>
    Effect.gen(function* () {
      const args = ["--others=0.5", "mine.ts", "--in-flight", "7", "--picture", "mine.svg", "--help"]
      const { help, path, picture, workspace } = yield* read(args)
      expect({ help, path, picture }).toEqual({ help: true, path: Option.some("mine.ts"), picture: "mine.svg" })
      expect(workspace).toMatchObject({ others: 0.5, inFlight: 7, perSecond: 100 })
    })
  )

  it.effect.each([
    [["--lively"], "Unknown option '--lively'."],
    [["--seed"], "Option '--seed <value>' argument missing."],
    [["--help=yes"], "Option '--help' does not take an argument."],
    [["--per-second", "0"], "--per-second must be a whole number from 1 to 1000000, not 0."],
    [["--requests", "2.5"], "--requests must be a whole number from 1 to 1000000, not 2.5."],
    [["--in-flight", "1e9"], "--in-flight must be a whole number from 1 to 1000000, not 1e9."],
    [["--latency", "fast"], "--latency must be a number from 0 to 1000000, not fast."],
    [["--jitter="], "--jitter must be a number from 0 to 1000000, not ."],
    [["--others=-1"], "--others must be a number from 0 to 1000000, not -1."],
    [["one.ts", "two.ts"], "Only one module can be given."]
  ] as const)("%j are refused with a sentence", ([args, says]) =>
    Effect.gen(function* () {
      const { message } = yield* Effect.flip(read(args))
      expect(message).toBe(`${says} --help shows the options.`)
    })
  )

  it("have a help with examples, which fits 80 columns", () => {
    expect(help).toContain("--per-minute N   How many it admits in any minute. Default: 6000\n")
    expect(help).toContain("npm run simulate -- --others 40\n")
    expect(help.split("\n").filter((line) => line.length > 80)).toEqual([])
  })
})

describe("a module", () => {
  const path = (file: string) => new URL(file, import.meta.url).pathname

  it.effect("gives each policy that it exports, and nothing else", () =>
    Effect.gen(function* () {
      const names = (yield* load(path("../policies/half.ts"))).map(({ name }) => name)
      expect(names).toEqual(["half"])
    })
  )

  it.effect("without any is refused", () =>
    Effect.gen(function* () {
      const { message } = yield* Effect.flip(load(path("server.ts")))
      expect(message).toMatch(
        /server\.ts exports no policy\. A policy is a Schedule, or \{ policy, rest, maxPause \}\.$/
      )
    })
  )

  it.effect("that is not there is refused", () =>
    Effect.gen(function* () {
      const { message } = yield* Effect.flip(load(path("nowhere.ts")))
      expect(message).toMatch(/nowhere\.ts could not be loaded\. \w*Error: [^\n]+$/)
    })
  )
})
