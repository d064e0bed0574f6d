import { describe, expect, it } from "@effect/vitest"
import { Either, Option } from "effect"
import { read } from "../../../src/cli/usage/arguments.js"
import { Exit } from "../../../src/cli/usage/exit.js"
import * as Help from "../../../src/cli/usage/help.js"
import { commands, optionsOf } from "../../../src/cli/usage/options.js"

const names = ["revoke", "list", "check"] as const

const problem = (...args: ReadonlyArray<string>) =>
  Either.match(read(args), { onLeft: ({ message }) => message, onRight: () => "none" })

const given = (...args: ReadonlyArray<string>) => {
  const invocation = Either.getOrThrow(read(args))
  if (invocation._tag !== "Run") throw new Error(invocation._tag)
  return invocation.args
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
    { args: ["reovke"], words: "reovke is not a command. Did you mean revoke?" },
    { args: ["delete"], words: "delete is not a command. Did you mean revoke?" },
    { args: ["ls"], words: "ls is not a command. Did you mean list?" },
    { args: ["help", "lst"], words: "lst is not a command. Did you mean list?" },
    { args: ["-v"], words: "-v is not an option here. Did you mean --version?" },
    { args: ["--rehearse", "list"], words: "comes after its command: npm run tool -- revoke --rehearse" },
    { args: ["revok"], words: "revok is not a command. Did you mean revoke?" },
    { args: ["made-up-Secret"], words: "The first argument (not shown here) is not a command. The commands are" },
    { args: ["--leaked"], words: "--leaked comes after its command: npm run tool -- revoke --leaked" },
    { args: ["--made-up-Secret"], words: "The first argument (not shown here) is not an option here. The" },
    { args: ["revoke", "--dryrun"], words: "--dryrun is not an option of revoke. Did you mean --dry-run?" },
    { args: ["revoke", "--dry-runs"], words: "Did you mean --dry-run?" },
    { args: ["revoke", "--leak=made-up-secret"], words: "--leak is not an option of revoke. Did you mean --leaked?" },
    { args: ["revoke", "--MadeUpSecret"], words: "One of the options (not shown here) is not an option of revoke.\n" },
    { args: ["revoke", "-y"], words: "-y is not an option of revoke. Did you mean --yes?" },
    { args: ["revoke", "--jounral", "x"], words: "Did you mean --journal?" },
    { args: ["revoke", "--leeked"], words: "Did you mean --leaked?" },
    { args: ["revoke", "--all"], words: "--all is not an option of revoke.\n" },
    { args: ["list", "--leaked"], words: "--leaked is not an option of list." },
    { args: ["check", "--yes"], words: "--yes is not an option of check." },
    { args: ["revoke", "--yes=made-up-secret"], words: "--yes takes no value." },
    { args: ["revoke", "--file"], words: "--file needs a value: --file=FILE" },
    { args: ["revoke", "--file", "--yes"], words: "--file needs a value: --file=FILE" },
    { args: ["list", "--key-command", ""], words: "--key-command needs a value: --key-command=COMMAND" },
    { args: ["revoke", "--name="], words: "--name needs a value: --name=TEXT" },
    { args: ["revoke", "--name", "a", "--name", "b"], words: "--name is given twice." }
  ])("says what is wrong with $args, without a value", ({ args, words }) => {
    const said = problem(...args)
    expect(said).toContain(words)
    expect(said).not.toMatch(/made-up-secret/i)
  })

  it("says so where npm kept an option for itself, but not for those that people set in npm once for all", () => {
    const environment = { npm_lifecycle_event: "tool", npm_config_leaked: "true", npm_config_including_own_key: "true" }
    const leaked = Either.flip(read(["revoke"], environment))
    expect(Either.getOrThrow(leaked).message).toMatch(
      "npm kept --leaked and --including-own-key for itself. Put -- before the command:\n  npm run tool -- revoke --leaked --including-own-key\n"
    )
    expect(Either.isRight(read(["list"], { npm_lifecycle_event: "tool", npm_config_json: "true" }))).toBe(true)
    expect(Either.isRight(read(["list"], { npm_config_name: "zapier" }))).toBe(true)
  })

  it.each(names)("shows the help of %s wherever --help stands, but after --", (command) => {
    const help = Either.right({ _tag: "Help", command: Option.some(command) })
    expect(read([command, "--help"])).toEqual(help)
    expect(read([command, "--none", "-h"])).toEqual(help)
    expect(read(["help", command])).toEqual(help)
    expect(read(["--help", command])).toEqual(help)
    expect(given(command, "--", "--help").words).toEqual(["--help"])
  })
})

it("shows the help where nothing is given, as an error", () => {
  expect(read([])).toEqual(Either.left(new Exit({ code: 2, message: Help.ofAll })))
})

it.each(["version", "--version"])("%s is the version", (word) => {
  expect(read([word])).toEqual(Either.right({ _tag: "Version" }))
})

describe("the help", () => {
  const texts = names.map((name) => [name, Help.ofCommand(name)] as const)

  it.each(texts)("of %s has every option, examples and exit codes, and no line beyond 80 columns", (name, text) => {
    for (const option of optionsOf(name).keys()) expect(text).toContain(`\n  --${option}`)
    expect(text).toContain(`\nExamples:\n`)
    expect(text).toContain(`  npm run tool -- ${name}`)
    expect(text).toMatch(/\nExit codes .*:\n {2}\d {2}/)
    expect(text).not.toContain("\u001b")
    expect(text).not.toContain("A user-defined piece of text")
    expect(text.split("\n").filter((line) => line.length > 80)).toEqual([])
  })

  it("of all names each command", () => {
    for (const name of names) expect(Help.ofAll).toContain(`\n  ${name} `)
  })

  it("has examples that the parser takes", () => {
    for (const name of names) {
      for (const [line] of commands[name].examples) {
        const [, rest = ""] = /npm run (?:-s )?tool -- ([^|]*)/.exec(line) ?? []
        const args = [...rest.trim().matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "")
        expect(problem(...args)).toBe("none")
      }
    }
  })
})
