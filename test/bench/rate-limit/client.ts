/** One contender that deletes many keys at once, as a process of its own: `client.ts <name> <url> <requests>`. */
import { Effect } from "effect"
import { contenderNamed } from "./contenders.js"

const [name, url = "", requests] = process.argv.slice(2)
const contender = contenderNamed(name)
const ids = Array.from(
  { length: Number(requests) },
  (_, index) => `019e18e2-78d4-7322-941a-${index.toString(16).padStart(12, "0")}`
)

const begun = performance.now()
await Effect.runPromise(contender.deleteAll({ url, ids }))
console.log(JSON.stringify({ seconds: (performance.now() - begun) / 1000, cpu: process.cpuUsage().user / 1e6 }))
// A limiter may leave timers behind.
process.exit()
