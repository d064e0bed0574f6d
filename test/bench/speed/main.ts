/**
 * `npm run bench`: what a deletion costs beside the same without this library. Every figure is a ratio of CPU in one run,
 * or a size; the verdicts are on those that the design sets. `-- --quick` only shows that it runs.
 */
import { cpus } from "node:os"
import { parseArgs } from "node:util"
import { measureBundle } from "./bundle.js"
import { type Costs, measureCalls, type Plan } from "./calls.js"
import { measureColdImport } from "./coldImport.js"
import { type Name, names } from "./contenders.js"
import { median, ratios, spread, verdict } from "./statistics.js"

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } })

const plan: Plan = values.quick
  ? { rounds: 2, calls: 20, inFlight: [1, 50], warmUp: 50 }
  : { rounds: 15, calls: 500, inFlight: [1, 50], warmUp: 2000 }
const imports = values.quick ? 2 : 9

/** By how much a deletion may cost more than the same on the platform alone. */
const mostOverPlatform = 1.25
/** By how much one over Undici may cost more than a `fetch` that checks nothing. */
const mostOverFetch = 1
/** Bytes that the library may add to a bundle. */
const mostBytes = 6000

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>) => {
  const line = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |`
  console.log([line(head), line(head.map(() => "---")), ...rows.map(line), ""].join("\n"))
}

const counted = (count: number) => `${count} in flight`

const cpu = (costs: Costs, name: Name) => costs(name).map((cost) => cost.cpu)

const over = (costs: Costs, name: Name, reference: Name) => ratios(cpu(costs, name), cpu(costs, reference))

const judged = (what: string, sample: ReadonlyArray<number>, limit: number, digits: number) => [
  what,
  spread(sample, digits),
  String(limit),
  verdict(sample, limit)
]

const showCalls = (measured: ReadonlyArray<readonly [inFlight: number, costs: Costs]>) => {
  for (const [inFlight, costs] of measured) {
    const row = (name: Name, reference: Name) => [
      name,
      spread(over(costs, name, reference), 2),
      median(costs(name).map(({ p50 }) => p50)).toFixed(2),
      median(costs(name).map(({ p99 }) => p99)).toFixed(2)
    ]
    const isInMemory = (name: Name) => name.endsWith("in memory")
    table(
      [`over a socket, ${counted(inFlight)}`, "CPU of a call, × fetch", "p50, ms", "p99, ms"],
      names.filter((name) => !isInMemory(name)).map((name) => row(name, "fetch"))
    )
    table(
      [`in memory, ${counted(inFlight)}`, "CPU of a call, × platform", "p50, ms", "p99, ms"],
      names.filter(isInMemory).map((name) => row(name, "@effect/platform and Schema, in memory"))
    )
  }
}

console.log(`${plan.rounds} rounds in which all take turns, ${plan.calls} calls each; medians over the rounds (quartiles).
Each contender is a process of its own, the server another. CPU is the contender's process alone.
effect-instantly has its default policies, but RateLimit.unlimited: a gate that paces would be all that is measured.
Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? "an unknown CPU"}
`)

const measured = await measureCalls(plan)
showCalls(measured)

const cold = await measureColdImport(imports)
const withoutStart = (sample: ReadonlyArray<number>) => sample.map((value, round) => value - (cold.nothing[round] ?? 0))
table(
  [`import in a fresh process, ${imports} of each`, "CPU, × an empty process"],
  [
    ["nothing", spread(ratios(cold.nothing, cold.nothing), 2)],
    ["the modules of Effect that effect-instantly imports", spread(ratios(cold.effect, cold.nothing), 2)],
    ["effect-instantly", spread(ratios(cold.own, cold.nothing), 2)],
    [
      "effect-instantly ÷ those modules, without the start of Node",
      spread(ratios(withoutStart(cold.own), withoutStart(cold.effect)), 2)
    ]
  ]
)

const size = await measureBundle()
table(
  ["bundle, minified by esbuild", "bytes"],
  [
    ["deletes a key with Fetch, gzipped", String(size.program)],
    [
      `keeps the ${size.exports} exports of ${size.modules} modules of Effect that it uses, and does nothing, gzipped`,
      String(size.baseline)
    ],
    ["the difference", String(size.program - size.baseline)],
    ["of the first, from effect-instantly, not gzipped", String(size.own)]
  ]
)

table(
  ["measure", "median (quartiles)", "at most", ""],
  [
    ...measured.flatMap(([inFlight, costs]) => [
      judged(
        `CPU of a delete ÷ the same on @effect/platform, Fetch, ${counted(inFlight)}`,
        over(costs, "effect-instantly, Fetch", "@effect/platform and Schema, Fetch"),
        mostOverPlatform,
        2
      ),
      judged(
        `CPU of a delete ÷ the same on @effect/platform, Undici, ${counted(inFlight)}`,
        over(costs, "effect-instantly, Undici", "@effect/platform and Schema, Undici"),
        mostOverPlatform,
        2
      ),
      judged(
        `CPU of a delete on Undici ÷ a fetch that checks nothing, ${counted(inFlight)}`,
        over(costs, "effect-instantly, Undici", "fetch"),
        mostOverFetch,
        2
      )
    ]),
    judged("bytes that a deletion adds to a bundle, gzipped", [size.program - size.baseline], mostBytes, 0)
  ]
)
