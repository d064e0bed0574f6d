/**
 * Serves Instantly's double on a port of this machine, for `curl` and for programs in other languages:
 * `PORT=8787 npx tsx examples/embedded/main.ts`.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Config, Console, Effect, Layer, Redacted } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { messageOf } from "../ended.js"
import { address, served } from "./served.js"

/** Creates two keys and prints how to use them. They are made up, so they may be shown. */
const Greeting = Layer.effectDiscard(
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey({ name: "caller" })
    const leaked = yield* mock.createApiKey({ name: "leaked" })
    const origin = yield* address
    yield* Console.log(
      [
        `export INSTANTLY_BASE_URL=${origin} INSTANTLY_API_KEY=${Redacted.value(caller.secret)}`,
        `# a key to delete: ${leaked.id}`,
        `Instantly is embedded at ${origin}. Delete a key, and check that it is gone:`,
        `curl -X DELETE -H "Authorization: Bearer ${Redacted.value(caller.secret)}" ${origin}/api/v2/api-keys/${leaked.id}`,
        `curl -H "Authorization: Bearer ${Redacted.value(caller.secret)}" ${origin}/api/v2/api-keys`
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
