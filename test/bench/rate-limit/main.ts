/**
 * `npm run bench:rate-limit`: 3,000 deletes at once over a socket, by this library and by others, against a server that
 * enforces 100 in any second while latency varies. Nobody tries again; a 429 of this library's closes its gate, as ever.
 *
 * Some measurements are made side by side, since each is idle most of the time; the server tells how late its own timers
 * were, and so whether the machine was too busy to measure. `--only <text>` measures those whose name has it, `--latency
 * <name>` under one latency, `--requests <n>` with fewer deletes, `--at-once <n>` another number side by side.
 *
 * The part *shared* measures beside other programs that use the same limit, at 0, 10, 40 and 70 requests a second, while
 * latency varies by 50 ms. `--part shared` or `--part alone` runs one of the two, `--seconds <n>` measures for another time.
 */
import { parseArgs } from "node:util"
import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { contenders } from "./contenders.js"
import { latencies } from "./latency.js"
import { bundle, type Cell, measure, type Programs } from "./measure.js"
import { adapting, closing, contenders as sharing } from "./shared/contenders.js"
import * as Shared from "./shared/measure.js"
import * as Sharing from "./shared/verdict.js"
import { table } from "./table.js"
import { judge, requirements, type Verdict } from "./verdict.js"

const { values: flags } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    latency: { type: "string" },
    requests: { type: "string", default: "3000" },
    "at-once": { type: "string", default: "2" },
    part: { type: "string" },
    seconds: { type: "string", default: "60" }
  }
})

const cells = contenders
  .filter(({ name }) => name.includes(flags.only))
  .flatMap((contender) =>
    latencies
      .map(({ name }) => name)
      .filter((latency) => flags.latency === undefined || latency === flags.latency)
      .filter((latency) => contender.latencies?.includes(latency) ?? true)
      .map(
        (latency): Cell => ({
          contender,
          latency,
          requests: Math.min(Number(flags.requests), contender.most ?? Number.POSITIVE_INFINITY)
        })
      )
  )
const isLight = ({ contender }: Cell) => contender.most === undefined

const tell = (judged: ReadonlyArray<{ readonly says: string; readonly verdict: Verdict }>) =>
  Effect.forEach(judged, ({ says, verdict }) => {
    if (verdict !== "holds" && verdict !== "not measured") process.exitCode = 1
    return Console.log(`${verdict.padEnd(27)}  ${says}`)
  })

const alone = (programs: Programs) =>
  Effect.gen(function* () {
    const measured = (some: ReadonlyArray<Cell>, concurrency: number) =>
      Effect.forEach(some, (cell) => measure(programs, cell), { concurrency })

    yield* Console.log(`${flags.requests} deletes at once; the server allows 100 in any second. Latency, each way:`)
    yield* Effect.forEach(latencies, ({ description, name }) => Console.log(`  ${name.padEnd(10)} ${description}`))
    const light = yield* measured(cells.filter(isLight), Number(flags["at-once"]))
    const heavy = yield* measured(
      cells.filter((cell) => !isLight(cell)),
      1
    )
    const results = [...light, ...heavy]
    yield* Console.log(`\n${table(results)}\n`)

    const judged = requirements.map((requirement) => ({ says: requirement.says, verdict: judge(requirement, results) }))
    yield* tell(judged)
  })

const shared = (programs: Programs) =>
  Effect.gen(function* () {
    yield* Console.log(
      `\nFor ${flags.seconds} s beside others; the server allows 100 in any second, and latency varies by 50 ms:`
    )
    const cells = yield* Effect.forEach(
      Sharing.loads.flatMap((load) =>
        sharing.filter(({ name }) => name.includes(flags.only)).map((contender) => ({ contender, load }))
      ),
      ({ contender, load }) => Shared.measure(programs, contender, load, Number(flags.seconds)),
      { concurrency: Number(flags["at-once"]) }
    )
    yield* Console.log(`\n${Shared.table(cells)}\n`)
    const judged = Sharing.requirements.map((requirement) => ({
      says: `${adapting}: ${requirement.says}`,
      verdict: Sharing.judge(requirement, cells, adapting, closing)
    }))
    yield* tell(judged)
  })

const program = Effect.gen(function* () {
  const fileSystem = yield* FileSystem.FileSystem
  const programs = yield* Effect.flatMap(fileSystem.makeTempDirectoryScoped(), bundle)
  if (flags.part !== "shared") yield* alone(programs)
  if (flags.part !== "alone") yield* shared(programs)
})

program.pipe(Effect.scoped, Effect.provide(NodeContext.layer), NodeRuntime.runMain)
