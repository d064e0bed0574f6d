/**
 * Revokes and rotates keys by workflows that survive the process. Start it as often as you like, on several machines:
 *
 *     npx tsx examples/durable/main.ts work
 *     npx tsx examples/durable/main.ts revoke <name of the run> <id>...
 *     npx tsx examples/durable/main.ts rotate <name of the run> <id>
 *
 * `revoke` and `rotate` start the run, or find it if it was started before, and print its receipts or its report when it has
 * ended. `work` goes on with whatever was started. The logs are on stderr.
 */
import { NodeContext, NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { Config, ConfigError, Console, Data, Effect, Layer, Logger, Schema } from "effect"
import { ApiKey, Revocation } from "effect-instantly"
import { describe } from "../rotation/report.js"
import { EntriesLive } from "./entries.js"
import { Database, Engine, InstantlyLive } from "./layers.js"
import * as Revoke from "./revoke.js"
import * as Rotate from "./rotate.js"
import { VaultLive } from "./vault.js"

class Usage extends Data.TaggedError("Usage")<{ readonly message: string }> {}

const Workflows = Layer.unwrapEffect(
  Effect.gen(function* () {
    const passes = yield* Config.withDefault(Config.integer("PASSES"), 10)
    const pause = yield* Config.withDefault(Config.duration("PAUSE"), "5 minutes")
    const patience = yield* Config.withDefault(Config.duration("PATIENCE"), "5 minutes")
    return Layer.merge(Revoke.layer({ passes, pause }), Rotate.layer({ patience }))
  })
).pipe(
  Layer.provide([InstantlyLive, EntriesLive, VaultLive]),
  Layer.provideMerge(Engine),
  Layer.provide([Database, NodeContext.layer, NodeHttpClient.layerUndici])
)

const toLine = Schema.encode(Schema.parseJson(Revocation.Receipt))

const command = (what: string | undefined, run: string | undefined, ids: ReadonlyArray<ApiKey.ApiKeyId>) =>
  Effect.gen(function* () {
    const [id, ...others] = ids
    if (what === "work") return yield* Effect.never
    if (what === "revoke" && run !== undefined) {
      const receipts = yield* Revoke.Revoke.execute({ run, ids })
      return yield* Effect.forEach(receipts, (receipt) => Effect.flatMap(toLine(receipt), Console.log), {
        discard: true
      })
    }
    if (what === "rotate" && run !== undefined && id !== undefined && others.length === 0) {
      return yield* Console.log(describe(yield* Rotate.Rotate.execute({ run, old: id })))
    }
    return yield* new Usage({ message: "usage: main.ts work | revoke <run> <id>... | rotate <run> <id>" })
  })

const [what, run, ...given] = process.argv.slice(2)

Schema.decodeUnknown(Schema.Array(ApiKey.ApiKeyId))(given).pipe(
  Effect.flatMap((ids) => command(what, run, ids)),
  Effect.provide(Workflows),
  Effect.tapError((error) => Console.error(ConfigError.isConfigError(error) ? String(error) : error.message)),
  Effect.provide(Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger))),
  NodeRuntime.runMain({ disableErrorReporting: true, disablePrettyLogger: true })
)
