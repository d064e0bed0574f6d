/** A process that knows one contender, makes calls when its parent asks, and answers with what they cost. */
import { contenders, isName } from "./contenders.js"
import { quantile } from "./statistics.js"

/** What is asked of a subject. */
export interface Task {
  readonly calls: number
  readonly inFlight: number
}

/** What a batch of calls cost: microseconds of this process for each, and milliseconds until it was answered. */
export interface Cost {
  readonly cpu: number
  readonly p50: number
  readonly p99: number
}

const [name = "", origin = ""] = process.argv.slice(2)
if (!isName(name)) throw new Error(`there is no contender ${name}`)
const run = contenders[name](origin)

process.on("message", async ({ calls, inFlight }: Task) => {
  const before = process.cpuUsage()
  const latencies = await run(calls, inFlight)
  const { system, user } = process.cpuUsage(before)
  process.send?.({
    cpu: (user + system) / calls,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99)
  } satisfies Cost)
})
process.on("disconnect", () => process.exit())
