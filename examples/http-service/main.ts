/** Serves the service: `INSTANTLY_API_KEY=… PORT=3000 npx tsx examples/http-service/main.ts`. */
import { createServer } from "node:http"
import { HttpApiBuilder, HttpServer } from "@effect/platform"
import { NodeHttpClient, NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Layer } from "effect"
import { Instantly } from "effect-instantly"
import { ApiLive } from "./Http.js"

HttpApiBuilder.serve().pipe(
  HttpServer.withLogAddress,
  Layer.provide(ApiLive),
  Layer.provide(Instantly.layerConfig({ userAgent: "revocation-service/1.0", deadline: "20 seconds" })),
  Layer.provide(NodeHttpClient.layerUndici),
  Layer.provide(
    NodeHttpServer.layerConfig(createServer, { port: Config.integer("PORT").pipe(Config.withDefault(3000)) })
  ),
  Layer.launch,
  NodeRuntime.runMain
)
