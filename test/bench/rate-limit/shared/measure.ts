/** Measures contenders beside others: for each a server and a client, both fresh processes. */
import { Command, type CommandExecutor } from "@effect/platform"
import { Effect, Schema, Stream } from "effect"
import type { Programs } from "../measure.js"
import type { Contender } from "./contenders.js"
import { type Cell, ofFree, othersRejected, rejected } from "./verdict.js"

const seed = 20_260_801

const Report = Schema.parseJson(
  Schema.Struct({
    ours: Schema.Number,
    oursRejected: Schema.Number,
    others: Schema.Number,
    othersRejected: Schema.Number,
    seconds: Schema.Number,
    late: Schema.Number
  })
)

export const measure = (
  { shared }: Programs,
  contender: Contender,
  load: number,
  seconds: number
): Effect.Effect<Cell, unknown, CommandExecutor.CommandExecutor> =>
  Effect.gen(function* () {
    const serving = yield* Command.start(Command.make(process.execPath, shared.server, String(load), String(seed)))
    const url = yield* serving.stdout.pipe(Stream.decodeText(), Stream.splitLines, Stream.runHead, Effect.flatten)
    // the others have been there for a second
    yield* Effect.sleep("1 second")
    yield* Command.exitCode(Command.make(process.execPath, shared.client, contender.name, url, String(seconds))).pipe(
      Effect.filterOrFail(
        (code) => code === 0,
        (code) => new Error(`${contender.name} ended with ${code}`)
      )
    )
    const report = yield* Effect.promise(() => fetch(`${url}/report`).then((response) => response.text()))
    return { contender: contender.name, load, measured: yield* Schema.decode(Report)(report) }
  }).pipe(Effect.scoped)

/** How measurements look on a terminal. */
export const table = (cells: ReadonlyArray<Cell>): string =>
  [
    `${"".padEnd(46)}others/s   of what is free   ours rejected   others' rejected   timers late (p99)`,
    ...cells.map(({ contender, load, measured }) =>
      [
        contender.padEnd(46),
        String(load).padStart(8),
        `${ofFree(measured).toFixed(1)} %`.padStart(18),
        `${rejected(measured).toFixed(1)} %`.padStart(16),
        `${othersRejected(measured).toFixed(1)} %`.padStart(19),
        `${measured.late.toFixed(0)} ms`.padStart(20)
      ].join("")
    )
  ].join("\n")
