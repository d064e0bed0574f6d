/**
 * Measures one subject, as a process of its own: `measure.ts <name>`. Callers come all at once and virtual time jumps from
 * one wake-up to the next: so every permit goes through the gate and its schedule as it does in real time, and no time is
 * spent waiting. The CPU is that of the whole process, from the first caller until the last has its permit.
 *
 * Few callers are measured in many rounds, so that each measurement gives as many permits; the numbers of callers take
 * turns, so that what changes meanwhile changes for all.
 */
import { Effect, Exit } from "effect"
import { simulate } from "../../support/simulation.js"
import { subjects } from "./subjects.js"

const subject = subjects.find(({ name }) => name === process.argv[2])
if (subject === undefined) throw new Error(`There is no gate named ${process.argv[2]}`)

const queue = (callers: number) =>
  Effect.flatMap(subject.acquire, (acquire) =>
    Effect.replicateEffect(acquire, callers, { concurrency: "unbounded", discard: true })
  ).pipe(Effect.scoped)

/** Microseconds of CPU for a permit. */
const perPermit = async (callers: number) => {
  const times = Math.ceil(subject.permits / callers)
  globalThis.gc?.()
  const before = process.cpuUsage()
  for (let round = 0; round < times; round++) {
    const exit = await simulate(queue(callers), "1 hour")
    if (Exit.isFailure(exit)) throw new Error(String(exit.cause))
  }
  const { system, user } = process.cpuUsage(before)
  return (system + user) / (times * callers)
}

for (const callers of subject.callers) await perPermit(callers)
for (let round = 0; round < subject.rounds; round++) {
  for (const callers of subject.callers) console.log(JSON.stringify({ callers, micros: await perPermit(callers) }))
}
