/** Talks with the person at the terminal. All of it is on stderr, because stdout is for receipts. */
import { createInterface } from "node:readline"
import { Writable } from "node:stream"
import { Effect } from "effect"
import { cancelled } from "./ended.js"

export const tell = (...lines: ReadonlyArray<string>) =>
  Effect.sync(() => void process.stderr.write(`${lines.join("\n")}\n`))

/** Whether there is somebody to answer a question. */
export const canAsk = Effect.sync(() => process.stdin.isTTY === true && process.stderr.isTTY === true)

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() })

const asked = (question: string, options: { readonly hidden: boolean }) =>
  Effect.async<string, typeof cancelled>((resume) => {
    // It turns off the terminal's echo, so it comes before the question.
    const output = options.hidden ? nowhere() : process.stderr
    const terminal = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 })
    const end = (result: Effect.Effect<string, typeof cancelled>) => {
      terminal.off("close", onClose)
      terminal.close()
      if (options.hidden) process.stderr.write("\n")
      resume(result)
    }
    const onClose = () => end(Effect.zipRight(tell(""), cancelled))
    terminal.once("SIGINT", onClose)
    terminal.once("close", onClose)
    if (options.hidden) process.stderr.write(question)
    terminal.question(options.hidden ? "" : question, (answer) => end(Effect.succeed(answer.trim())))
    return Effect.sync(() => {
      terminal.off("close", onClose)
      terminal.close()
    })
  })

/** Asks for a line. Ctrl-C and Ctrl-D cancel. */
export const ask = (question: string) => asked(question, { hidden: false })

/** Asks for a line that is not shown while it is typed or pasted. */
export const askHidden = (question: string) => asked(question, { hidden: true })
