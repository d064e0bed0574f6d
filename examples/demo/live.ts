/** One deletion against the real API, after asking. */
import { createInterface } from "node:readline"
import { NodeHttpClient } from "@effect/platform-node"
import { Console, Data, Effect, Layer, Schema } from "effect"
import { ApiKey, ApiKeys, Instantly } from "effect-instantly"
import { printable } from "../printable.js"
import { row } from "./print.js"

/** The person said no, or could not be asked. */
export class Cancelled extends Data.TaggedError("Cancelled")<{ readonly message: string }> {}

/** Asks on the terminal. Ctrl-C and Ctrl-D mean no. */
const ask = (question: string) =>
  Effect.async<string>((resume) => {
    const terminal = createInterface({ input: process.stdin, output: process.stdout })
    terminal.once("SIGINT", () => terminal.close())
    terminal.once("close", () => resume(Effect.as(Console.log(""), "no")))
    terminal.question(question, (answer) => {
      resume(Effect.succeed(answer))
      terminal.close()
    })
    return Effect.sync(() => terminal.close())
  })

const confirmed = (id: string) =>
  Effect.gen(function* () {
    if (!process.stdin.isTTY) {
      return yield* new Cancelled({
        message: "Nothing was sent. There is no terminal to ask on: add --yes to delete the key without a question."
      })
    }
    const answer = yield* ask(`Delete the API key ${id} at Instantly, for good? [y/N] `)
    if (!/^y(?:es)?$/i.test(answer.trim())) return yield* new Cancelled({ message: "Nothing was sent." })
  })

const deleteLive = (id: ApiKey.ApiKeyId, options: { readonly yes: boolean }) =>
  Effect.gen(function* () {
    const apiKeys = yield* ApiKeys.ApiKeys
    if (!options.yes) yield* confirmed(id)
    const deleted = yield* apiKeys.delete(id)
    yield* Console.log("Deleted.")
    yield* row("name  ", printable(deleted.name))
    yield* row("scopes", printable(deleted.scopes.join(" ")))
    yield* row("secret", String(deleted.key))
  }).pipe(
    Effect.provide(
      Instantly.layerConfig({ userAgent: "demo/1.0", deadline: "2 minutes" }).pipe(
        Layer.provide(NodeHttpClient.layerUndici)
      )
    )
  )

export const live = (given: string, options: { readonly yes: boolean }) =>
  Effect.flatMap(Schema.decode(ApiKey.ApiKeyId)(given), (id) => deleteLive(id, options))
