/**
 * `npm run simulate` tries rate-limit policies before they are used. It prints a table, and draws a picture. With wrong
 * options it says what is wrong with them, and ends with 2.
 */
import { writeFile } from "node:fs/promises"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Option } from "effect"
import { say } from "../demo/print.js"
import { candidatesOf, load } from "./candidates.js"
import * as Options from "./options.js"
import { picture } from "./picture.js"
import * as policies from "./policies.js"
import { simulate } from "./simulation.js"
import { heading, notes, table } from "./table.js"

const program = Effect.gen(function* () {
  const { help, path, picture: file, workspace } = yield* Options.read(process.argv.slice(2))
  if (help) return yield* Console.log(Options.help)
  const candidates = yield* Option.match(path, { onNone: () => Effect.succeed(candidatesOf(policies)), onSome: load })
  yield* say(heading(workspace), "")
  const all = yield* Effect.forEach(candidates, (candidate) => simulate(candidate, workspace))
  yield* Console.log(`\n${table(all, workspace)}\n`)
  yield* Effect.forEach(
    all.flatMap((simulated) => notes(simulated, workspace)),
    (note) => say(note, "")
  )
  yield* Effect.tryPromise({
    try: () => writeFile(file, picture(all, workspace)),
    catch: (error) => new Options.WrongUsage({ message: `The picture could not be written. ${String(error)}` })
  })
  yield* Console.log(`The picture is in ${file}`)
})

program.pipe(
  Effect.catchTag("WrongUsage", ({ message }) =>
    Effect.zipRight(
      Console.error(message),
      Effect.sync(() => {
        process.exitCode = 2
      })
    )
  ),
  NodeRuntime.runMain
)
