/**
 * A process that knows one contender. It makes calls when its parent asks, and reports what they cost.
 *
 * Bytes are counted where the parent starts it with a young generation that holds all that a task allocates: then nothing
 * is collected before the task ends, and the heap has grown by exactly what was allocated.
 */
import { PerformanceObserver } from "node:perf_hooks"
import { setTimeout } from "node:timers/promises"
import { contenders, isName } from "./contenders.js"
import { quantile } from "./statistics.js"

/** What is asked of a subject. */
export interface Task {
  readonly calls: number
  readonly inFlight: number
}

/** What a batch of calls cost. */
export interface Cost {
  /** Microseconds of this process for each. */
  readonly cpu: number
  /** Milliseconds until the response was read. */
  readonly p50: number
  readonly p99: number
  /** Bytes allocated on the heap for each; nothing where some were collected before they were counted. */
  readonly bytes?: number | undefined
}

const [name = "", origin = ""] = process.argv.slice(2)
if (!isName(name)) throw new Error(`there is no contender ${name}`)
const run = contenders[name](origin)

let collections = 0
new PerformanceObserver((list) => {
  collections += list.getEntries().length
}).observe({ entryTypes: ["gc"] })

/** By then the observer has heard of the collections up to now, and what they free has been finalized. */
const settled = () => setTimeout(20)

const measure = async ({ calls, inFlight }: Task): Promise<Cost> => {
  if (globalThis.gc !== undefined) {
    globalThis.gc()
    await settled()
  }
  const collectionsBefore = collections
  const heapBefore = process.memoryUsage().heapUsed
  const cpuBefore = process.cpuUsage()
  const latencies = await run(calls, inFlight)
  const { system, user } = process.cpuUsage(cpuBefore)
  const allocated = process.memoryUsage().heapUsed - heapBefore
  await settled()
  return {
    cpu: (user + system) / calls,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    bytes: collections === collectionsBefore ? allocated / calls : undefined
  }
}

process.on("message", async (task: Task) => process.send?.(await measure(task)))
process.on("disconnect", () => process.exit())
