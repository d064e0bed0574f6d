/** The person at the terminal: what they are told and asked. All of it is on stderr, because stdout is for receipts. */
import { createInterface } from "node:readline"
import { Writable } from "node:stream"
import { Effect } from "effect"
import { cancelled } from "./ended.js"

export const tell = (...lines: ReadonlyArray<string>) =>
  Effect.sync(() => void process.stderr.write(`${lines.join("\n")}\n`))

/** Whether somebody can see a question and answer it. */
export const canAsk = Effect.sync(() => process.stdin.isTTY === true && process.stderr.isTTY === true)

/** A name comes from elsewhere: what would move the cursor or turn the text around is not shown. */
export const printable = (text: string) => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\uFFFD")

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() })

const asked = (question: string, options: { readonly hidden: boolean }) =>
  Effect.async<string, typeof cancelled>((resume) => {
    // It turns the terminal's own echo off, so before the question is shown.
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

/** Asks for a line. Ctrl-C and Ctrl-D are a no. */
export const ask = (question: string) => asked(question, { hidden: false })

/** Asks for a line that is not shown while it is typed or pasted. */
export const askHidden = (question: string) => asked(question, { hidden: true })
