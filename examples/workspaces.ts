/**
 * Deletes keys in several workspaces at once, with a client and a run for each. A workspace has its own limit, so it gets
 * its own gate; if Instantly refuses the calls of one workspace, the others go on. It ends with 0 if nothing is left to do.
 *
 * `INSTANTLY_API_KEY` is the key of the admin workspace; each argument is `<workspace id>=<API key id>`.
 */
import { FetchHttpClient } from "@effect/platform"
import { Array, Console, Data, Effect, LayerMap, Option, Record, Stream } from "effect"
import { type ApiKey, Instantly, Revocation } from "effect-instantly"
import { idFrom, runToEnd, Usage } from "./ended.js"
import { printable } from "./printable.js"

/** A client for each workspace, made when it is first needed and kept while it is used. */
class Workspaces extends LayerMap.Service<Workspaces>()("examples/Workspaces", {
  lookup: (workspaceId: string) => Instantly.layerConfig({ workspaceId }),
  idleTimeToLive: "1 minute",
  dependencies: [FetchHttpClient.layer]
}) {}

const usage = "Usage: INSTANTLY_API_KEY=… npx tsx examples/workspaces.ts <workspace id>=<API key id> …"

/** All arguments are checked before the first key is deleted. */
const targets = Effect.gen(function* () {
  const given = process.argv.slice(2)
  if (given.length === 0) return yield* new Usage({ message: usage })
  return yield* Effect.forEach(given, (argument) => {
    const [workspaceId = "", id] = argument.split("=")
    return Effect.map(idFrom(id, usage), (id) => ({ id, workspaceId }))
  })
})

const describe = (receipt: Revocation.Receipt) => {
  if (receipt._tag === "Deleted") return `deleted ${printable(Option.getOrElse(receipt.name, () => receipt.id))}`
  return receipt._tag === "Skipped" ? `${receipt.id} was not sent: ${receipt.reason}` : receipt.message
}

const runIn = (workspaceId: string, ids: ReadonlyArray<ApiKey.ApiKeyId>) =>
  Revocation.run(ids).pipe(
    Stream.provideSomeLayer(Workspaces.get(workspaceId)),
    Stream.tap((receipt) => Console.log(`${workspaceId}: ${describe(receipt)}`))
  )

class Unsettled extends Data.TaggedError("Unsettled")<{ readonly message: string }> {}

const program = Effect.gen(function* () {
  const byWorkspace = Array.groupBy(yield* targets, ({ workspaceId }) => workspaceId)
  const runs = Record.toEntries(byWorkspace).map(([workspaceId, those]) =>
    runIn(
      workspaceId,
      those.map(({ id }) => id)
    )
  )
  const unsettled = yield* Stream.mergeAll(runs, { concurrency: "unbounded" }).pipe(
    Stream.filter((receipt) => !Revocation.isSettled(receipt)),
    Stream.runCount
  )
  if (unsettled > 0) return yield* new Unsettled({ message: `${unsettled} not settled` })
})

await runToEnd(Effect.provide(program, Workspaces.Default))
