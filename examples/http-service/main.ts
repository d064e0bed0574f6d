/**
 * Runs the service: `INSTANTLY_API_KEY=… SERVICE_TOKEN=… PORT=3000 npx tsx examples/http-service/main.ts`. It listens on
 * this machine alone: who puts a proxy in front of it decides who else can reach it.
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
