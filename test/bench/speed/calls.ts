/** What a call costs each contender: each in a process of its own, all in turn, round after round. */
import { type ChildProcess, fork } from "node:child_process"
import type { Name } from "./contenders.js"
import { compile, messageOf, startServer } from "./processes.js"
import type { Cost, Task } from "./subject.js"

const isCost = (message: unknown): message is Cost =>
  typeof message === "object" && message !== null && "cpu" in message && "p50" in message && "p99" in message

const ask = async (child: ChildProcess, task: Task): Promise<Cost> => {
  child.send(task)
  const message = await messageOf(child)
  if (!isCost(message)) throw new Error("a subject has not told what its calls cost")
  return message
}

export interface Plan {
  readonly rounds: number
  /** Calls of a contender in a round, for each number in flight. */
  readonly calls: number
  readonly inFlight: ReadonlyArray<number>
  /** Calls before the first round, for each number in flight. They are not measured. */
  readonly warmUp: number
}

/** What the calls of a contender cost in each round. */
export type Costs = (name: Name) => ReadonlyArray<Cost>

const measure = async (
  plan: Plan,
  names: ReadonlyArray<Name>,
  execArgv: ReadonlyArray<string>
): Promise<ReadonlyMap<number, Costs>> => {
  const file = await compile("subject")
  const server = await startServer()
  const subjects = names.map((name) => ({
    name,
    child: fork(file, [name, server.origin], { execArgv: [...execArgv] })
  }))
  try {
    for (const { child } of subjects) {
      for (const inFlight of plan.inFlight) await ask(child, { calls: plan.warmUp, inFlight })
    }
    const seen: Array<{ readonly name: Name; readonly inFlight: number; readonly cost: Cost }> = []
    for (let round = 0; round < plan.rounds; round++) {
      for (const inFlight of plan.inFlight) {
        // Back and forth, so that none always comes first.
        for (const { child, name } of round % 2 === 0 ? subjects : subjects.toReversed()) {
          seen.push({ name, inFlight, cost: await ask(child, { calls: plan.calls, inFlight }) })
        }
      }
    }
    return new Map(
      plan.inFlight.map((inFlight) => [
        inFlight,
        (name) => seen.filter((one) => one.inFlight === inFlight && one.name === name).map(({ cost }) => cost)
      ])
    )
  } finally {
    for (const { child } of subjects) child.disconnect()
    server.stop()
  }
}

/** CPU and latency, for each number in flight. */
export const measureCalls = (plan: Plan, names: ReadonlyArray<Name>) => measure(plan, names, [])

/** Megabytes of the young generation. V8 uses half of it before it collects. */
const young = 64

/** Bytes allocated, for each number in flight: in processes whose young generation holds all that a round allocates. */
export const measureAllocations = (plan: Plan, names: ReadonlyArray<Name>) =>
  measure(plan, names, ["--expose-gc", `--min-semi-space-size=${young}`, `--max-semi-space-size=${young}`])
