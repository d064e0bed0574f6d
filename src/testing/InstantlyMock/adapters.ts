/** The double behind `HttpClient`, and as an `HttpApp` for any `HttpServer`. */
import type { HttpBody } from "@effect/platform"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as Fault from "../Fault.js"
import type { Incoming } from "./exchange.js"

const textOf = (body: HttpBody.HttpBody): string => {
  switch (body._tag) {
    case "Empty":
      return ""
    case "Uint8Array":
      return new TextDecoder().decode(body.body)
    case "Raw":
      return String(body.body)
    default:
      throw new TypeError(`InstantlyMock cannot read a ${body._tag} body: Instantly takes JSON`)
  }
}

const failures = {
  Refused: () => Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", syscall: "connect" }),
  Lost: () => Object.assign(new Error("socket hang up"), { code: "ECONNRESET" })
}

/** A body that breaks off after this beginning, as the connection does. */
const brokenBody = (beginning: Uint8Array, afterBeginning: Effect.Effect<void>) =>
  Stream.toReadableStreamEffect(
    Stream.concat(
      beginning.length === 0 ? Stream.empty : Stream.make(beginning),
      Stream.fromEffect(Effect.zipRight(afterBeginning, Effect.fail(failures.Lost())))
    )
  )

const beginningOf = ({ body }: Fault.Response): Uint8Array => {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body
  return bytes.slice(0, Math.ceil(bytes.length / 2))
}

/** Statuses whose responses have no body. */
const bodiless = new Set([204, 205, 304])

const webResponse = ({ headers, status }: Fault.Response, body: Fault.Response["body"] | ReadableStream<Uint8Array>) =>
  new Response(bodiless.has(status) ? null : body instanceof Uint8Array ? new Uint8Array(body) : body, {
    status,
    headers
  })

export const httpClient = (serve: (incoming: Incoming) => Fault.Exchange): HttpClient.HttpClient =>
  HttpClient.make((request, url) =>
    Effect.suspend(() =>
      serve({
        method: request.method,
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body: textOf(request.body),
        remoteAddress: "127.0.0.1"
      })
    ).pipe(
      Effect.map((response) => webResponse(response, response.body)),
      Effect.catchAll((broken) =>
        broken._tag === "CutOff"
          ? Effect.map(brokenBody(beginningOf(broken.response), Effect.void), (body) =>
              webResponse(broken.response, body)
            )
          : Effect.fail(
              new HttpClientError.RequestError({ request, reason: "Transport", cause: failures[broken._tag]() })
            )
      ),
      Effect.map((response) => HttpClientResponse.fromWeb(request, response))
    )
  )

/**
 * `HttpApp` has no way to break a connection, but the stream of a body does. The `pipe` makes Node's server hand the
 * stream to `pipeline`, which destroys the socket when the stream fails. Servers built on Fetch take the `ReadableStream`.
 */
const breakConnection = (broken: Fault.Broken) => {
  const cutOff = broken._tag === "CutOff" ? broken.response : undefined
  return Effect.map(
    // Gives the bytes time to leave before the connection is destroyed.
    brokenBody(cutOff === undefined ? new Uint8Array() : beginningOf(cutOff), Effect.sleep("20 millis")),
    (body) =>
      HttpServerResponse.raw(Object.assign(body, { pipe: constVoid }), {
        status: cutOff?.status ?? 200,
        headers: cutOff?.headers ?? {}
      })
  )
}

export const httpApp = (
  serve: (incoming: Incoming) => Fault.Exchange
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
      body,
      remoteAddress: Option.getOrElse(request.remoteAddress, () => "127.0.0.1")
    }).pipe(
      Effect.map(({ body, headers, status }) => HttpServerResponse.raw(body, { status, headers })),
      Effect.catchAll(breakConnection)
    )
  })
