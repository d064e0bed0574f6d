/** The engines that the tests share: PostgreSQL, Redis, and the program as one file, which starts quickly. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Context, Effect, Layer } from "effect"
import * as Postgres from "../../../test/engines/postgres.js"
import * as Redis from "../../../test/engines/redis.js"
import { bundle } from "../../../test/support/process.js"

export const main = "examples/durable/main.ts"

/** Whether all of it is here. */
export const isInstalled = Postgres.isInstalled && Redis.isInstalled

const program = Effect.acquireRelease(
  Effect.promise(async () => {
    const directory = mkdtempSync(join(tmpdir(), "effect-instantly-durable-"))
    const file = join(directory, "main.mjs")
    writeFileSync(file, await bundle(main))
    return { directory, file }
  }),
  ({ directory }) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

const make = Effect.gen(function* () {
  // What is appended to a file is all that Redis was ever told.
  const redis = yield* Redis.server(true)
  return { postgres: yield* Postgres.server, redis, program: (yield* program).file }
})

export class Servers extends Context.Tag("test/durable/Servers")<Servers, Effect.Effect.Success<typeof make>>() {
  static readonly Live = Layer.scoped(Servers, make)
}
