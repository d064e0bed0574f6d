/**
 * Serves Instantly's double on a port of this machine, for `curl` and for programs in other languages:
 * `PORT=8787 npx tsx examples/embedded/main.ts`.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Config, Console, Effect, Layer, Redacted } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { messageOf } from "../ended.js"
import { address, served } from "./served.js"

/** Creates keys and prints how to use them. They are made up, so they may be shown. */
const Greeting = Layer.effectDiscard(
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey({ name: "caller" })
    const leaked = yield* Effect.replicateEffect(mock.createApiKey({ name: "leaked" }), 3)
    const ids = leaked.map(({ id }) => id)
    const origin = yield* address
    const url = `${origin}/api/v2/api-keys`
    const secret = Redacted.value(caller.secret)
    const header = `-H "Authorization: Bearer ${secret}"`
    yield* Console.log(
      [
        `export INSTANTLY_BASE_URL=${origin} INSTANTLY_API_KEY=${secret}`,
        `# keys to delete: ${ids.join(" ")}`,
        `Instantly is embedded at ${origin}. Delete a key, list those that are left, and create another:`,
        `curl -X DELETE ${header} ${url}/${ids[0]}`,
        `curl ${header} ${url}`,
        `curl -d '{"name":"leaked","scopes":["all:all"]}' -H "Content-Type: application/json" ${header} ${url}`
      ].join("\n")
    )
  })
)

Layer.unwrapEffect(
  Effect.map(Config.withDefault(Config.integer("PORT"), 8787), (port) =>
    Greeting.pipe(Layer.provide(served({ retryAfter: true }, port)))
  )
).pipe(
  Layer.launch,
  Effect.tapError((error) => Console.error(`${messageOf(error)} (PORT chooses the port)`)),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
