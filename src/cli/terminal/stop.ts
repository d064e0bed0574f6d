/** When to stop: on Ctrl-C (SIGINT), on SIGTERM, when the terminal is closed (SIGHUP), and when stdout cannot be written. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import { release } from "./keyboard.js"
import { say } from "./terminal.js"

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const
type Signal = (typeof signals)[number]

export type StopReason = Signal | "BrokenStdout"

const nextSignal = Effect.async<Signal>((resume) => {
  const off = () => {
    for (const name of signals) process.off(name, onSignal)
  }
  const onSignal = (name: Signal) => {
    off()
    resume(Effect.succeed(name))
  }
  for (const name of signals) process.on(name, onSignal)
  return Effect.sync(off)
})

/** Nobody reads stdout any more, or its disk is full. */
const brokenStdout = Effect.async<"BrokenStdout">((resume) => {
  process.stdout.once("error", () => resume(Effect.succeed("BrokenStdout")))
})

/** Without a listener, each of the signals ends the process at once. */
const listening = Effect.acquireRelease(
  Effect.sync(() => {
    for (const name of signals) process.on(name, constVoid)
  }),
  // A file that is still being opened, such as a pipe that nobody writes to, keeps the process from ending by itself.
  () =>
    Effect.sync(() => {
      for (const name of signals) process.off(name, constVoid)
    })
)

/** Ends the process by the signal itself: `process.exit` would wait for a file that is still being opened. */
const quit = (name: Signal) =>
  Effect.zipRight(
    release,
    Effect.sync(() => {
      process.removeAllListeners(name)
      process.kill(process.pid, name)
    })
  )

/** Completes at the first signal. A second one quits at once. */
export const stop = Effect.gen(function* () {
  const stopped = yield* Deferred.make<StopReason>()
  yield* listening
  yield* Effect.forkScoped(
    Effect.gen(function* () {
      const reason = yield* Effect.race(nextSignal, brokenStdout)
      yield* Deferred.succeed(stopped, reason)
      const why = reason === "BrokenStdout" ? ", because stdout cannot be written" : ""
      yield* say("", `Stopping${why}: nothing more begins, and what has begun finishes. Ctrl-C now quits at once.`)
      // `npm run` passes on the Ctrl-C that the terminal has sent already, which does not count as a second one.
      yield* Effect.sleep("500 millis")
      yield* Effect.flatMap(nextSignal, quit)
    })
  )
  return stopped
})
