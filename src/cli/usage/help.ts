/** The help, from the data of `options.ts`. It has no colours, so it is the same everywhere. */
import { wrap } from "../terminal/wrap.js"
import { type CommandName, commands, optionsOf } from "./options.js"
import { program } from "./program.js"

const width = 80

const column = 25

const row = (left: string, text: string) => {
  const start = `  ${left}`
  return start.length < column
    ? `${start.padEnd(column)}${wrap(text, width, column)}`
    : `${start}\n${" ".repeat(column)}${wrap(text, width, column)}`
}

const example = ([line, what]: readonly [string, string]) => (what === "" ? `  ${line}` : `  # ${what}\n  ${line}`)

export const ofCommand = (name: CommandName): string => {
  const { about, codes, examples, words } = commands[name]
  return [
    `Usage: ${program} ${name} [options]${words === "" ? "" : ` ${words}`}`,
    ...about.map((paragraph) => `\n${wrap(paragraph, width)}`),
    "\nOptions:",
    ...[...optionsOf(name)].map(([option, { text, value }]) =>
      row(`--${option}${value === undefined ? "" : ` ${value}`}`, text)
    ),
    "\nExamples:",
    ...examples.map(example),
    "\nExit codes (the highest that applies):",
    ...codes.map((code) => `  ${wrap(code, width, 5)}`)
  ].join("\n")
}

export const ofAll = [
  `Usage: ${program} COMMAND [options]`,
  "\nRevokes Instantly API keys.",
  "\nCommands:",
  ...Object.entries(commands).map(([name, { summary }]) => row(name, summary)),
  "\nOptions:",
  row("--help", "Shows this help; after a command, the help of that command."),
  row("--version", "Shows the version."),
  "\nExamples:",
  example([`${program} revoke --leaked`, "a secret has leaked"]),
  example([`${program} revoke --leaked --rehearse`, "try that on made-up keys first"]),
  `  ${program} list`
].join("\n")
