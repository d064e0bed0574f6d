/**
 * Revokes and rotates keys by workflows that survive their process. Start as many workers as you like, on several machines:
 *
 *     npx tsx examples/durable/main.ts work
 *
 * A run is started by its name, or found if it was started before. What is printed at its end are its receipts, or its report:
 *
 *     npx tsx examples/durable/main.ts revoke <name of the run> <id>...
 *     npx tsx examples/durable/main.ts rotate <name of the run> <id>
 *
 * It ends with 0 if all of it is done, with 1 if a person has to look at what was printed, and with 2 if the arguments are
 * wrong.
 */
import { NodeContext, NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { Config, Console, Effect, Layer, Logger, Schema } from "effect"
import { type ApiKey, Revocation } from "effect-instantly"
import { idFrom, messageOf, runToEnd, Usage } from "../ended.js"
import { describe } from "../rotation/report.js"
import { Client, InstantlyLive, Postgres, Tables, Worker } from "./layers.js"
import * as Revoke from "./revoke.js"
import * as Rotate from "./rotate.js"
import { VaultLive } from "./vault.js"

/** What runs the workflows. The logs are on stderr. */
const work = Layer.unwrapEffect(
  Effect.gen(function* () {
    const passes = yield* Config.withDefault(Config.integer("PASSES"), 10)
    const pause = yield* Config.withDefault(Config.duration("PAUSE"), "5 minutes")
    const patience = yield* Config.withDefault(Config.duration("PATIENCE"), "5 minutes")
    return Layer.merge(Revoke.layer({ passes, pause }), Rotate.layer({ patience }))
  })
).pipe(
  Layer.provide([InstantlyLive, Tables, VaultLive]),
  Layer.provide(Worker),
  Layer.provide([Postgres, NodeContext.layer, NodeHttpClient.layerUndici]),
  Layer.launch
)

const toLine = Schema.encode(Schema.parseJson(Revocation.Receipt))

/** What was asked for is not done: a person has to read what was printed. */
const setExitCode = Effect.sync(() => {
  process.exitCode = 1
})

const revoke = (run: string, ids: ReadonlyArray<ApiKey.ApiKeyId>) =>
  Revoke.Revoke.execute({ run, ids }).pipe(
    Effect.tap(Effect.forEach((receipt) => Effect.flatMap(toLine(receipt), Console.log), { discard: true })),
    Effect.flatMap((receipts) => Effect.unless(setExitCode, () => receipts.every(Revocation.isSettled))),
    Effect.provide(Client)
  )

const rotate = (run: string, old: ApiKey.ApiKeyId) =>
  Rotate.Rotate.execute({ run, old }).pipe(
    Effect.tap((report) => Console.log(describe(report))),
    Effect.flatMap(({ _tag }) => Effect.unless(setExitCode, () => _tag === "Rotated")),
    Effect.provide(Client)
  )

const usage = "Usage: npx tsx examples/durable/main.ts work | revoke <run> <id>... | rotate <run> <id>"

const [command, run, ...given] = process.argv.slice(2)

const started = Effect.gen(function* () {
  const [id, ...others] = yield* Effect.forEach(given, (argument) => idFrom(argument, usage))
  if (run !== undefined && id !== undefined) {
    if (command === "revoke") return yield* revoke(run, [id, ...others])
    if (command === "rotate" && others.length === 0) return yield* rotate(run, id)
  }
  return yield* new Usage({ message: usage })
})

const logs = Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger))

if (command === "work") {
  work.pipe(
    Effect.tapError((error) => Console.error(messageOf(error))),
    Effect.provide(logs),
    NodeRuntime.runMain({ disableErrorReporting: true, disablePrettyLogger: true })
  )
} else await runToEnd(Effect.provide(started, logs))
