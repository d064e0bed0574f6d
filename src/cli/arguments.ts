/**
 * Reads the arguments. No message repeats one, apart from the name of an option or a command, because people paste a secret
 * there. `@effect/cli` repeats them, and takes an option that it does not know for an argument.
 */
import { parseArgs } from "node:util"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { type Ended, usage } from "./ended.js"
import { type CommandName, commands, type OptionName, optionsOf } from "./options.js"

/** What was given to a command. */
export interface Given {
  readonly command: CommandName
  readonly words: ReadonlyArray<string>
  readonly has: (option: OptionName) => boolean
  readonly get: (option: OptionName) => Option.Option<string>
}

export type Wanted =
  | { readonly _tag: "Help"; readonly command: Option.Option<CommandName> }
  | { readonly _tag: "Version" }
  | { readonly _tag: "Run"; readonly given: Given }

const isCommand = (word: string): word is CommandName => Object.hasOwn(commands, word)

const squeezed = (name: string) => name.replaceAll("-", "").toLowerCase()

/** The one that was probably meant. */
const similar = (name: string, all: ReadonlyArray<string>, prefix: string) => {
  const wanted = squeezed(name)
  const meant = all.find((one) => squeezed(one).startsWith(wanted) || wanted.startsWith(squeezed(one)))
  return wanted.length < 2 || meant === undefined ? "" : ` Did you mean ${prefix}${meant}?`
}

/** A name that can be shown, because it looks like one. */
const shown = (name: string) => (/^-{0,2}[a-z][a-z-]{0,29}$/.test(name) ? name : "(not shown)")

const parse = (command: CommandName, args: ReadonlyArray<string>): Either.Either<Given, Ended> => {
  const options = optionsOf(command)
  // Not `strict`, because its errors repeat what was given.
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      [...options].map(([name, { value }]) => [name, { type: value === undefined ? "boolean" : "string" } as const])
    ),
    strict: false,
    allowPositionals: true,
    tokens: true
  })
  const words: Array<string> = []
  const values = new Map<string, string>()
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value)
    if (token.kind !== "option") continue
    const { inlineValue, name, rawName, value } = token
    const option = options.get(name)
    if (option === undefined) {
      const hint = similar(name, [...options.keys()], "--")
      return Either.left(usage(`${shown(rawName)} is not an option of ${command}.${hint}`))
    }
    if (values.has(name)) return Either.left(usage(`--${name} is given twice.`))
    if (option.value === undefined && value !== undefined) return Either.left(usage(`--${name} takes no value.`))
    if (option.value !== undefined && (value === undefined || (inlineValue === false && value.startsWith("-")))) {
      return Either.left(usage(`--${name} needs a value: --${name}=${option.value}`))
    }
    values.set(name, value ?? "")
  }
  return Either.right({
    command,
    words,
    has: (option) => values.has(option),
    get: (option) => Option.fromNullable(values.get(option))
  })
}

const asksForHelp = (args: ReadonlyArray<string>) => {
  const end = args.indexOf("--")
  const before = end === -1 ? args : args.slice(0, end)
  return before.includes("--help") || before.includes("-h")
}

export const read = (args: ReadonlyArray<string>): Either.Either<Wanted, Ended> => {
  const [first, ...rest] = args
  if (first === "--version") return Either.right({ _tag: "Version" })
  if (first === undefined) return Either.left(usage("Say what to do: revoke, list or check."))
  if (first === "--help" || first === "-h" || first === "help") {
    return Either.right({ _tag: "Help", command: Option.filter(Option.fromNullable(rest[0]), isCommand) })
  }
  if (!isCommand(first)) {
    const what = first.startsWith("-") ? "an option here" : "a command"
    const hint = similar(first, Object.keys(commands), "")
    return Either.left(usage(`${shown(first)} is not ${what}.${hint} The commands are revoke, list and check.`))
  }
  if (asksForHelp(rest)) return Either.right({ _tag: "Help", command: Option.some(first) })
  return Either.map(parse(first, rest), (given) => ({ _tag: "Run", given }))
}
