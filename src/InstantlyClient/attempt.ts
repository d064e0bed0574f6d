/** One attempt of a call: a request is sent, and its response becomes a value or an error, within a time. */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { ParseError } from "effect/ParseResult"
import { type InstantlyError, InvalidResponse, TransportError } from "../InstantlyError.js"
import { fromStatus } from "../Outcome.js"
import * as Body from "./body.js"
import type { Call } from "./call.js"
import * as Connection from "./connection.js"
import { dependsOnBody, errorOf } from "./errorOf.js"
import type { Head } from "./head.js"
import * as Telemetry from "./telemetry.js"
import * as Unreadable from "./unreadable.js"

/**
 * Whether an error is about the request that was sent. An app's client may have given it another URL or another credential.
 * If it changed both, nothing tells its error from that of another request.
 */
const isAbout = (sent: HttpClientRequest.HttpClientRequest, { request }: HttpClientError.HttpClientError): boolean =>
  request.method === sent.method &&
  (request.url === sent.url || request.headers["authorization"] === sent.headers["authorization"])

/** The exchange ended without a response. */
const lose = (call: Call, error: HttpClientError.RequestError): Effect.Effect<never, InstantlyError> => {
  if (error.reason === "InvalidUrl") {
    call.recall()
    return call.holdBack("its URL is not valid")
  }
  const isNeverSent = Connection.isNeverSent(error.cause)
  if (isNeverSent) call.recall()
  const reason = isNeverSent ? "NotSent" : "ConnectionLost"
  const detail = Connection.codeOf(error.cause)
  return call.fail((facts) => new TransportError({ ...facts, reason, detail }))
}

/**
 * The client failed at another request, such as one that fetches a token or writes a log. That tells nothing of this one,
 * which can have been sent before.
 */
const failElsewhere = (call: Call, { cause }: HttpClientError.HttpClientError) => {
  const code = Connection.codeOf(cause)
  const detail = `another request of the HttpClient failed${code === "" ? "" : ` (${code})`}`
  return call.fail((facts) => new TransportError({ ...facts, reason: "ConnectionLost", detail }))
}

/**
 * Turns an end that is no failure into an error: what the app hands in may die, or interrupt itself. If the call is
 * interrupted, nothing is caught. What something dies of can hold the request, and with it the token: nothing of it is kept.
 */
const orElseEnded = <A, E, E2>(
  effect: Effect.Effect<A, E>,
  onEnd: (isInterrupted: boolean) => Effect.Effect<never, E2>
): Effect.Effect<A, E | E2> =>
  Effect.catchAllCause(effect, (cause) =>
    Option.match(Cause.failureOption(cause), {
      onNone: (): Effect.Effect<never, E | E2> => onEnd(Cause.isInterruptedOnly(cause)),
      onSome: Effect.fail
    })
  )

/** The client ended without a response or an error. */
const breakOff = (call: Call) => (isInterrupted: boolean) => {
  const detail = `the HttpClient ${isInterrupted ? "interrupted itself" : "died"}`
  return call.fail((facts) => new TransportError({ ...facts, reason: "ConnectionLost", detail }))
}

const refuse = (call: Call, head: Head, response: HttpClientResponse.HttpClientResponse) =>
  Effect.flatMap(
    dependsOnBody(head.status) ? Body.readRefusal(response) : Effect.as(Body.drain(response), Option.none()),
    (body) => call.fail((facts) => errorOf(head, body, facts))
  )

const succeed = <A>(
  call: Call,
  { status }: Head,
  decoded: Effect.Effect<A, Body.TooLong | HttpClientError.ResponseError | ParseError>
) =>
  orElseEnded(Effect.mapError(decoded, Unreadable.reasonOf), (isInterrupted) =>
    Effect.fail(`its decoder ${isInterrupted ? "interrupted itself" : "threw"}`)
  ).pipe(Effect.catchAll((detail) => call.fail((facts) => new InvalidResponse({ ...facts, status, detail }))))

const resultOf = Exit.match({
  onSuccess: () => "Success",
  onFailure: (cause: Cause.Cause<InstantlyError>) =>
    Option.match(Cause.failureOption(cause), { onNone: () => "Interrupted", onSome: ({ _tag }) => _tag })
})

/** Sends a request, and reads its response within `timeout`. */
export const exchange = <A>(
  call: Call,
  options: {
    readonly httpClient: HttpClient.HttpClient
    readonly request: HttpClientRequest.HttpClientRequest
    readonly timeout: Duration.Duration
    /** Hears of each response as soon as its head is there. */
    readonly hear: (head: Head) => Effect.Effect<void>
    readonly decodeSuccess: (
      response: HttpClientResponse.HttpClientResponse
    ) => Effect.Effect<A, HttpClientError.ResponseError | ParseError>
  }
): Effect.Effect<A, InstantlyError> => {
  const { decodeSuccess, hear, httpClient, request, timeout } = options

  const sent = Effect.suspend(() => {
    call.depart()
    return httpClient.execute(request)
  }).pipe(
    Effect.catchAll((error) => {
      const isOurs = isAbout(request, error)
      if (error._tag === "RequestError") {
        return isOurs || Connection.isHeldBack(error.cause) ? lose(call, error) : failElsewhere(call, error)
      }
      // A client that refuses some statuses on its own still has the response.
      return isOurs ? Effect.succeed(error.response) : failElsewhere(call, error)
    })
  )

  const read = (response: HttpClientResponse.HttpClientResponse) => {
    const head = call.receive(response)
    return Effect.zipRight(
      // A gate that is slow to hear is cut off by the limit, and then nobody reads the body.
      Effect.onInterrupt(hear(head), () => Body.drain(response)),
      fromStatus(head.status) === "Applied"
        ? succeed(call, head, Body.decodeSuccess(response, decodeSuccess))
        : refuse(call, head, response)
    )
  }

  return call
    .within(orElseEnded(Effect.flatMap(sent, read), breakOff(call)), timeout, "the limit for one attempt")
    .pipe(Effect.onExit((exit) => Telemetry.countRequest(resultOf(exit))))
}
