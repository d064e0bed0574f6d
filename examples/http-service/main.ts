/**
 * Runs the service: `INSTANTLY_API_KEY=… SERVICE_TOKEN=… PORT=3000 npx tsx examples/http-service/main.ts`. It listens on
 * this machine alone: who puts a proxy in front of it decides who else can reach it. To try it on made-up keys, run
 * `npx tsx examples/embedded/main.ts` first, and export the variables that it prints. From another terminal:
 *
 * ```
 * curl -X DELETE -H "Authorization: Bearer $SERVICE_TOKEN" http://127.0.0.1:3000/keys/<id>
 * {"id":"019e18e2-78d4-7322-941a-7384d8969c61","name":"leaked"}
 * ```
 *
 * For the same id it then responds with a 404, and without the token with a 401. `Api.ts` has the other responses.
 */
import { createServer } from "node:http"
import { HttpApiBuilder, HttpServer } from "@effect/platform"
import { NodeHttpClient, NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Console, Effect, Layer } from "effect"
import { Instantly } from "effect-instantly"
import { messageOf } from "../ended.js"
import { ApiLive } from "./Http.js"

HttpApiBuilder.serve().pipe(
  HttpServer.withLogAddress,
  Layer.provide(ApiLive),
  Layer.provide(Instantly.layerConfig({ userAgent: "revocation-service/1.0", deadline: "20 seconds" })),
  Layer.provide(NodeHttpClient.layerUndici),
  Layer.provide(
    NodeHttpServer.layerConfig(createServer, {
      host: Config.succeed("127.0.0.1"),
      port: Config.integer("PORT").pipe(Config.withDefault(3000))
    })
  ),
  Layer.launch,
  Effect.tapError((error) => Console.error(messageOf(error))),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
