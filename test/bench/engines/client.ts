/** One process of several that delete many keys at once: `client.ts <name> <url> <redis port> <requests> <process>`. */
import { Redis } from "ioredis"
import { contenderNamed } from "./contenders.js"

const [name, url = "", redisPort, requests, number] = process.argv.slice(2)

/** Commands to Redis, of whichever connection. */
let commands = 0
const { sendCommand } = Redis.prototype
Redis.prototype.sendCommand = function (...command) {
  commands++
  return sendCommand.apply(this, command)
}

const sent: Array<number> = []
const deleteAll = await contenderNamed(name).prepare({
  url,
  redisPort: Number(redisPort),
  ids: Array.from(
    { length: Number(requests) },
    (_, index) => `019e18e2-78d4-7322-941${number}-${index.toString(16).padStart(12, "0")}`
  ),
  // all processes of a machine share this clock
  sending: () => sent.push(Number(process.hrtime.bigint()) / 1e6)
})
console.log("ready")
await new Promise((resolve) => process.stdin.once("data", resolve))

const before = { commands, cpu: process.cpuUsage() }
await deleteAll()
const { system, user } = process.cpuUsage(before.cpu)
console.log(JSON.stringify({ sent, cpu: user + system, commands: commands - before.commands }))
process.exit()
