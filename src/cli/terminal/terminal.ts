/** The person at the terminal: what is said to them, and what they are asked. All of it is on stderr, because stdout is for results. */
import { constants } from "node:os"
import { createInterface } from "node:readline"
import { Writable } from "node:stream"
import * as Effect from "effect/Effect"
import { cancelled } from "../usage/exit.js"
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

/** Whether there is somebody to answer a question. */
export const canAsk = Effect.sync(() => process.stdin.isTTY === true && process.stderr.isTTY === true)

/** How many columns a line on this stream has. */
export const columnsOf = (stream: "stdout" | "stderr") =>
  Effect.sync(() => {
    const { columns, isTTY } = process[stream]
    if (isTTY !== true) return Number.POSITIVE_INFINITY
    return columns === undefined || columns === 0 ? 80 : columns
  })

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() })

const cancelling = ["SIGINT", "SIGTERM", "SIGHUP"] as const
/** They would end the process and leave the terminal without its echo. */
const quitting = ["SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM"] as const

const question = (text: string, options: { readonly hidden: boolean }) =>
  Effect.async<string, typeof cancelled>((resume) => {
    // It turns off the terminal's echo, so it comes before the question.
    const output = options.hidden ? nowhere() : process.stderr
    const terminal = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 })
    const close = () => {
      for (const name of cancelling) process.off(name, onClose)
      for (const name of quitting) process.off(name, onQuit)
      terminal.off("close", onClose)
      terminal.close()
    }
    const end = (result: Effect.Effect<string, typeof cancelled>) => {
      close()
      if (options.hidden) process.stderr.write("\n")
      resume(result)
    }
    const onClose = () => end(Effect.zipRight(say(""), cancelled))
    const onQuit = (name: (typeof quitting)[number]) => {
      close()
      process.stderr.write("\n")
      process.exit(128 + constants.signals[name])
    }
    for (const name of cancelling) process.on(name, onClose)
    for (const name of quitting) process.on(name, onQuit)
    terminal.once("SIGINT", onClose)
    terminal.once("close", onClose)
    if (options.hidden) process.stderr.write(text)
    terminal.question(options.hidden ? "" : text, (answer) => end(Effect.succeed(answer.trim())))
    return Effect.sync(close)
  })

/** Asks for a line. Ctrl-C and Ctrl-D cancel. */
export const ask = (text: string) => question(text, { hidden: false })

/** Asks for a line that is not shown while it is typed or pasted. */
export const askHidden = (text: string) => question(text, { hidden: true })
