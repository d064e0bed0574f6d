/** Makes one measurement: a server and a client, each a process of its own that is fresh. What is measured is left to `main`. */
import { fileURLToPath } from "node:url"
import { Command, type CommandExecutor } from "@effect/platform"
import { Effect, Schema, Stream } from "effect"
import { build } from "esbuild"
import type { Contender } from "./contenders.js"
import type { Measured, Result } from "./verdict.js"

/** The longest that a measurement may take; with 3,000 deletes at the limit it is half a minute. */
const patience = "4 minutes"

export interface Programs {
  readonly client: string
  readonly server: string
  readonly shared: { readonly client: string; readonly server: string }
}

/** Bundles the programs: so their start takes no CPU from what is being measured beside them. */
export const bundle = (directory: string): Effect.Effect<Programs> =>
  Effect.as(
    Effect.promise(() =>
      build({
        entryPoints: ["client", "server", "shared/client", "shared/server"].map((name) =>
          fileURLToPath(new URL(`${name}.ts`, import.meta.url))
        ),
        outdir: directory,
        outExtension: { ".js": ".mjs" },
        bundle: true,
        platform: "node",
        format: "esm",
        logLevel: "error",
        // for the CommonJS in what is bundled
        banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url)' }
      })
    ),
    {
      client: `${directory}/client.mjs`,
      server: `${directory}/server.mjs`,
      shared: { client: `${directory}/shared/client.mjs`, server: `${directory}/shared/server.mjs` }
    }
  )

const Report = Schema.parseJson(
  Schema.Struct({
    sliding: Schema.Number,
    fixed: Schema.Number,
    rejected: Schema.Number,
    worstSecond: Schema.Number,
    arriving: Schema.Number,
    late: Schema.Number
  })
)

const Finished = Schema.parseJson(Schema.Struct({ seconds: Schema.Number }))

export interface Cell {
  readonly contender: Contender
  readonly latency: string
  readonly requests: number
}

const once = ({ client, server }: Programs, { contender, latency, requests }: Cell) =>
  Effect.gen(function* () {
    const serving = yield* Command.start(Command.make(process.execPath, server, latency))
    const url = yield* serving.stdout.pipe(Stream.decodeText(), Stream.splitLines, Stream.runHead, Effect.flatten)
    const { seconds } = yield* Command.make(process.execPath, client, contender.name, url, String(requests)).pipe(
      Command.string,
      Effect.flatMap(Schema.decode(Finished)),
      Effect.timeout(patience)
    )
    const report = yield* Effect.promise(() => fetch(`${url}/report`).then((response) => response.text()))
    const judgement = yield* Schema.decode(Report)(report)
    const measured: Measured = { ...judgement, requests, seconds }
    return measured
  }).pipe(Effect.scoped)

export const measure = (
  programs: Programs,
  cell: Cell
): Effect.Effect<Result, never, CommandExecutor.CommandExecutor> =>
  once(programs, cell).pipe(
    Effect.catchTag("TimeoutException", () => Effect.fail(`took longer than ${patience}`)),
    Effect.mapError((error) => (typeof error === "string" ? error : `died: ${error._tag}`)),
    Effect.either,
    Effect.map((measured) => ({ contender: cell.contender.name, latency: cell.latency, measured }))
  )
