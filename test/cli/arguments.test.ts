import { describe, expect, it } from "@effect/vitest"
import { Either, Option } from "effect"
import { read } from "../../src/cli/arguments.js"
import * as Help from "../../src/cli/help.js"
import { commands, optionsOf } from "../../src/cli/options.js"

const names = ["revoke", "list", "check"] as const

const problem = (...args: ReadonlyArray<string>) =>
  Either.match(read(args), { onLeft: ({ message }) => message, onRight: () => "none" })

const given = (...args: ReadonlyArray<string>) => {
  const wanted = Either.getOrThrow(read(args))
  if (wanted._tag !== "Run") throw new Error(wanted._tag)
  return wanted.given
}

describe("Arguments.read", () => {
  it("takes options and words in any order, with the value beside an option or after it", () => {
    const { get, has, words } = given("revoke", "a", "--name=-x", "--yes", "b", "--file", "ids.txt", "--", "--c")
    expect(words).toEqual(["a", "b", "--c"])
    expect([has("yes"), has("leaked"), get("name"), get("file"), get("journal")]).toEqual([
      true,
      false,
      Option.some("-x"),
      Option.some("ids.txt"),
      Option.none()
    ])
  })

  it.each([
    { args: [], words: "Say what to do" },
    { args: ["revok"], words: "revok is not a command. Did you mean revoke?" },
    { args: ["made-up-Secret"], words: "(not shown) is not a command." },
    { args: ["--leaked"], words: "--leaked is not an option here." },
    { args: ["revoke", "--dryrun"], words: "--dryrun is not an option of revoke. Did you mean --dry-run?" },
    { args: ["revoke", "--dry-runs"], words: "Did you mean --dry-run?" },
    { args: ["revoke", "--leak=made-up-secret"], words: "--leak is not an option of revoke. Did you mean --leaked?" },
    { args: ["revoke", "--MadeUpSecret"], words: "(not shown) is not an option of revoke." },
    { args: ["revoke", "-y"], words: "-y is not an option of revoke.\n" },
    { args: ["list", "--leaked"], words: "--leaked is not an option of list." },
    { args: ["check", "--yes"], words: "--yes is not an option of check." },
    { args: ["revoke", "--yes=made-up-secret"], words: "--yes takes no value." },
    { args: ["revoke", "--file"], words: "--file needs a value: --file=FILE" },
    { args: ["revoke", "--file", "--yes"], words: "--file needs a value: --file=FILE" },
    { args: ["revoke", "--name", "a", "--name", "b"], words: "--name is given twice." }
  ])("says what is wrong with $args, without a value", ({ args, words }) => {
    const said = problem(...args)
    expect(said).toContain(words)
    expect(said).not.toMatch(/made-up-secret/i)
  })

  it.each(names)("shows the help of %s wherever --help stands, but after --", (command) => {
    const help = Either.right({ _tag: "Help", command: Option.some(command) })
    expect(read([command, "--help"])).toEqual(help)
    expect(read([command, "--none", "-h"])).toEqual(help)
    expect(read(["help", command])).toEqual(help)
    expect(given(command, "--", "--help").words).toEqual(["--help"])
  })
})

describe("the help", () => {
  const texts = names.map((name) => [name, Help.ofCommand(name)] as const)

  it.each(texts)("of %s has every option, examples and exit codes, and no line beyond 80 columns", (name, text) => {
    for (const option of optionsOf(name).keys()) expect(text).toContain(`\n  --${option}`)
    expect(text).toContain(`\nExamples:\n`)
    expect(text).toContain(`  effect-instantly ${name}`)
    expect(text).toMatch(/\nExit codes .*:\n {2}\d {2}/)
    expect(text).not.toContain("\u001b")
    expect(text).not.toContain("A user-defined piece of text")
    const long = text.split("\n").filter((line) => line.length > 80 && !line.startsWith("  effect-instantly"))
    expect(long).toEqual([])
  })

  it("of all names each command", () => {
    for (const name of names) expect(Help.ofAll).toContain(`\n  ${name} `)
  })

  it("has examples that the parser takes", () => {
    for (const name of names) {
      for (const [line] of commands[name].examples) {
        const [, rest = ""] = /effect-instantly ([^|]*)/.exec(line) ?? []
        const args = [...rest.trim().matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "")
        expect(problem(...args)).toBe("none")
      }
    }
  })
})
