/** Messages and questions to the person at the terminal: on stderr, because stdout is for results. */
import * as Effect from "effect/Effect"
import { Keyboard } from "./keyboard.js"
import { unseen } from "./printable.js"
import { wrap } from "./wrap.js"

/** How many columns a line on this stream has. */
export const columnsOf = (stream: "stdout" | "stderr") =>
  Effect.sync(() => {
    const { columns, isTTY } = process[stream]
    if (isTTY !== true) return Number.POSITIVE_INFINITY
    return columns === undefined || columns === 0 ? 80 : columns
  })

/** Nothing that comes from elsewhere can act on the terminal, such as an id in the header of a response. */
const plain = (line: string) => line.replaceAll(unseen, "")

const write = (stream: "stdout" | "stderr", lines: ReadonlyArray<string>) =>
  Effect.sync(() => void process[stream].write(`${lines.join("\n")}\n`))

/** Writes lines of plain text, broken between words if they are longer than the terminal is wide. */
const writeText = (stream: "stdout" | "stderr", text: string) =>
  Effect.flatMap(columnsOf(stream), (columns) =>
    write(
      stream,
      text.split("\n").map((line) => {
        const start = /^ */.exec(line)?.[0] ?? ""
        return `${start}${wrap(plain(line.slice(start.length)), columns, start.length)}`
      })
    )
  )

export const say = (...lines: ReadonlyArray<string>) =>
  lines.length === 0 ? Effect.void : writeText("stderr", lines.join("\n"))

/** Says what a command is for, and the command on lines of its own. They are never broken, because they are there to be copied. */
export const sayCommand = (purpose: string, command: string) =>
  Effect.zipRight(
    say(purpose),
    write(
      "stderr",
      command.split("\n").map((line) => `  ${line}`)
    )
  )

/** Prints text on stdout. */
export const print = (text: string) => writeText("stdout", text)

/** Whether somebody can answer a question. */
export const canAsk = Effect.sync(() => process.stdin.isTTY === true && process.stderr.isTTY === true)

/** Asks for a line. Ctrl-C and Ctrl-D cancel. */
export const ask = (question: string) =>
  Effect.flatMap(Keyboard, (keyboard) => keyboard.ask(question, { hidden: false }))

/** Asks for a line that is not shown while it is typed or pasted. */
export const askHidden = (question: string) =>
  Effect.flatMap(Keyboard, (keyboard) => keyboard.ask(question, { hidden: true }))

/** Whether these lines are more than the terminal shows at once, with a question below them. */
export const isTall = (texts: ReadonlyArray<string>) =>
  Effect.sync(() => {
    const { rows } = process.stderr
    return texts.join("\n").split("\n").length > (rows > 0 ? rows : 24) - 4
  })
