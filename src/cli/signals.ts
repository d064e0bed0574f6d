/** When to stop: on Ctrl-C (SIGINT), on SIGTERM, when the terminal is closed (SIGHUP), and when stdout cannot be written. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import { tell } from "./terminal.js"

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const

const signal = Effect.async<void>((resume) => {
  const off = () => {
    for (const name of signals) process.off(name, onSignal)
  }
  const onSignal = () => {
    off()
    resume(Effect.void)
  }
  for (const name of signals) process.on(name, onSignal)
  return Effect.sync(off)
})

/** Nobody reads stdout any more, or its disk is full. */
const brokenStdout = Effect.async<void>((resume) => {
  process.stdout.once("error", () => resume(Effect.void))
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

/** Completes at the first signal. A second one quits at once. */
export const stop = Effect.gen(function* () {
  const stopped = yield* Deferred.make<void>()
  yield* listening
  yield* Effect.forkScoped(
    Effect.gen(function* () {
      const why = yield* Effect.race(
        Effect.as(signal, ""),
        Effect.as(brokenStdout, ", because stdout cannot be written")
      )
      yield* Deferred.succeed(stopped, undefined)
      yield* tell("", `Stopping${why}: what is under way finishes. Ctrl-C now quits at once.`)
      // `npm run` passes on the Ctrl-C that the terminal has sent already, which does not count as a second one.
      yield* Effect.sleep("500 millis")
      yield* signal
      yield* Effect.sync(() => process.exit(130))
    })
  )
  return stopped
})
