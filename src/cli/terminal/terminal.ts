/** Messages and questions to the person at the terminal: on stderr, because stdout is for results. */
import * as Effect from "effect/Effect"
import { Keyboard } from "./keyboard.js"
import { unseen } from "./printable.js"

/** Nothing that comes from elsewhere can act on the terminal, such as an id in the header of a response. */
const plain = (text: string) =>
  text
    .split("\n")
    .map((line) => line.replaceAll(unseen, ""))
    .join("\n")

export const say = (...lines: ReadonlyArray<string>) =>
  Effect.sync(() => {
    if (lines.length > 0) process.stderr.write(`${plain(lines.join("\n"))}\n`)
  })

/** Prints a line on stdout. */
export const print = (text: string) => Effect.sync(() => void process.stdout.write(`${plain(text)}\n`))

/** Whether somebody can answer a question. */
export const canAsk = Effect.sync(() => process.stdin.isTTY === true && process.stderr.isTTY === true)

/** Asks for a line. Ctrl-C and Ctrl-D cancel. */
export const ask = (question: string) =>
  Effect.flatMap(Keyboard, (keyboard) => keyboard.ask(question, { hidden: false }))

/** Asks for a line that is not shown while it is typed or pasted. */
export const askHidden = (question: string) =>
  Effect.flatMap(Keyboard, (keyboard) => keyboard.ask(question, { hidden: true }))

/** How many columns a line on this stream has. */
export const columnsOf = (stream: "stdout" | "stderr") =>
  Effect.sync(() => {
    const { columns, isTTY } = process[stream]
    if (isTTY !== true) return Number.POSITIVE_INFINITY
    return columns === undefined || columns === 0 ? 80 : columns
  })

/** Whether these lines are more than the terminal shows at once, with a question below them. */
export const isTall = (texts: ReadonlyArray<string>) =>
  Effect.sync(() => {
    const { rows } = process.stderr
    return texts.join("\n").split("\n").length > (rows > 0 ? rows : 24) - 4
  })
