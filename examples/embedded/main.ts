/**
 * Serves Instantly's double on a port of this machine, for `curl` and for programs in other languages:
 * `PORT=8787 npx tsx examples/embedded/main.ts`.
 */
import { createServer } from "node:http"
import { HttpServer } from "@effect/platform"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Console, Effect, Layer, Redacted } from "effect"
import { InstantlyMock } from "effect-instantly/testing"

/** What is there to begin with. These keys are made up, so that they may be shown. */
const Greeting = Layer.effectDiscard(
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey({ name: "caller" })
    const leaked = yield* mock.createApiKey({ name: "leaked" })
    const address = yield* HttpServer.addressFormattedWith(Effect.succeed)
    yield* Console.log(
      [
        `Instantly, embedded, at ${address}. Delete a key, and see that it is gone:`,
        `curl -X DELETE -H "Authorization: Bearer ${Redacted.value(caller.secret)}" ${address}/api/v2/api-keys/${leaked.id}`,
        `curl -H "Authorization: Bearer ${Redacted.value(caller.secret)}" ${address}/api/v2/api-keys`
      ].join("\n")
    )
  })
)

Layer.merge(HttpServer.serve(InstantlyMock.httpApp), Greeting).pipe(
  Layer.provide(InstantlyMock.layer({ retryAfter: true })),
  Layer.provide(
    NodeHttpServer.layerConfig(
      createServer,
      Config.all({ host: Config.succeed("127.0.0.1"), port: Config.withDefault(Config.integer("PORT"), 8787) })
    )
  ),
  Layer.launch,
  NodeRuntime.runMain
)
