/**
 * One gate for several processes of a machine. One process serves its gate, and the others ask it for each permit: first
 * come, first served over all of them, and a 429 of one closes the gate for all. A process that dies leaves the line. While
 * a caller waits, the server sends a line each second; if it is away or hangs, the caller is refused, and never waits for
 * ever. Whoever reaches the port can take permits, so listen on loopback only.
 */
import {
  FetchHttpClient,
  HttpBody,
  HttpClient,
  HttpRouter,
  HttpServer,
  HttpServerRequest,
  HttpServerResponse
} from "@effect/platform"
import { Duration, Effect, Layer, Schema, Stream } from "effect"
import { RateLimit } from "effect-instantly"

const Heard = Schema.Struct({ status: Schema.Int, retryAfter: Schema.Option(Schema.Duration) })
const refuse = (message: string) => new RateLimit.PermitRefused({ message })
const away = "the process that serves the gate is away"

/** Serves the gate of this process on an `HttpServer`. */
export const served: Layer.Layer<never, never, RateLimit.RateLimit | HttpServer.HttpServer> = Layer.unwrapScoped(
  Effect.gen(function* () {
    const gate = yield* RateLimit.RateLimit
    const stopping = yield* Effect.makeLatch()
    yield* Effect.addFinalizer(() => stopping.open) // a server waits for its responses to end
    const permit = Effect.raceFirst(gate.acquire, Effect.zipRight(stopping.await, refuse(away)))
    const verdict = Effect.match(permit, { onSuccess: () => "given", onFailure: ({ message }) => message })
    const waiting = Stream.as(Stream.tick("1 second"), "\n")
    const lines = Stream.merge(waiting, Stream.fromEffect(verdict), { haltStrategy: "right" })
    const told = <A, I>(schema: Schema.Schema<A, I>, tell: (told: A) => Effect.Effect<void>) =>
      Effect.zipRight(Effect.flatMap(HttpServerRequest.schemaBodyJson(schema), tell), HttpServerResponse.empty())
    return HttpRouter.empty.pipe(
      HttpRouter.post("/acquire", HttpServerResponse.stream(Stream.encodeText(lines))),
      HttpRouter.post("/pause", told(Schema.Duration, gate.pause)),
      HttpRouter.post("/heard", told(Heard, gate.heard)),
      HttpServer.serve()
    )
  })
)

/** The gate that another process serves at this address: a `rateLimit` for `Instantly.layer`. */
export const gateAt = (url: string): Layer.Layer<RateLimit.RateLimit> =>
  Layer.effect(
    RateLimit.RateLimit,
    Effect.map(Effect.map(HttpClient.HttpClient, HttpClient.filterStatusOk), (client) => {
      const acquire = Stream.unwrap(Effect.map(client.post(`${url}/acquire`), ({ stream }) => stream)).pipe(
        Stream.timeoutFail(() => away, "5 seconds"),
        Stream.decodeText(),
        Stream.mkString,
        Effect.orElseSucceed(() => away),
        Effect.flatMap((said) => (said.trim() === "given" ? Effect.void : refuse(said.trim())))
      )
      const tell = <A, I>(path: string, schema: Schema.Schema<A, I>, told: A) =>
        Effect.flatMap(HttpBody.jsonSchema(schema)(told), (body) => client.post(`${url}${path}`, { body })).pipe(
          Effect.timeout("1 second"),
          Effect.ignoreLogged
        )
      const pause = (duration: Duration.DurationInput) => tell("/pause", Schema.Duration, Duration.decode(duration))
      return { acquire, pause, heard: (response) => tell("/heard", Heard, response) }
    })
  ).pipe(Layer.provide(FetchHttpClient.layer))
