/** When to stop: on Ctrl-C (SIGINT), on SIGTERM, when the terminal is closed (SIGHUP), and when the reader of stdout goes away. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import { tell } from "./terminal.js"

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const

const signal = Effect.async<void>((resume) => {
  const onSignal = () => resume(Effect.void)
  for (const name of signals) process.once(name, onSignal)
  return Effect.sync(() => {
    for (const name of signals) process.off(name, onSignal)
  })
})

const nobodyReads = Effect.async<void>((resume) => {
  process.stdout.once("error", () => resume(Effect.void))
})

/** Completes at the first signal. A second one quits at once. */
export const stop = Effect.gen(function* () {
  const stopped = yield* Deferred.make<void>()
  // Without a listener, each of these would end the process at once.
  for (const name of signals) process.on(name, constVoid)
  yield* Effect.forkScoped(
    Effect.gen(function* () {
      yield* Effect.race(signal, nobodyReads)
      yield* Deferred.succeed(stopped, undefined)
      yield* tell("", "Stopping: what is under way finishes. Press Ctrl-C again to quit at once.")
      // `npm run` passes on the Ctrl-C that the terminal has sent already, which does not count as a second one.
      yield* Effect.sleep("500 millis")
      yield* signal
      yield* Effect.sync(() => process.exit(130))
    })
  )
  return stopped
})
