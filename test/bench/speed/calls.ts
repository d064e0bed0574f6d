/** What a call costs each contender: each in a process of its own, all in turn, round after round. */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { type Name, names } from "./contenders.js"
import type { Cost, Task } from "./subject.js"

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/**
 * The subject, compiled, with this library as it is built and installed: what runs TypeScript on the fly names each
 * function when it is made, which costs more than many a function does.
 */
const compileSubject = async (): Promise<string> => {
  const outfile = here("../../.generated/speed/subject.js")
  await build({
    entryPoints: [here("subject.ts")],
    outfile,
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "node",
    target: "node20",
    tsconfigRaw: "{}"
  })
  return outfile
}

/** The next message of a process. One that ends instead has said why on its own. */
const answer = async (child: ChildProcess): Promise<unknown> => {
  const ended = new AbortController()
  const exit = once(child, "exit", { signal: ended.signal }).then(([code]) => {
    throw new Error(`a process has ended with ${code}`)
  })
  try {
    const [message] = await Promise.race([once(child, "message", { signal: ended.signal }), exit])
    return message
  } finally {
    ended.abort()
    exit.catch(() => undefined)
  }
}

const isCost = (message: unknown): message is Cost =>
  typeof message === "object" && message !== null && "cpu" in message && "p50" in message && "p99" in message

const ask = async (child: ChildProcess, task: Task): Promise<Cost> => {
  child.send(task)
  const message = await answer(child)
  if (!isCost(message)) throw new Error("a subject has not told what its calls cost")
  return message
}

/** Starts a server that answers every request with a deleted key. It ends when it is disconnected. */
export const startServer = async (): Promise<{ readonly origin: string; readonly stop: () => void }> => {
  const child = fork(here("server.ts"), { execArgv: ["--import", "tsx"] })
  return { origin: String(await answer(child)), stop: () => child.disconnect() }
}

export interface Plan {
  readonly rounds: number
  /** Calls of a contender in a round, for each number in flight. */
  readonly calls: number
  readonly inFlight: ReadonlyArray<number>
  /** Calls before the first round, for which nobody looks at the clock. */
  readonly warmUp: number
}

/** What the calls of a contender cost in each round. */
export type Costs = (name: Name) => ReadonlyArray<Cost>

/** What calls cost, for each number in flight. */
export const measureCalls = async (plan: Plan): Promise<ReadonlyArray<readonly [inFlight: number, costs: Costs]>> => {
  const file = await compileSubject()
  const server = await startServer()
  const subjects = names.map((name) => ({ name, child: fork(file, [name, server.origin]) }))
  try {
    for (const { child } of subjects) {
      for (const inFlight of plan.inFlight) await ask(child, { calls: plan.warmUp, inFlight })
    }
    const seen: Array<{ readonly name: Name; readonly inFlight: number; readonly cost: Cost }> = []
    for (let round = 0; round < plan.rounds; round++) {
      for (const inFlight of plan.inFlight) {
        for (const { child, name } of subjects) {
          seen.push({ name, inFlight, cost: await ask(child, { calls: plan.calls, inFlight }) })
        }
      }
    }
    return plan.inFlight.map((inFlight) => [
      inFlight,
      (name) => seen.filter((one) => one.inFlight === inFlight && one.name === name).map(({ cost }) => cost)
    ])
  } finally {
    for (const { child } of subjects) child.disconnect()
    server.stop()
  }
}
