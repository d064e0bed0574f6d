/** Instantly's double on a port of this machine. The other examples and their tests run against it. */
import { createServer } from "node:http"
import { HttpServer } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { InstantlyMock } from "effect-instantly/testing"

/** Serves the double on this port, or on any free one. */
export const served = (options?: InstantlyMock.Options, port = 0) =>
  HttpServer.serve(InstantlyMock.httpApp).pipe(
    Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port })),
    Layer.provideMerge(InstantlyMock.layer(options))
  )

/** The address of the server. */
export const address = HttpServer.addressFormattedWith(Effect.succeed)
