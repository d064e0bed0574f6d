/**
 * `npm run revoke` deletes API keys from the command line. This file reads the arguments, and turns the end into an exit
 * code.
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
    `Deletes Instantly API keys, after a question. Without --live it works on made-up keys in this process. With --live
    it authenticates with INSTANTLY_API_KEY, and reads INSTANTLY_BASE_URL and INSTANTLY_WORKSPACE_ID. A secret is never an
    argument: --leaked asks for it. If stdout is not a terminal, each line of it is a receipt, as JSON.`,
    "Ctrl-C stops: nothing more is sent, and what is under way finishes. A second Ctrl-C quits at once (130).",
    "Exit codes (the highest that applies; 2 means that nothing was deleted):",
    "0  all keys are gone",
    "1  some failed, were not found in this workspace or not sent, or a leaked secret is still accepted",
    "2  wrong usage, or cancelled",
    "3  it is not known whether some are gone",
    "4  not authorized (401), no plan (402) or no scope (403)"
  ].map((paragraph) => HelpDoc.p(paragraph.replaceAll(/\s*\n\s*/g, " ")))
)

const flag = (name: string, text: string) => Options.withDescription(Options.boolean(name), text)
const value = (name: string, what: string, text: string) =>
  Options.text(name).pipe(Options.withPseudoName(what), Options.withDescription(text), Options.optional)

const options = {
  ids: Args.repeated(Args.withDescription(Args.text({ name: "id" }), "The id of a key, a UUID.")),
  file: value("file", "FILE", "Reads ids from a file, one on each line; # begins a comment."),
  stdin: flag("stdin", "Reads ids from stdin in the same way."),
  name: value("name", "TEXT", "Takes all keys whose name contains this text (case matters)."),
  leaked: flag("leaked", "Asks for a secret and its key, and checks at the end that the secret is dead."),
  dryRun: flag("dry-run", "Shows what would be deleted, and deletes nothing."),
  yes: flag("yes", "Does not ask. Required if there is no terminal."),
  receipts: value("receipts", "FILE", "Adds each receipt to this file, and skips what the file says is settled."),
  live: flag("live", "Deletes real keys.")
}

type Given = Plan.Options & { readonly live: boolean }

const work = (checked: Plan.Checked, given: Given, stopped: Deferred.Deferred<void>) =>
  Effect.gen(function* () {
    const halted = Effect.zipRight(Deferred.await(stopped), cancelled)
    const plan = yield* Effect.raceFirst(Plan.make(checked, given), halted)
    const code = Math.max(plan.code, yield* carryOut(plan.pending, given.receipts, stopped))
    if (Option.isNone(plan.secret)) return code
    const unproved = Effect.as(tell("It was not checked whether the secret is dead."), codes.unknown)
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

/** The parser repeats wrong arguments in its message, and one may be a secret. */
const quietly = <A, E, R>(parse: Effect.Effect<A, E, R>) =>
  Effect.consoleWith((console) => Effect.withConsole(parse, { ...console, error: () => Effect.void }))

const run = Effect.gen(function* () {
  if (process.argv.includes("--wizard")) return yield* usage("There is no --wizard: it would show what you type.")
  return yield* quietly(Command.run(command, { name: "revoke", version: "0.1.0" })(process.argv))
})

const program = run.pipe(
  Effect.catchAll((error) => {
    const { message } = error._tag === "Ended" ? error : usage("The arguments are wrong.")
    return Effect.zipRight(tell(message), exitWith(codes.usage))
  }),
  Effect.provide([NodeContext.layer, CliConfig.layer({ showBuiltIns: false })])
)

// `NodeRuntime.runMain` would interrupt what is under way at the first Ctrl-C.
await Effect.runPromise(program)
