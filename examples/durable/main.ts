/**
 * Revokes and rotates keys by workflows that survive their process. Start as many workers as you like, on several machines:
 *
 *     npx tsx examples/durable/main.ts work
 *
 * A run is started by its name, or found if it was started before. What is printed at its end are its receipts, or its report:
 *
 *     npx tsx examples/durable/main.ts revoke <name of the run> <id>...
 *     npx tsx examples/durable/main.ts rotate <name of the run> <id>
 */
import { NodeContext, NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { Config, ConfigError, Console, Data, Effect, Layer, Logger, Schema } from "effect"
import { ApiKey, Revocation } from "effect-instantly"
import { describe } from "../rotation/report.js"
import { EntriesLive } from "./entries.js"
import { Client, Database, InstantlyLive, Worker } from "./layers.js"
import * as Revoke from "./revoke.js"
import * as Rotate from "./rotate.js"
import { VaultLive } from "./vault.js"

class Usage extends Data.TaggedError("Usage")<{ readonly message: string }> {}

/** What runs the workflows. The logs are on stderr. */
const work = Layer.unwrapEffect(
  Effect.gen(function* () {
    const passes = yield* Config.withDefault(Config.integer("PASSES"), 10)
    const pause = yield* Config.withDefault(Config.duration("PAUSE"), "5 minutes")
    const patience = yield* Config.withDefault(Config.duration("PATIENCE"), "5 minutes")
    return Layer.merge(Revoke.layer({ passes, pause }), Rotate.layer({ patience }))
  })
).pipe(
  Layer.provide([InstantlyLive, EntriesLive, VaultLive]),
  Layer.provide(Worker),
  Layer.provide([Database, NodeContext.layer, NodeHttpClient.layerUndici]),
  Layer.launch
)

const toLine = Schema.encode(Schema.parseJson(Revocation.Receipt))

const revoke = (run: string, ids: ReadonlyArray<ApiKey.ApiKeyId>) =>
  Revoke.Revoke.execute({ run, ids }).pipe(
    Effect.flatMap(Effect.forEach((receipt) => Effect.flatMap(toLine(receipt), Console.log), { discard: true })),
    Effect.provide(Client)
  )

const rotate = (run: string, old: ApiKey.ApiKeyId) =>
  Rotate.Rotate.execute({ run, old }).pipe(
    Effect.flatMap((report) => Console.log(describe(report))),
    Effect.provide(Client)
  )

const program = Effect.gen(function* () {
  const [command, run, ...given] = process.argv.slice(2)
  const ids = yield* Schema.decodeUnknown(Schema.Array(ApiKey.ApiKeyId))(given)
  const [id, ...others] = ids
  if (command === "work") return yield* work
  if (command === "revoke" && run !== undefined) return yield* revoke(run, ids)
  if (command === "rotate" && run !== undefined && id !== undefined && others.length === 0)
    return yield* rotate(run, id)
  return yield* new Usage({ message: "usage: main.ts work | revoke <run> <id>... | rotate <run> <id>" })
})

program.pipe(
  Effect.tapError((error) => Console.error(ConfigError.isConfigError(error) ? String(error) : error.message)),
  Effect.provide(Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger))),
  NodeRuntime.runMain({ disableErrorReporting: true, disablePrettyLogger: true })
)
