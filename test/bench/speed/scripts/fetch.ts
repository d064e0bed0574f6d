/** Deletes one key with `fetch`: `fetch.mjs <origin>`. */
import { headers, path } from "../key.js"

const response = await fetch(`${process.argv[2]}${path}`, { method: "DELETE", headers })
if (!response.ok) throw new Error(`status ${response.status}`)
await response.json()
