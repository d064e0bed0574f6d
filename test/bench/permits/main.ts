/**
 * `npm run bench:permits`: the CPU that a permit takes, with 100, 1,000 and 8,000 callers queued at once, in virtual time.
 * With 8,000 it may be at most twice what it is with 100. Part of it is no gate's: what callers and the clock take by
 * themselves is measured beside it.
 */
import { fileURLToPath } from "node:url"
import { Command } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Schema } from "effect"
import { percentile } from "../rate-limit/verdict.js"
import { type Subject, subjects } from "./subjects.js"

const Measurement = Schema.parseJson(Schema.Struct({ callers: Schema.Number, micros: Schema.Number }))

const program = fileURLToPath(new URL("measure.ts", import.meta.url))

/** The median by number of callers. */
const measure = (subject: Subject) =>
  Effect.gen(function* () {
    const lines = yield* Command.lines(
      Command.make(process.execPath, "--expose-gc", "--import", "tsx", program, subject.name)
    )
    const measurements = yield* Effect.forEach(lines, (line) => Schema.decode(Measurement)(line))
    const medians = new Map<number, number>()
    for (const callers of subject.callers) {
      const micros = measurements.filter((measurement) => measurement.callers === callers).map((each) => each.micros)
      const at = (share: number) => percentile(micros, share).toFixed(0).padStart(6)
      yield* Console.log(
        `${subject.name.padEnd(34)}${String(callers).padStart(8)}${at(0.5)}  (${at(0)} to ${at(1)}, ${micros.length} rounds)`
      )
      medians.set(callers, percentile(micros, 0.5))
    }
    return medians
  })

const main = Effect.gen(function* () {
  yield* Console.log("CPU for a permit, in microseconds: the median, and from the least to the most")
  yield* Console.log(`${"".padEnd(34)}${"callers".padStart(8)}`)
  const [ours] = yield* Effect.forEach(subjects, measure)
  const ratio = (ours?.get(8000) ?? Number.NaN) / (ours?.get(100) ?? Number.NaN)
  const holds = ratio <= 2
  yield* Console.log(
    `\n${holds ? "holds" : "falls short"}  RateLimit.instantly, with 8,000 callers at most twice as much as with 100: ${ratio.toFixed(2)}`
  )
  if (!holds) process.exitCode = 1
})

main.pipe(Effect.provide(NodeContext.layer), NodeRuntime.runMain)
