/** `npm run simulate` tries rate-limit policies before they are used: those that a module exports, or those of `policies.ts`. */
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { parseArgs } from "node:util"
import { Console, Effect } from "effect"
import { say } from "../demo/print.js"
import * as usual from "./policies.js"
import { policiesOf, simulate } from "./simulation.js"
import { heading, notes, table } from "./table.js"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    requests: { type: "string", default: "10000" },
    "in-flight": { type: "string", default: "25" },
    others: { type: "string", default: "0" },
    jitter: { type: "string", default: "50" },
    seed: { type: "string", default: "1" }
  }
})

const number = (text: string) => {
  if (!(Number(text) >= 0)) throw new RangeError(`${text} is not a number of at least 0`)
  return Number(text)
}

const workspace = {
  requests: number(values.requests),
  inFlight: number(values["in-flight"]),
  others: number(values.others),
  jitter: number(values.jitter),
  seed: number(values.seed)
}

const [path] = positionals
const exports: object = path === undefined ? usual : await import(pathToFileURL(resolve(path)).href)

await Effect.runPromise(
  Effect.gen(function* () {
    yield* say(heading(workspace), "")
    const all = yield* Effect.forEach(policiesOf(exports), ([name, policy]) => simulate(name, policy, workspace))
    yield* Console.log(`\n${table(all, workspace)}`)
    yield* Effect.forEach(
      all.flatMap((simulated) => notes(simulated, workspace)),
      (note) => say(`\n${note}`, "")
    )
  })
)
