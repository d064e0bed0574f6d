/**
 * `npm run demo` shows the library at work against Instantly embedded in this process.
 * `npm run demo -- --live <id>` asks, and then deletes one real API key. It authenticates with `INSTANTLY_API_KEY`.
 */
import { parseArgs } from "node:util"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { messageOf } from "../ended.js"
import { live } from "./live.js"
import { story } from "./story.js"

const usage = `Usage:
  npm run demo                       shows the library at work on keys of its own
  npm run demo -- --live <id>        deletes this real key, after a question
  npm run demo -- --live <id> --yes  deletes it without a question
With --live it authenticates with the key in INSTANTLY_API_KEY.`

const readArguments = Effect.try({
  try: () => {
    const yes = { type: "boolean", default: false } as const
    const { values } = parseArgs({ options: { live: { type: "string" }, yes, help: yes } })
    if (values.yes && values.live === undefined) throw new Error("--yes without --live")
    return values
  },
  // The message does not repeat the arguments: one may be a secret.
  catch: () => new Error(`The arguments are wrong. Nothing was sent.\n${usage}`)
})

const program = Effect.gen(function* () {
  const { help, live: id, yes } = yield* readArguments
  if (help) return yield* Console.log(usage)
  return yield* id === undefined ? story : live(id, { yes })
})

program.pipe(
  Effect.catchAll((error) =>
    Effect.zipRight(
      Console.error(messageOf(error)),
      Effect.sync(() => {
        process.exitCode = 1
      })
    )
  ),
  NodeRuntime.runMain
)
