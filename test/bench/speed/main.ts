/**
 * `npm run bench`: what a delete costs beside the same without this library, and what a user feels of it. The verdicts are
 * on the measures that have a limit. `-- --quick` only shows that it runs, `-- --part <bundle, starts, keys or calls>` runs
 * one part. `test/bench/README.md` says how to read it.
 */
import { cpus } from "node:os"
import { parseArgs } from "node:util"
import { imports, measureBundle } from "./bundle.js"
import { type Costs, measureAllocations, measureCalls } from "./calls.js"
import { measureColdImport } from "./coldImport.js"
import { measureColdStarts, type Script, scripts } from "./coldStart.js"
import { names, ofTransports } from "./contenders.js"
import { measureManyKeys } from "./manyKeys.js"
import { costTable, latencyTable, type Measured, rulesOf, socketTable } from "./onTransports.js"
import { median, ratios, spread } from "./statistics.js"
import { holds, type Rule, table, verdicts } from "./table.js"

const { values } = parseArgs({
  options: { quick: { type: "boolean", default: false }, part: { type: "string" } }
})

const plan = values.quick
  ? { rounds: 2, calls: 20, allocationRounds: 2, warmUp: 50, keys: 100, keyRounds: 1, starts: 2 }
  : { rounds: 40, calls: 200, allocationRounds: 7, warmUp: 2000, keys: 1000, keyRounds: 3, starts: 15 }
const inFlight = [1, 50]
/** So few that the young generation holds what they allocate. */
const callsOfAllocations = Math.min(plan.calls, 100)

/** Bytes that the library may add to a bundle. */
const mostBytes = 8000
/** How much longer than at exactly 100 a second many deletes may take. */
const mostOverLimit = 1.09
/** Milliseconds that the timers of an idle machine are late at most. */
const mostLate = 5

const none: Costs = () => []

const calls = async (): Promise<ReadonlyArray<Rule>> => {
  console.log(`${plan.rounds} rounds in which all take turns, ${plan.calls} calls each; medians over the rounds (quartiles).
Each contender is a process of its own, the server another. CPU is that of the contender's process. A ratio compares
two contenders within a round, so that whatever slows the machine slows both.
effect-instantly has its default policies, except for RateLimit.unlimited: a gate that paces would be all that is measured.
`)
  const costs = await measureCalls({ ...plan, inFlight }, names)
  const allocations = await measureAllocations(
    { rounds: plan.allocationRounds, calls: callsOfAllocations, inFlight, warmUp: plan.warmUp },
    ofTransports
  )
  const measured = inFlight.map(
    (count): Measured => ({
      inFlight: count,
      calls: costs.get(count) ?? none,
      allocations: allocations.get(count) ?? none
    })
  )
  for (const each of measured) console.log(costTable(each))
  for (const each of measured) console.log(latencyTable(each))
  for (const each of measured) console.log(socketTable(each, names))
  return measured.flatMap(rulesOf)
}

const keys = async (): Promise<ReadonlyArray<Rule>> => {
  const many = await measureManyKeys(plan.keys, plan.keyRounds)
  console.log(
    table(
      [`${plan.keys} keys, default policies, × what 100 a second takes`, "rejected", "timers late (p99), ms"],
      many.map(({ late, ratio, rejected }) => [ratio.toFixed(3), String(rejected), late.toFixed(0)])
    )
  )
  return [
    {
      measure: `time to delete ${plan.keys} keys ÷ what 100 a second takes`,
      sample: many.map(({ ratio }) => ratio),
      atMost: mostOverLimit,
      digits: 3,
      isTooBusy: many.some(({ late }) => late > mostLate)
    }
  ]
}

const saysOf: Readonly<Record<Script, string>> = {
  fetch: "fetch, which checks nothing",
  platform: "@effect/platform and Schema",
  library: "effect-instantly, as it is installed",
  bundled: "effect-instantly, bundled into one file"
}

const starts = async (): Promise<ReadonlyArray<Rule>> => {
  const times = await measureColdStarts(plan.starts)
  console.log(
    table(
      [`a script that deletes one key, ${plan.starts} of each`, "from node to its end, ms", "× fetch"],
      scripts.map((script) => [
        saysOf[script],
        median(times[script]).toFixed(0),
        spread(ratios(times[script], times.fetch), 2)
      ])
    )
  )
  const cold = await measureColdImport(plan.starts)
  const withoutStart = (sample: ReadonlyArray<number>) =>
    sample.map((value, round) => value - (cold.nothing[round] ?? 0))
  console.log(
    table(
      [`import in a fresh process, ${plan.starts} of each`, "CPU, × an empty process"],
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
  )
  return []
}

const bundle = async (): Promise<ReadonlyArray<Rule>> => {
  const size = await measureBundle(imports.whole)
  const byModule = await measureBundle(imports.byModule)
  console.log(
    table(
      ["bundle, minified by esbuild", "bytes"],
      [
        ["deletes a key with Fetch, gzipped", String(size.program)],
        [
          `keeps the ${size.exports} exports of ${size.modules} modules of Effect that it uses, and does nothing, gzipped`,
          String(size.baseline)
        ],
        ["the difference", String(size.program - size.baseline)],
        [
          "the difference, where this library is imported module by module",
          String(byModule.program - byModule.baseline)
        ],
        ["of the first, from effect-instantly, not gzipped", String(size.own)]
      ]
    )
  )
  return [
    {
      measure: "bytes that a delete adds to a bundle, gzipped",
      sample: [size.program - size.baseline],
      atMost: mostBytes,
      digits: 0
    }
  ]
}

console.log(`Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? "an unknown CPU"}\n`)

const parts: Readonly<Record<string, () => Promise<ReadonlyArray<Rule>>>> = { bundle, starts, keys, calls }
if (values.part !== undefined && !Object.hasOwn(parts, values.part)) {
  throw new Error(`there is no part ${values.part}, only ${Object.keys(parts).join(", ")}`)
}
const rules: Array<Rule> = []
for (const [part, measure] of Object.entries(parts)) {
  if ((values.part ?? part) === part) rules.push(...(await measure()))
}
if (rules.length > 0) console.log(verdicts(rules))
if (!(values.quick || rules.every(holds))) process.exitCode = 1
