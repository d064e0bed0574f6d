import { createServer } from "node:http"
import { HttpServer } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { InstantlyMock } from "effect-instantly/testing"

/** Instantly's double on a socket of this machine. */
export const served = (options?: InstantlyMock.Options) =>
  HttpServer.serve(InstantlyMock.httpApp).pipe(
    Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })),
    Layer.provideMerge(InstantlyMock.layer(options))
  )

/** Its address. */
export const address = HttpServer.addressFormattedWith(Effect.succeed)
