/**
 * `npm run bench:rate-limit`: deletes over a socket, by this library and by others, against a server that enforces 100 in any
 * second while latency varies by 50 ms: alone, and beside other programs that use the same limit.
 *
 * Some measurements run side by side, since each is idle most of the time. The server reports how late its own timers were,
 * and so whether the machine was too busy to measure a pace. `--only <text>` measures those whose name has it, `--seconds <n>`
 * for another time, `--at-once <n>` another number side by side.
 */
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { Command } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Schema, Stream } from "effect"
import { type Contender, contenders } from "./contenders.js"
import { backAfter, ofFree, othersRejected, oursRejected, Report, shortOf } from "./verdict.js"

const { values: flags } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    seconds: { type: "string", default: "60" },
    "at-once": { type: "string", default: "2" }
  }
})

/** A program beside this file, in a process that is fresh. */
const program = (file: string, ...args: ReadonlyArray<string | number>) =>
  Command.make(
    process.execPath,
    ...["--import", "tsx", fileURLToPath(new URL(file, import.meta.url)), ...args.map(String)]
  ).pipe(Command.stderr("inherit"))

const measure = ({ name, othersFor = Number.POSITIVE_INFINITY }: Contender, load: number) =>
  Effect.gen(function* () {
    const serving = yield* Command.start(program("server.ts", 50, load, othersFor))
    const url = yield* serving.stdout.pipe(Stream.decodeText(), Stream.splitLines, Stream.runHead, Effect.flatten)
    yield* Command.exitCode(program("client.ts", name, url, flags.seconds)).pipe(
      Effect.filterOrFail(
        (code) => code === 0,
        (code) => new Error(`${name} ended with ${code}`)
      )
    )
    const report = yield* Effect.promise(() => fetch(`${url}/report`).then((response) => response.text()))
    return yield* Schema.decode(Schema.parseJson(Report))(report)
  }).pipe(Effect.scoped)

const row = ({ name, othersFor }: Contender, load: number, report: Report) =>
  [
    name.padEnd(38),
    String(load).padStart(8),
    `${ofFree(report).toFixed(1)} %`.padStart(18),
    `${oursRejected(report).toFixed(1)} %`.padStart(16),
    `${othersRejected(report).toFixed(1)} %`.padStart(19),
    `${report.late.toFixed(0)} ms`.padStart(20),
    ...(othersFor === undefined ? [] : [`   back after ${backAfter(report, othersFor)} s`])
  ].join("")

const bench = Effect.gen(function* () {
  yield* Console.log(`For ${flags.seconds} s each; the server allows 100 in any second, and latency varies by 50 ms.\n`)
  yield* Console.log(
    `${"".padEnd(38)}others/s   of what is free   ours rejected   others' rejected   timers late (p99)`
  )
  const cells = contenders
    .filter(({ name }) => name.includes(flags.only))
    .flatMap((contender) => Object.entries(contender.loads).map(([load, required]) => ({ contender, load, required })))
  const short = yield* Effect.forEach(
    cells,
    ({ contender, load, required }) =>
      Effect.gen(function* () {
        const report = yield* measure(contender, Number(load))
        yield* Console.log(row(contender, Number(load), report))
        return shortOf(report, required, contender.othersFor ?? 0).map((what) => `${contender.name}, ${load}: ${what}`)
      }),
    { concurrency: Number(flags["at-once"]) }
  )
  const all = short.flat()
  yield* Console.log(all.length === 0 ? "\nAll that is required holds." : `\nFalls short:\n${all.join("\n")}`)
  if (all.length > 0) process.exitCode = 1
})

bench.pipe(Effect.provide(NodeContext.layer), NodeRuntime.runMain)
