/**
 * `npm run revoke`: deletes API keys from the command line. What it is asked to do is read here, and how it ended becomes
 * the exit code.
 */
import { Args, CliConfig, Command, HelpDoc, Options } from "@effect/cli"
import { NodeContext } from "@effect/platform-node"
import { Deferred, Effect, Option } from "effect"
import { carryOut } from "./carryOut.js"
import { cancelled, codes, usage } from "./ended.js"
import { Embedded, Live } from "./instantly.js"
import { prove } from "./leaked.js"
import * as Plan from "./plan.js"
import { stop } from "./signals.js"
import { tell } from "./terminal.js"

const description = HelpDoc.blocks(
  [
    `Deletes Instantly API keys, after asking. Without --live it does so at an Instantly embedded in this process. No
    secret is an argument: --leaked asks for it. --live calls with the key in INSTANTLY_API_KEY, and honours
    INSTANTLY_BASE_URL and INSTANTLY_WORKSPACE_ID. On a pipe, stdout has a receipt in each line, as JSON.`,
    "Ctrl-C: nothing more is sent, and what is under way finishes. A second Ctrl-C quits at once (130).",
    "Exit codes, of which the highest applies (2 only where nothing was deleted):",
    "0  all are gone",
    "1  some failed, were not found in this workspace or not sent, or a leaked secret is still accepted",
    "2  wrong usage, or cancelled",
    "3  of some it is not known",
    "4  not authorized (401), no plan (402) or no scope (403)"
  ].map((paragraph) => HelpDoc.p(paragraph.replaceAll(/\s*\n\s*/g, " ")))
)

const flag = (name: string, text: string) => Options.withDescription(Options.boolean(name), text)
const value = (name: string, what: string, text: string) =>
  Options.text(name).pipe(Options.withPseudoName(what), Options.withDescription(text), Options.optional)

const options = {
  ids: Args.repeated(Args.withDescription(Args.text({ name: "id" }), "The id of a key, a UUID.")),
  file: value("file", "FILE", "Reads ids from a file, one a line; # begins a comment."),
  stdin: flag("stdin", "Reads ids from stdin, in the same way."),
  name: value("name", "TEXT", "Takes all keys whose name contains this, in the same case."),
  leaked: flag("leaked", "Asks for a secret and which key it is, and proves at the end that the secret is dead."),
  dryRun: flag("dry-run", "Shows what would be deleted, and deletes nothing."),
  yes: flag("yes", "Does not ask. Needed where there is no terminal."),
  receipts: value("receipts", "FILE", "Keeps each receipt in this file, and resumes from it."),
  live: flag("live", "Deletes real keys.")
}

type Given = Plan.Options & { readonly live: boolean }

const work = (checked: Plan.Checked, given: Given, stopped: Deferred.Deferred<void>) =>
  Effect.gen(function* () {
    const halted = Effect.zipRight(Deferred.await(stopped), cancelled)
    const plan = yield* Effect.raceFirst(Plan.make(checked, given), halted)
    const code = Math.max(plan.code, yield* carryOut(plan.pending, given.receipts, stopped))
    if (Option.isNone(plan.secret)) return code
    const unproved = Effect.as(tell("Whether the secret is dead was not asked."), codes.unknown)
    return Math.max(
      code,
      yield* Effect.raceFirst(Effect.zipRight(Deferred.await(stopped), unproved), prove(plan.secret.value))
    )
  })

const revoke = (given: Given) =>
  Effect.gen(function* () {
    const stopped = yield* stop
    const checked = yield* Effect.raceFirst(Plan.check(given), Effect.zipRight(Deferred.await(stopped), cancelled))
    return yield* Effect.provide(work(checked, given, stopped), given.live ? Live : Embedded)
  }).pipe(
    Effect.scoped,
    Effect.catchTag("ConfigError", (error) => usage(String(error))),
    Effect.catchTag("Ended", ({ code, message }) => Effect.as(tell(message), code))
  )

const exitWith = (code: number) =>
  Effect.sync(() => {
    process.exitCode = code
  })

const command = Command.make("revoke", options, (given) => Effect.flatMap(revoke(given), exitWith)).pipe(
  Command.withDescription(description)
)

/** What the parser says of wrong arguments repeats them, and one may be a secret. */
const quietly = <A, E, R>(parse: Effect.Effect<A, E, R>) =>
  Effect.consoleWith((console) => Effect.withConsole(parse, { ...console, error: () => Effect.void }))

const run = Effect.gen(function* () {
  if (process.argv.includes("--wizard")) return yield* usage("There is no --wizard: it would show what is typed.")
  return yield* quietly(Command.run(command, { name: "revoke", version: "0.1.0" })(process.argv))
})

const program = run.pipe(
  Effect.catchAll((error) => {
    const { message } = error._tag === "Ended" ? error : usage("These arguments do not fit together.")
    return Effect.zipRight(tell(message), exitWith(codes.usage))
  }),
  Effect.provide([NodeContext.layer, CliConfig.layer({ showBuiltIns: false })])
)

// Not `NodeRuntime.runMain`, which interrupts at the first Ctrl-C what should finish.
await Effect.runPromise(program)
