/**
 * Rotates the API key in `INSTANTLY_API_KEY`: `npx tsx examples/rotation/main.ts <its id> <file>`. The successor has the same
 * scopes, and goes into the file, which only its owner can read. The last line says which of the two keys to use, even after
 * Ctrl-C.
 */
import { FileSystem } from "@effect/platform"
import { NodeContext, NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { Config, Console, Data, DateTime, Effect, Exit, Layer, Redacted, Stream } from "effect"
import { ApiKey, ApiKeys, Instantly } from "effect-instantly"
import { idFrom, messageOf, Usage } from "../ended.js"
import { describe } from "./report.js"
import { rotate } from "./rotate.js"

class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

/** A name that no other key has, short enough that the report shows it whole. A second rotation replaces the time in it. */
const successorName = (old: string, now: DateTime.Utc) => {
  const name = [...old.replace(/ \d{4}-\S+Z$/, "")].slice(0, 35).join("")
  return `${name} ${DateTime.formatIso(now)}`
}

/** Writes a draft beside the file and renames it: the file holds the whole secret, or what it held before. */
const writeSecret = (file: string) => (successor: ApiKey.ApiKey) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const draft = `${file}.${successor.id}`
    yield* fs.writeFileString(draft, `${Redacted.value(successor.key)}\n`, { flag: "wx", mode: 0o600 }).pipe(
      Effect.zipRight(fs.rename(draft, file)),
      Effect.onError(() => Effect.ignore(fs.remove(draft)))
    )
  })

const usage = "Usage: INSTANTLY_API_KEY=… npx tsx examples/rotation/main.ts <id of the key> <file>"

const given = Effect.gen(function* () {
  const [id, file] = process.argv.slice(2)
  if (file === undefined) return yield* new Usage({ message: usage })
  return { id: yield* idFrom(id, usage), file }
})

const program = Effect.gen(function* () {
  const { file, id } = yield* given
  const old = yield* ApiKeys.list().pipe(
    Stream.filter((key) => ApiKey.sameId(key.id, id)),
    Stream.runHead,
    Effect.flatten,
    Effect.mapError(() => new Refused({ message: "the key with this id was not found in its workspace" }))
  )
  const now = yield* DateTime.now
  return yield* rotate({
    old: { id, secret: yield* Config.redacted("INSTANTLY_API_KEY") },
    successor: { name: successorName(old.name, now), scopes: old.scopes },
    handOver: writeSecret(file),
    report: (report) => Console.log(describe(report)),
    patience: "30 seconds"
  })
})

Effect.zipRight(
  given,
  Effect.provide(program, Instantly.layerConfig().pipe(Layer.provideMerge(NodeHttpClient.layerUndici)))
).pipe(
  Effect.tapError((error) => Console.error(messageOf(error))),
  // The report has been printed already: this is for the exit code.
  Effect.filterOrFail(({ _tag }) => _tag === "Rotated"),
  Effect.provide(NodeContext.layer),
  NodeRuntime.runMain({
    disableErrorReporting: true,
    teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) ? 0 : 1)
  })
)
