/**
 * Reads the arguments. No message repeats one, apart from the name of an option or a command, because people paste a
 * secret there. `@effect/cli` repeats them, and takes an unknown option for an argument.
 */
import { parseArgs } from "node:util"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { codes, Exit, holdsSecret, itWasASecret, usage } from "./exit.js"
import * as Help from "./help.js"
import { type CommandName, commands, type OptionName, optionsOf } from "./options.js"
import { commandLine, keptByNpm, program } from "./program.js"

/** The arguments of a command. */
export interface Arguments {
  readonly command: CommandName
  readonly words: ReadonlyArray<string>
  readonly has: (option: OptionName) => boolean
  readonly get: (option: OptionName) => Option.Option<string>
  /** The same command, to be copied into a shell. What a --key-command says is left out, because it may hold a secret. */
  readonly again: string
}

/** The task of the tool. */
export type Invocation =
  | { readonly _tag: "Help"; readonly command: Option.Option<CommandName> }
  | { readonly _tag: "Version" }
  | { readonly _tag: "Run"; readonly args: Arguments }

const isCommand = (word: string): word is CommandName => Object.hasOwn(commands, word)

const squeezed = (name: string) => name.replaceAll("-", "").toLowerCase()

/** Whether two names differ by one slip of the fingers: at most two letters, side by side. */
const isSlip = (one: string, other: string) => {
  const shorter = Math.min(one.length, other.length)
  let start = 0
  while (start < shorter && one[start] === other[start]) start += 1
  let end = 0
  while (end < shorter - start && one.at(-1 - end) === other.at(-1 - end)) end += 1
  return shorter > 2 && Math.max(one.length, other.length) - start - end <= 2
}

/** The name that was probably meant. */
const similar = (name: string, all: ReadonlyArray<string>) => {
  const wanted = squeezed(name)
  const meant =
    all.find((one) => squeezed(one).startsWith(wanted) || wanted.startsWith(squeezed(one))) ??
    all.find((one) => isSlip(squeezed(one), wanted))
  return Option.filter(Option.fromNullable(meant), () => wanted !== "")
}

const didYouMean = Option.match({ onNone: () => "", onSome: (meant: string) => ` Did you mean ${meant}?` })

/** A name that can be shown, because it looks like one. */
const shown = (name: string, otherwise: string) =>
  /^(-[A-Za-z]|-{0,2}[a-z][a-z-]{0,29})$/.test(name) ? name : otherwise

/** Names of our commands in other tools. */
const synonyms = new Map<string, CommandName>([
  ["delete", "revoke"],
  ["remove", "revoke"],
  ["rm", "revoke"],
  ["ls", "list"]
])

const names = Object.keys(commands).filter(isCommand)

const noCommand = (word: string) => {
  const after = names.find((command) => word.startsWith("--") && optionsOf(command).has(word.slice(2)))
  if (after !== undefined) return usage(`${word} comes after its command: ${program} ${after} ${word}`)
  const what = word.startsWith("-") ? "an option here" : "a command"
  const meant = word.startsWith("-")
    ? similar(word, ["--version", "--help"])
    : Option.orElse(Option.fromNullable(synonyms.get(word)), () => similar(word, names))
  const name = shown(word, "The first argument (not shown here)")
  return usage(`${name} is not ${what}.${didYouMean(meant)} The commands are revoke, list, check and audit.`)
}

const parse = (command: CommandName, args: ReadonlyArray<string>): Either.Either<Arguments, Exit> => {
  const options = optionsOf(command)
  // Not `strict`, because its errors repeat the arguments.
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
      const meant = Option.map(similar(name, [...options.keys()]), (one) => `--${one}`)
      const what = shown(rawName, "One of the options (not shown here)")
      return Either.left(usage(`${what} is not an option of ${command}.${didYouMean(meant)}`))
    }
    if (values.has(name)) return Either.left(usage(`--${name} is given twice.`))
    if (option.value === undefined && value !== undefined) return Either.left(usage(`--${name} takes no value.`))
    // An empty one is most often a variable of the shell that is not set.
    if (option.value !== undefined && (!value || (inlineValue === false && /^-./.test(value)))) {
      return Either.left(usage(`--${name} needs a value: --${name}=${option.value}`))
    }
    values.set(name, value ?? "")
  }
  const again = [...values].map(([name, value]) => {
    if (options.get(name)?.value === undefined) return `--${name}`
    return `--${name}=${name === "key-command" ? "..." : value}`
  })
  return Either.right({
    command,
    words,
    again: commandLine(command, ...again, ...words),
    has: (option) => values.has(option),
    get: (option) => Option.fromNullable(values.get(option))
  })
}

const asksForHelp = (args: ReadonlyArray<string>) => {
  const end = args.indexOf("--")
  const before = end === -1 ? args : args.slice(0, end)
  return before.includes("--help") || before.includes("-h")
}

/** Reads the arguments. npm leaves what it kept for itself in the environment. */
export const read = (
  args: ReadonlyArray<string>,
  environment: NodeJS.ProcessEnv = {}
): Either.Either<Invocation, Exit> => {
  const [first, ...rest] = args
  if (args.some(holdsSecret))
    return Either.left(usage(`One of the arguments (not shown here) holds a secret. ${itWasASecret}`))
  if (first === "--version" || first === "version") return Either.right({ _tag: "Version" })
  if (first === undefined) return Either.left(new Exit({ code: codes.usage, message: Help.ofAll }))
  if (first === "--help" || first === "-h" || first === "help") {
    const [about] = rest
    if (about === undefined) return Either.right({ _tag: "Help", command: Option.none() })
    return isCommand(about)
      ? Either.right({ _tag: "Help", command: Option.some(about) })
      : Either.left(noCommand(about))
  }
  if (!isCommand(first)) return Either.left(noCommand(first))
  if (asksForHelp(rest)) return Either.right({ _tag: "Help", command: Option.some(first) })
  const kept = keptByNpm(optionsOf(first).keys(), environment)
  if (kept.length > 0) {
    const valueOf = (option: string) => optionsOf(first).get(option)?.value
    const example = commandLine(
      first,
      ...kept.map((option) => (valueOf(option) === undefined ? `--${option}` : `--${option}=${valueOf(option)}`))
    )
    const names = kept.map((option) => `--${option}`).join(" and ")
    return Either.left(usage(`npm kept ${names} for itself. Put -- before the command:\n  ${example}`))
  }
  return Either.map(parse(first, rest), (args) => ({ _tag: "Run", args }))
}
