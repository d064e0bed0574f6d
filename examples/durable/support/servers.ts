/** The engines that the tests share: PostgreSQL, Redis, and the program as one file, which starts quickly. */
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Context, Effect, Layer } from "effect"
import { build } from "esbuild"
import * as Postgres from "../../../test/engines/postgres.js"
import * as Redis from "../../../test/engines/redis.js"

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** Whether all of it is here. */
export const isInstalled = Postgres.isInstalled && Redis.hasServer && existsSync(path("../node_modules/@effect/sql-pg"))

const bundle = Effect.acquireRelease(
  Effect.promise(async () => {
    const directory = mkdtempSync(join(tmpdir(), "effect-instantly-durable-"))
    const outfile = join(directory, "main.mjs")
    await build({
      entryPoints: [path("../main.ts")],
      tsconfig: path("../tsconfig.json"),
      bundle: true,
      platform: "node",
      format: "esm",
      // packages that are no modules call it
      banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);` },
      outfile,
      logLevel: "error"
    })
    return { directory, program: outfile }
  }),
  ({ directory }) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

const make = Effect.gen(function* () {
  // What is appended to a file is all that Redis was ever told.
  const redis = yield* Redis.server(true)
  return { postgres: yield* Postgres.server, redis, program: (yield* bundle).program }
})

export class Servers extends Context.Tag("test/durable/Servers")<Servers, Effect.Effect.Success<typeof make>>() {
  static readonly Live = Layer.scoped(Servers, make)
}
