/**
 * `npm run demo` shows the library at work against Instantly embedded in this process.
 * `npm run demo -- --live <id>` deletes one real API key, with the key in `INSTANTLY_API_KEY`, after asking (or `--yes`).
 */
import { parseArgs } from "node:util"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { embedded } from "./embedded.js"
import { live } from "./live.js"

const usage = "Usage: npm run demo [-- --live <id of the API key> [--yes]]"

const program = Effect.gen(function* () {
  const { values } = yield* Effect.try({
    try: () => parseArgs({ options: { live: { type: "string" }, yes: { type: "boolean", default: false } } }),
    // What was given is not repeated: it may be a secret.
    catch: () => new Error(usage)
  })
  if (values.live === undefined) return yield* embedded
  return yield* live(values.live, values)
})

program.pipe(
  Effect.catchAll((error) =>
    Effect.zipRight(
      Console.error(error.message === "" ? String(error) : error.message),
      Effect.sync(() => {
        process.exitCode = 1
      })
    )
  ),
  Effect.provide(NodeContext.layer),
  NodeRuntime.runMain
)
