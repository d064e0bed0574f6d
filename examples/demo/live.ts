/** One deletion against the real API, after asking. */
import { Terminal } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { Console, Data, Effect, Layer, Schema } from "effect"
import { ApiKey, ApiKeys, Instantly } from "effect-instantly"
import { say } from "./print.js"

/** The person said no, or could not be asked. */
export class Cancelled extends Data.TaggedError("Cancelled")<{ readonly message: string }> {}

const confirmed = (id: string) =>
  Effect.gen(function* () {
    const terminal = yield* Terminal.Terminal
    if (!(yield* terminal.isTTY)) {
      return yield* new Cancelled({
        message: "Nothing was sent: this is not a terminal, so say --yes to delete the key."
      })
    }
    yield* terminal.display(`Delete the API key ${id} at Instantly, for good? [y/N] `)
    const answer = yield* terminal.readLine
    if (!/^y(?:es)?$/i.test(answer.trim())) return yield* new Cancelled({ message: "Nothing was sent." })
  })

const deleteLive = (id: ApiKey.ApiKeyId, options: { readonly yes: boolean }) =>
  Effect.gen(function* () {
    const apiKeys = yield* ApiKeys.ApiKeys
    if (!options.yes) yield* confirmed(id)
    const deleted = yield* apiKeys.delete(id)
    yield* Console.log("Deleted.")
    yield* say(`"${deleted.name}", ${deleted.id}, scopes ${deleted.scopes.join(", ")}, secret ${deleted.key}`)
  }).pipe(
    Effect.provide(
      Instantly.layerConfig({ userAgent: "demo/1.0", deadline: "2 minutes" }).pipe(
        Layer.provide(NodeHttpClient.layerUndici)
      )
    )
  )

export const live = (given: string, options: { readonly yes: boolean }) =>
  Effect.flatMap(Schema.decode(ApiKey.ApiKeyId)(given), (id) => deleteLive(id, options))
