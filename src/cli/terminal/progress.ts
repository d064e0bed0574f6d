/** The line that moves while keys are deleted. It is on stderr, and only if that is a terminal. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { codes } from "../usage/exit.js"
import { columnsOf } from "./terminal.js"

const clear = Effect.sync(() => void process.stderr.write("\r\u001b[2K"))

export interface Progress {
  /** Counts an id by its exit code. */
  readonly count: (code: number) => Effect.Effect<void>
  /** Prints above the line. */
  readonly above: <A>(print: Effect.Effect<A>) => Effect.Effect<A>
}

export const start = (total: number) =>
  Effect.gen(function* () {
    const moves = process.stderr.isTTY === true && process.env["TERM"] !== "dumb"
    if (!moves) return { count: () => Effect.void, above: (print) => print } satisfies Progress
    const startedAt = yield* Clock.currentTimeMillis
    const state = yield* Ref.make({ done: 0, failed: 0 })
    const draw = Effect.gen(function* () {
      const { done, failed } = yield* Ref.get(state)
      const seconds = Math.max(1, (yield* Clock.currentTimeMillis) - startedAt) / 1000
      const rate = done / seconds
      const left = done === 0 ? "?" : String(Math.ceil((total - done) / rate))
      const line = `${done}/${total} · ${rate.toFixed(1)}/s · ${left} s left · ${failed} failed`
      yield* clear
      // Of a line that is longer than the terminal is wide, only the last row would be cleared.
      process.stderr.write(line.slice(0, (yield* columnsOf("stderr")) - 1))
    })
    yield* Effect.addFinalizer(() => clear)
    yield* Effect.forkScoped(Effect.repeat(draw, Schedule.spaced("200 millis")))
    return {
      count: (code) =>
        Ref.update(state, ({ done, failed }) => ({ done: done + 1, failed: failed + (code === codes.gone ? 0 : 1) })),
      above: (print) => Effect.zipLeft(Effect.zipRight(clear, print), draw)
    } satisfies Progress
  })
