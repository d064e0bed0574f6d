/** The help, from the data of `options.ts`. It has no colours, so it is the same everywhere. */
import { type CommandName, commands, optionsOf } from "./options.js"
import { program } from "./program.js"

const width = 80

/** Breaks a text into lines, each with this indentation but the first. */
const wrap = (text: string, indent: number): string => {
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === "" ? word : `${line} ${word}`
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`)
}

const column = 25

const row = (left: string, text: string) => {
  const start = `  ${left}`
  return start.length < column
    ? `${start.padEnd(column)}${wrap(text, column)}`
    : `${start}\n${" ".repeat(column)}${wrap(text, column)}`
}

const example = ([line, what]: readonly [string, string]) => (what === "" ? `  ${line}` : `  # ${what}\n  ${line}`)

export const ofCommand = (name: CommandName): string => {
  const { about, codes, examples, words } = commands[name]
  return [
    `Usage: ${program} ${name} [options]${words === "" ? "" : ` ${words}`}`,
    ...about.map((paragraph) => `\n${wrap(paragraph, 0)}`),
    "\nOptions:",
    ...[...optionsOf(name)].map(([option, { text, value }]) =>
      row(`--${option}${value === undefined ? "" : ` ${value}`}`, text)
    ),
    "\nExamples:",
    ...examples.map(example),
    "\nExit codes (the highest that applies):",
    ...codes.map((code) => `  ${wrap(code, 5)}`)
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
