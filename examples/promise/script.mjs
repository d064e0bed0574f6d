/**
 * A script in JavaScript, without Effect. It lists the keys, or deletes one and tells what became of it, also after Ctrl-C:
 * `INSTANTLY_API_KEY=… npx tsx examples/promise/script.mjs [<id>]`.
 */
import { InstantlyError } from "effect-instantly"
import { printable } from "../printable.js"
import { connect } from "./connect.js"

const { INSTANTLY_API_KEY: apiKey, INSTANTLY_BASE_URL: baseUrl } = process.env
const [id] = process.argv.slice(2)

const whatBecameOfIt = {
  NotApplied: "Nothing was changed.",
  Unknown: "The key may be gone: list the keys.",
  Applied: "The key is gone."
}

const main = async () => {
  const stop = new AbortController()
  process.once("SIGINT", () => stop.abort())
  const instantly = connect({ apiKey, baseUrl })
  try {
    if (id === undefined) {
      for (const key of await instantly.list()) console.log(key.id, printable(key.name))
    } else {
      const { name } = await instantly.revoke(id, { signal: stop.signal })
      console.log(`deleted ${printable(name)}`)
    }
  } catch (e) {
    const error = InstantlyError.fromRejection(e) ?? e
    if (error instanceof InstantlyError.Unauthorized) console.error("INSTANTLY_API_KEY is not accepted.")
    else console.error(error.message)
    const whatBecame = whatBecameOfIt[error.outcome]
    if (whatBecame !== undefined) console.error(whatBecame)
    process.exitCode = 1
  } finally {
    await instantly.close()
  }
}

if (apiKey) await main()
else {
  console.error("INSTANTLY_API_KEY is not set.")
  process.exitCode = 1
}
