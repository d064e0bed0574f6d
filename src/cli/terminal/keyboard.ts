/**
 * The keyboard. From the first question on, what is typed or pasted while nothing is asked is dropped and never shown, because
 * it may be a secret that comes too early.
 */
import { constants } from "node:os"
import { createInterface } from "node:readline"
import { PassThrough, Writable } from "node:stream"
import { isatty } from "node:tty"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { cancelled } from "../usage/exit.js"

export class Keyboard extends Context.Tag("effect-instantly/cli/Keyboard")<
  Keyboard,
  {
    /** Asks for a line, which is not shown while it is typed if it is hidden. Ctrl-C and Ctrl-D cancel. */
    readonly ask: (question: string, options: { readonly hidden: boolean }) => Effect.Effect<string, typeof cancelled>
  }
>() {}

const stopping = ["SIGINT", "SIGTERM", "SIGHUP"] as const
/** They would end the process and leave the terminal without its echo. */
const quitting = ["SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM"] as const

const controlC = "\u0003"
const controlZ = "\u001a"

/** A terminal that has been closed cannot be set any more: Node would throw. */
const setRaw = (isRaw: boolean) => {
  if (process.stdin.isTTY === true && isatty(0)) process.stdin.setRawMode(isRaw)
}

/** Gives the terminal back as it was. */
export const release = Effect.sync(() => setRaw(false))

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() })

const open = () => {
  const { stdin } = process
  let isStarted = false
  /** Where the keys go while there is a question. */
  let line: PassThrough | undefined

  const suspend = () => {
    setRaw(false)
    process.once("SIGCONT", () => setRaw(true))
    process.kill(process.pid, "SIGTSTP")
  }
  const onKeys = (keys: Buffer) => {
    const text = keys.toString()
    if (text.includes(controlZ) && process.platform !== "win32") suspend()
    else if (line !== undefined) line.write(keys)
    // In raw mode the terminal sends no signal.
    else if (text.includes(controlC)) process.emit("SIGINT", "SIGINT")
  }
  const onEnd = () => void line?.end()
  const onQuit = (signal: (typeof quitting)[number]) => {
    setRaw(false)
    process.stderr.write("\n")
    process.exit(128 + constants.signals[signal])
  }
  /** If nothing else handles a signal, it ends the process as it would without a keyboard. */
  const onStop = (signal: (typeof stopping)[number]) => {
    if (process.listenerCount(signal) > 1) return
    close()
    process.kill(process.pid, signal)
  }

  const start = () => {
    if (isStarted) return
    isStarted = true
    for (const name of quitting) process.on(name, onQuit)
    for (const name of stopping) process.on(name, onStop)
    stdin.on("data", onKeys)
    stdin.on("end", onEnd)
    stdin.on("error", onEnd)
    setRaw(true)
  }
  const close = () => {
    if (!isStarted) return
    isStarted = false
    for (const name of quitting) process.off(name, onQuit)
    for (const name of stopping) process.off(name, onStop)
    stdin.off("data", onKeys)
    setRaw(false)
    stdin.pause()
  }

  const ask = (question: string, { hidden }: { readonly hidden: boolean }) =>
    Effect.async<string, typeof cancelled>((resume) => {
      start()
      const keys = new PassThrough()
      const output = hidden ? nowhere() : process.stderr
      const reader = createInterface({ input: keys, output, terminal: true, historySize: 0 })
      line = keys
      const leave = () => {
        line = undefined
        for (const name of stopping) process.off(name, cancel)
        reader.off("close", cancel)
        reader.close()
      }
      const end = (result: Effect.Effect<string, typeof cancelled>) => {
        leave()
        if (hidden) process.stderr.write("\n")
        resume(result)
      }
      const cancel = () => {
        process.stderr.write("\n")
        end(cancelled)
      }
      for (const name of stopping) process.on(name, cancel)
      reader.once("SIGINT", cancel)
      reader.once("close", cancel)
      if (hidden) process.stderr.write(question)
      reader.question(hidden ? "" : question, (answer) => end(Effect.succeed(answer.trim())))
      if (stdin.readableEnded || stdin.destroyed) keys.end()
      return Effect.sync(leave)
    })
  return { ask, close }
}

export const layer: Layer.Layer<Keyboard> = Layer.scoped(
  Keyboard,
  Effect.acquireRelease(Effect.sync(open), ({ close }) => Effect.sync(close))
)

/** Whether a terminal that the process began with has been closed. */
export const isHungUp = Effect.sync(() =>
  [process.stdin, process.stdout, process.stderr].some(({ isTTY }, fd) => isTTY === true && !isatty(fd))
)
