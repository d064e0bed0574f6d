/** One attempt of a call: sends a request, and turns its response into a value or an error, within a time limit. */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type InstantlyError, TransportError } from "../InstantlyError.js"
import * as Body from "./body.js"
import type { Call } from "./call.js"
import * as Connection from "./connection.js"
import * as Departures from "./departures.js"
import { dependsOnBody, errorOf, type Head, isSuccess } from "./errorOf.js"
import * as Limit from "./limit.js"
import * as Telemetry from "./telemetry.js"
import * as Unreadable from "./unreadable.js"

/** How an operation reads a 2xx. */
export interface Success<A, I, R> {
  readonly schema: Schema.Schema<A, I, R>
  /** Whether this JSON proves that the request was carried out. Without it, a body that the schema decodes proves it. */
  readonly confirms: ((json: unknown) => boolean) | undefined
}

const lose = (call: Call, detail: string) =>
  call.fail((facts) => new TransportError({ ...facts, reason: "ConnectionLost", detail }))

/** The client failed without a response. "Never sent" counts only if no request of ours has left. */
const failWithout = (
  call: Call,
  { cause, reason, request }: HttpClientError.RequestError,
  { hasLeft, isOurs }: { readonly hasLeft: boolean; readonly isOurs: boolean }
): Effect.Effect<never, InstantlyError> => {
  const detail = Connection.codeOf(cause)
  if (!hasLeft && isOurs && reason === "InvalidUrl") return call.holdBack("its URL is not valid")
  if (!hasLeft && (isOurs ? Connection.isNeverSent(cause) : Connection.saysNotSent(cause))) {
    return call.fail(
      (facts) => new TransportError({ ...facts, reason: "NotSent", detail: Connection.whyNotSent(cause, request.url) })
    )
  }
  if (isOurs) return lose(call, detail === "" ? "the HttpClient failed" : detail)
  return lose(call, `another request of the HttpClient failed${detail === "" ? "" : ` (${detail})`}`)
}

/**
 * Turns a defect, or code that interrupts itself, into an error, because the app's code may end in either. An
 * interruption of the call is not caught. A defect can hold the request, and with it the token, so nothing of it is
 * kept.
 */
const orElseEnded = <A, E, R, E2>(
  effect: Effect.Effect<A, E, R>,
  onEnd: (how: string) => Effect.Effect<never, E2>
): Effect.Effect<A, E | E2, R> =>
  Effect.catchAllCause(effect, (cause) =>
    Option.match(Cause.failureOption(cause), {
      onNone: (): Effect.Effect<never, E | E2> => onEnd(Cause.isInterruptedOnly(cause) ? "interrupted itself" : "died"),
      onSome: Effect.fail
    })
  )

/** Reads a 4xx that may be Instantly's own refusal. No other body is needed. */
const refuse = (call: Call, head: Head, response: HttpClientResponse.HttpClientResponse) =>
  Effect.flatMap(
    dependsOnBody(head.status)
      ? Effect.either(Body.ofRefusal(response))
      : Effect.as(Body.drain(response), Either.right("")),
    (body) => call.fail((facts) => errorOf(head, body, facts))
  )

/** Instantly sends only JSON. */
const notJson = "it is not JSON, so a proxy or a login page may have sent it"

/** The JSON of a text, if there is any. The error of `JSON.parse` would quote the text. */
const parse = (text: string) =>
  Effect.try({ try: (): unknown => (text === "" ? undefined : JSON.parse(text)), catch: () => notJson })

/** Reads a 2xx. A proxy may have written it, so only its body can prove that the request was carried out. */
const succeed = <A, I, R>(
  call: Call,
  { status }: Head,
  response: HttpClientResponse.HttpClientResponse,
  { confirms, schema }: Success<A, I, R>
): Effect.Effect<A, InstantlyError, R> => {
  const value = Effect.gen(function* () {
    const json = yield* Effect.flatMap(Body.ofSuccess(response), parse)
    const isProof = confirms?.(json)
    if (isProof === true) yield* call.confirm
    const value = yield* Effect.mapError(Schema.decodeUnknown(schema)(json), Unreadable.reasonOf)
    if (isProof === false) return yield* Effect.fail("it is about something other than the request")
    yield* call.confirm
    return value
  })
  return orElseEnded(value, (how) => Effect.fail(`its decoder ${how}`)).pipe(
    Effect.catchAll((detail) => call.unreadable(status, detail))
  )
}

/** Sends a request, and reads its response within `timeout`. */
export const exchange = <A, I, R>(
  call: Call,
  options: {
    readonly httpClient: HttpClient.HttpClient
    readonly request: HttpClientRequest.HttpClientRequest
    readonly timeout: Duration.Duration
    /** Reports each response to the gate, as soon as its head has arrived. */
    readonly observe: (head: Head) => Effect.Effect<void>
    readonly success: Success<A, I, R>
  }
): Effect.Effect<A, InstantlyError, R> => {
  const { httpClient, observe, request, success, timeout } = options

  const send = Effect.gen(function* () {
    const departures = yield* Departures.count(call, request)
    yield* call.depart
    const response = yield* departures.watching(httpClient.execute(request)).pipe(
      Effect.catchAll((error) => {
        const isOurs = Departures.isOf(call, request, error.request)
        if (error._tag === "RequestError") {
          return Effect.flatMap(departures.any, (hasLeft) => failWithout(call, error, { hasLeft, isOurs }))
        }
        // A client that refuses some statuses on its own still has the response.
        return isOurs ? Effect.succeed(error.response) : lose(call, "another request of the HttpClient failed")
      })
    )
    const isMadeUp = !(yield* departures.statuses).includes(response.status)
    if (isMadeUp && (yield* departures.any)) yield* call.doubt
    return response
  })

  const read = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<A, InstantlyError, R> =>
    Effect.gen(function* () {
      const head = yield* call.receive(response)
      // If the limit cuts off a slow gate here, nobody else reads the body.
      yield* Effect.onInterrupt(observe(head), () => Body.drain(response))
      return yield* isSuccess(head.status) ? succeed(call, head, response, success) : refuse(call, head, response)
    })

  const lapse = call.lapse(`the limit for one attempt is ${Duration.format(timeout)}`)
  const attempt = Limit.within(timeout, lapse)(Effect.flatMap(send, read))
  // Outside of the limit: the app's client may also interrupt the fiber that the attempt runs in.
  return Effect.onExit(
    orElseEnded(attempt, (how) => lose(call, `the HttpClient ${how}`)),
    Telemetry.countRequest
  )
}
