/**
 * Deletes one key in each of several workspaces, with a client for each: a workspace has its own credentials and its own
 * limit, so it has its own gate, and what one refuses leaves the others running.
 *
 * `INSTANTLY_API_KEY` is the key of the admin workspace; each argument is `<workspace id>=<API key id>`.
 */
import { FetchHttpClient } from "@effect/platform"
import { Console, Effect, LayerMap, Schema } from "effect"
import { ApiKey, ApiKeys, Instantly } from "effect-instantly"

/** A client for each workspace, made when it is first asked for and kept while it is used. */
class Workspaces extends LayerMap.Service<Workspaces>()("examples/Workspaces", {
  lookup: (workspaceId: string) => Instantly.layerConfig({ workspaceId }),
  idleTimeToLive: "1 minute",
  dependencies: [FetchHttpClient.layer]
}) {}

const remove = (id: ApiKey.ApiKeyId) => Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.delete(id))

/** All arguments are read before the first key is deleted. */
const targets = Effect.forEach(process.argv.slice(2), (argument) => {
  const [workspaceId = "", given] = argument.split("=")
  return Effect.map(Schema.decodeUnknown(ApiKey.ApiKeyId)(given), (id) => ({ id, workspaceId }))
})

const program = Effect.flatMap(
  targets,
  Effect.forEach(
    ({ id, workspaceId }) =>
      remove(id).pipe(
        Effect.provide(Workspaces.get(workspaceId)),
        Effect.matchEffect({
          onFailure: (error) => Console.log(`${workspaceId}: ${error._tag}`),
          onSuccess: (deleted) => Console.log(`${workspaceId}: deleted "${deleted.name}"`)
        })
      ),
    { concurrency: 4, discard: true }
  )
)

await Effect.runPromise(Effect.provide(program, Workspaces.Default))
