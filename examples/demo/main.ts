/**
 * `npm run demo` shows the library at work against Instantly embedded in this process.
 * `npm run demo -- --live <id>` deletes one real API key, with the key in `INSTANTLY_API_KEY`, after asking (or `--yes`).
 */
import { parseArgs } from "node:util"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { live } from "./live.js"
import { story } from "./story.js"

const usage = `npm run demo                       deletes keys of its own at an Instantly embedded in this process
npm run demo -- --live <id>        deletes this API key at Instantly, with INSTANTLY_API_KEY, after asking
npm run demo -- --live <id> --yes  the same, without asking`

const readArguments = Effect.try({
  try: () => {
    const yes = { type: "boolean", default: false } as const
    const { values } = parseArgs({ options: { live: { type: "string" }, yes, help: yes } })
    if (values.yes && values.live === undefined) throw new Error(usage)
    return values
  },
  // What was given is not repeated: it may be a secret.
  catch: () => new Error(`That is not how it is used:\n${usage}`)
})

const program = Effect.gen(function* () {
  const { help, live: id, yes } = yield* readArguments
  if (help) return yield* Console.log(usage)
  return yield* id === undefined ? story : live(id, { yes })
})

program.pipe(
  Effect.catchAll((error) =>
    Effect.zipRight(
      Console.error(error.message),
      Effect.sync(() => {
        process.exitCode = 1
      })
    )
  ),
  NodeRuntime.runMain
)
