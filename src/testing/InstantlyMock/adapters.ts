/** The double behind `HttpClient`, and as an `HttpApp` for any `HttpServer`. */
import type { HttpBody } from "@effect/platform"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Stream from "effect/Stream"
import type { Answer, Broken, Exchange, Incoming } from "./exchange.js"

const textOf = (body: HttpBody.HttpBody): string => {
  switch (body._tag) {
    case "Empty":
      return ""
    case "Uint8Array":
      return new TextDecoder().decode(body.body)
    case "Raw":
      return String(body.body)
    default:
      throw new TypeError(`InstantlyMock reads no ${body._tag} body: Instantly takes JSON`)
  }
}

const failures = {
  Refused: () => Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", syscall: "connect" }),
  Lost: () => Object.assign(new Error("socket hang up"), { code: "ECONNRESET" })
}

/** A body that ends in the middle, or before its beginning, as the connection does. */
const brokenBody = (beginning: Uint8Array, afterBeginning: Effect.Effect<void>) =>
  Stream.toReadableStreamEffect(
    Stream.concat(
      beginning.length === 0 ? Stream.empty : Stream.make(beginning),
      Stream.fromEffect(Effect.zipRight(afterBeginning, Effect.fail(failures.Lost())))
    )
  )

const beginningOf = ({ body }: Answer): Uint8Array => {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body
  return bytes.slice(0, Math.ceil(bytes.length / 2))
}

/** Statuses whose answers have no body. */
const bodiless = new Set([204, 205, 304])

const webResponse = (answer: Answer, body: Answer["body"] | ReadableStream<Uint8Array>) =>
  new Response(bodiless.has(answer.status) ? null : body instanceof Uint8Array ? new Uint8Array(body) : body, {
    status: answer.status,
    headers: answer.headers
  })

export const httpClient = (serve: (incoming: Incoming) => Exchange): HttpClient.HttpClient =>
  HttpClient.make((request, url) =>
    Effect.suspend(() =>
      serve({
        method: request.method,
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body: textOf(request.body)
      })
    ).pipe(
      Effect.map((answer) => webResponse(answer, answer.body)),
      Effect.catchTag("Broken", ({ answer, how }) =>
        how === "CutOff" && answer !== undefined
          ? Effect.map(brokenBody(beginningOf(answer), Effect.void), (body) => webResponse(answer, body))
          : Effect.fail(
              new HttpClientError.RequestError({
                request,
                reason: "Transport",
                cause: how === "Refused" ? failures.Refused() : failures.Lost()
              })
            )
      ),
      Effect.map((response) => HttpClientResponse.fromWeb(request, response))
    )
  )

/**
 * A server cannot break one connection through `HttpApp`, but the stream of a body can. The `pipe` makes Node's server
 * hand it to `pipeline`, which destroys the socket with the stream; what Fetch-based servers take is a `ReadableStream`.
 */
const breaking = ({ answer, how }: Broken) =>
  Effect.map(
    // What was written is to leave before the connection goes.
    brokenBody(
      how === "CutOff" && answer !== undefined ? beginningOf(answer) : new Uint8Array(),
      Effect.sleep("20 millis")
    ),
    (body) =>
      HttpServerResponse.raw(Object.assign(body, { pipe: constVoid }), {
        status: answer?.status ?? 200,
        headers: answer?.headers ?? {}
      })
  )

export const httpApp = (
  serve: (incoming: Incoming) => Exchange
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, HttpServerRequest.HttpServerRequest> =>
  Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const url = new URL(request.url, "http://localhost")
    const body = yield* Effect.orElseSucceed(request.text, () => "")
    return yield* serve({
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body
    }).pipe(
      Effect.map(({ body, headers, status }) => HttpServerResponse.raw(body, { status, headers })),
      Effect.catchTag("Broken", breaking)
    )
  })
