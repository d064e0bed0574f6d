/** One contender that sends for some time, as a process of its own: `client.ts <name> <url> <seconds>`. */
import { Effect } from "effect"
import { contenders } from "./contenders.js"

const [name, url = "", seconds] = process.argv.slice(2)
const contender = contenders.find((each) => each.name === name)
if (contender === undefined) throw new Error(`There is nothing to compare that is named ${name}`)

await Effect.runPromise(Effect.timeoutOption(contender.sendAll(url), `${Number(seconds)} seconds`))
// A limiter may leave timers behind.
process.exit()
