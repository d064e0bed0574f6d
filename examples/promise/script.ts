/**
 * A script without Effect. It lists the keys, or deletes those with these ids and says what became of each:
 * `INSTANTLY_API_KEY=… npx tsx examples/promise/script.ts [<id>...]`. After Ctrl-C it sends no more, and waits for the
 * calls under way; a second Ctrl-C ends it at once.
 */
import { printable } from "../printable.js"
import { type Connection, connect, errorIn, type Receipt } from "./connect.js"

const { INSTANTLY_API_KEY: apiKey, INSTANTLY_BASE_URL: baseUrl } = process.env
const ids = process.argv.slice(2)

const describe = (receipt: Receipt) => {
  if (receipt._tag === "Deleted") return `deleted ${printable(receipt.name ?? receipt.id)}`
  return `${receipt.id}: ${receipt._tag === "Skipped" ? receipt.reason : receipt.message}`
}

const revoke = async (instantly: Connection) => {
  const stop = new AbortController()
  process.once("SIGINT", () => {
    console.error("stopping: waiting for the calls under way")
    stop.abort()
  })
  let left = ids.length
  for await (const receipt of instantly.revokeAll(ids, { stop: stop.signal })) {
    left -= 1
    console.log(describe(receipt))
    if (receipt._tag !== "Deleted") process.exitCode = 1
  }
  if (left === 0) return
  console.error(`${left} not sent`)
  process.exitCode = 1
}

const main = async (apiKey: string) => {
  const instantly = connect({ apiKey, baseUrl })
  try {
    if (ids.length > 0) await revoke(instantly)
    else for (const key of await instantly.list()) console.log(key.id, printable(key.name))
  } catch (e) {
    console.error(errorIn(e)?.message ?? (e instanceof Error ? e.message : String(e)))
    process.exitCode = 1
  } finally {
    await instantly.close()
  }
}

if (apiKey) await main(apiKey)
else {
  console.error("INSTANTLY_API_KEY is not set.")
  process.exitCode = 1
}
