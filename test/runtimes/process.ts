/** Runs the suite as a process of Node, Bun or Deno: the plan and the client's name are its arguments, and it prints the results. */
// Not by the index of the package, which reads the environment and so needs a permission in Deno.
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { runWith } from "./suite.js"

/** Only the one that is named is loaded: Fetch must do without anything of Node. */
const clients = {
  Fetch: async () => FetchHttpClient.layer,
  Undici: async () => (await import("@effect/platform-node/NodeHttpClient")).layerUndici,
  "node:http": async () => (await import("@effect/platform-node/NodeHttpClient")).layer
}

const [plan = "", name = ""] = process.argv.slice(2)
const client = Object.entries(clients).find(([key]) => key === name)?.[1] ?? clients.Fetch
console.log(JSON.stringify(await runWith(await client(), JSON.parse(plan))))
