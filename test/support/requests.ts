/** Requests to a double without this library in between. */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { Effect, type Redacted } from "effect"
import { InstantlyMock } from "effect-instantly/testing"

export const url = "https://api.instantly.ai/api/v2/api-keys"

/** Sends a request with this secret, and gives the response's status, headers and body. */
export const send = (request: HttpClientRequest.HttpClientRequest, secret: Redacted.Redacted) =>
  Effect.gen(function* () {
    const response = yield* HttpClient.execute(
      request.pipe(HttpClientRequest.bearerToken(secret), HttpClientRequest.setHeader("user-agent", "test/1.0"))
    )
    return { status: response.status, headers: response.headers, body: yield* response.json }
  })

export const get = (secret: Redacted.Redacted) => send(HttpClientRequest.get(url), secret)
export const remove = (id: string, secret: Redacted.Redacted) => send(HttpClientRequest.del(`${url}/${id}`), secret)

export const withDouble = <A, E>(
  options: InstantlyMock.Options,
  body: (mock: InstantlyMock.Service) => Effect.Effect<A, E, HttpClient.HttpClient>
) =>
  Effect.flatMap(InstantlyMock.InstantlyMock, body).pipe(
    Effect.provide(InstantlyMock.layer(options)),
    // without the trace headers of the platform's client
    Effect.withTracerEnabled(false)
  )
