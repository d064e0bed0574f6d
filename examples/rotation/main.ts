/**
 * Rotates the API key in `INSTANTLY_API_KEY`: `npx tsx examples/rotation/main.ts <its id> <file>`. The successor has its scopes,
 * and is written to the file, which only its owner can read. The last line says which of the two keys is to be used, however
 * it ends: also with Ctrl-C.
 */
import { FileSystem } from "@effect/platform"
import { NodeContext, NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { Config, Console, Data, DateTime, Effect, Exit, Layer, Redacted, Schema, Stream } from "effect"
import { ApiKey, ApiKeys, Instantly } from "effect-instantly"
import { describe } from "./report.js"
import { rotate } from "./rotate.js"

class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

/** Writes beside the file, and renames: there is all of the secret, or what was there before. */
const writeSecret = (file: string) => (successor: ApiKey.ApiKey) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const draft = `${file}.${successor.id}`
    yield* fs.writeFileString(draft, `${Redacted.value(successor.key)}\n`, { flag: "wx", mode: 0o600 }).pipe(
      Effect.zipRight(fs.rename(draft, file)),
      Effect.onError(() => Effect.ignore(fs.remove(draft)))
    )
  })

const program = Effect.gen(function* () {
  const [given, file] = process.argv.slice(2)
  if (file === undefined) return yield* new Refused({ message: "usage: rotation/main.ts <id of the key> <file>" })
  const id = yield* Schema.decodeUnknown(ApiKey.ApiKeyId)(given)
  const old = yield* ApiKeys.list().pipe(
    Stream.filter((key) => key.id.toLowerCase() === id.toLowerCase()),
    Stream.runHead,
    Effect.flatten,
    Effect.mapError(() => new Refused({ message: "the key with this id was not found in its workspace" }))
  )
  const now = yield* DateTime.now
  return yield* rotate({
    old: { id, secret: yield* Config.redacted("INSTANTLY_API_KEY") },
    // a name that no other key has
    successor: { name: `${old.name} ${DateTime.formatIso(now)}`, scopes: old.scopes },
    handOver: writeSecret(file),
    tell: (report) => Console.log(describe(report)),
    patience: "30 seconds"
  })
})

program.pipe(
  Effect.tapError((error) => Console.error(error.message)),
  // told already: this is for the exit code
  Effect.filterOrFail(({ _tag }) => _tag === "Rotated"),
  Effect.provide(Instantly.layerConfig().pipe(Layer.provideMerge(NodeHttpClient.layerUndici))),
  Effect.provide(NodeContext.layer),
  NodeRuntime.runMain({
    disableErrorReporting: true,
    teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) ? 0 : 1)
  })
)
