/** The line that moves while something takes long. It is on stderr, and only if that is a terminal. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { columnsOf } from "./terminal.js"

const clear = Effect.sync(() => void process.stderr.write("\r\u001b[2K"))

export interface Progress {
  /** Prints above the line. */
  readonly above: <A>(print: Effect.Effect<A>) => Effect.Effect<A>
}

/** Shows this text, again and again, until the scope ends. */
export const start = (text: Effect.Effect<string>) =>
  Effect.gen(function* () {
    const moves = process.stderr.isTTY === true && process.env["TERM"] !== "dumb"
    if (!moves) return { above: (print) => print } satisfies Progress
    const draw = Effect.gen(function* () {
      const line = yield* text
      yield* clear
      // Of a line that is longer than the terminal is wide, only the last row would be cleared.
      process.stderr.write(line.slice(0, (yield* columnsOf("stderr")) - 1))
    })
    yield* Effect.addFinalizer(() => clear)
    yield* Effect.forkScoped(Effect.repeat(draw, Schedule.spaced("200 millis")))
    return { above: (print) => Effect.zipLeft(Effect.zipRight(clear, print), draw) } satisfies Progress
  })
