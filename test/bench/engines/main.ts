/**
 * `npx tsx test/bench/engines/main.ts`: four processes delete 750 keys each, all at once, by this library and by others on a
 * real Redis, against a server that enforces 100 in any second while latency varies. Nobody tries again. It needs
 * `redis-server`.
 *
 * `--only <text>` measures those whose name has it, `--latency <name>` under one latency, `--requests <n>` with another
 * number for each process, `--processes <n>` with another number of processes.
 */
import { parseArgs } from "node:util"
import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { isInstalled } from "../../engines/redis.js"
import { bundle, type Measured, measure } from "./measure.js"

const { values: flags } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    latency: { type: "string" },
    requests: { type: "string", default: "750" },
    processes: { type: "string", default: "4" }
  }
})

/** As in `contenders`, which cannot be imported without being bundled. */
const ours = "RedisRateLimit"
const names = [
  ours,
  "@effect/experimental, token bucket",
  "@effect/experimental, fixed window",
  "rate-limiter-flexible, queue",
  "bottleneck, minTime",
  "bottleneck, reservoir"
]

const row = (cells: ReadonlyArray<string>) =>
  cells.map((cell, index) => (index === 0 ? cell.padEnd(36) : cell.padStart(14))).join("")

const titles = ["", "latency", "rejected", "pace", "worst second", "CPU, µs", "round trips", "Redis, µs", "late, ms"]

const show = ({ contender, cpu, late, latency, pace, redis, rejected, roundTrips, worstSecond }: Measured) =>
  row([
    contender,
    latency,
    String(rejected),
    `${pace.toFixed(1)}/s`,
    String(worstSecond),
    cpu.toFixed(0),
    roundTrips.toFixed(2),
    redis.toFixed(0),
    late.toFixed(0)
  ])

const fallsShort = ({ late, pace, rejected, worstSecond }: Measured) =>
  [
    worstSecond > 100 ? "more than 100 sent in a second" : "",
    rejected > 0 ? "some were rejected" : "",
    pace < 85 ? `below 85 a second${late > 5 ? ", but the machine is too busy" : ""}` : ""
  ].filter((shortfall) => shortfall !== "")

const program = Effect.gen(function* () {
  if (!isInstalled) {
    yield* Console.log("redis-server is missing: apt-get install redis-server")
    return
  }
  const fileSystem = yield* FileSystem.FileSystem
  const programs = yield* Effect.flatMap(fileSystem.makeTempDirectoryScoped(), bundle)
  const [processes, requests] = [Number(flags.processes), Number(flags.requests)]
  yield* Console.log(`${processes} processes with ${requests} deletes each; the server allows 100 in any second.\n`)
  yield* Console.log(row(titles))
  for (const contender of names.filter((name) => name.includes(flags.only))) {
    for (const latency of ["5 ms", "50 ms"].filter((name) => flags.latency === undefined || name === flags.latency)) {
      const measured = yield* measure(programs, { contender, latency, processes, requests })
      yield* Console.log(show(measured))
      if (contender !== ours) continue
      for (const shortfall of fallsShort(measured)) {
        process.exitCode = 1
        yield* Console.log(`  falls short: ${shortfall}`)
      }
    }
  }
})

program.pipe(Effect.scoped, Effect.provide(NodeContext.layer), NodeRuntime.runMain)
