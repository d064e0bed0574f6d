/** One attempt of a call: a request is sent, and its answer becomes a value or an error, within a time. */
import type { HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { ParseError } from "effect/ParseResult"
import * as Ref from "effect/Ref"
import type { Facts } from "../InstantlyError/message.js"
import { type InstantlyError, InvalidResponse, TransportError } from "../InstantlyError.js"
import * as Telemetry from "../internal/telemetry.js"
import { fromStatus } from "../Outcome.js"
import * as Call from "./call.js"
import * as Transport from "./connection.js"
import * as Answer from "./errorOf.js"
import * as Unreadable from "./unreadable.js"

export type Progress = Ref.Ref<Call.Call>

/** Brings what is known of a call up to date. */
export const update = (call: Progress, change: (now: number) => (state: Call.Call) => Call.Call) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => Ref.updateAndGet(call, change(now)))

/** Fails with an error that holds what is known of the call by now. */
export const fail = (
  call: Progress,
  toError: (facts: Facts, now: number) => InstantlyError
): Effect.Effect<never, InstantlyError> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.flatMap(Ref.updateAndGet(call, Call.wake(now)), (state) => Effect.fail(toError(Call.factsOf(state), now)))
  )

/** Fails because of what this client does, and would do again, before anything is sent. */
export const holdBack = (call: Progress, detail: string) =>
  fail(call, (facts) => new TransportError({ ...facts, reason: "NotSent", detail, heldBack: true }))

/** The time is up: what is there of an answer decides what that means. */
const lapse = (call: Progress, detail: string) =>
  Effect.flatMap(Ref.get(call), ({ head }) =>
    fail(call, (facts, now) =>
      Option.match(head, {
        onNone: () => new TransportError({ ...facts, reason: "Timeout", detail }),
        onSome: ({ headers, status }) =>
          fromStatus(status) === "Applied"
            ? new InvalidResponse({ ...facts, status, detail: "its body did not come in time" })
            : Answer.toError({ status, headers, body: "" }, facts, now)
      })
    )
  )

/** Ends an effect after `limit` with an error that holds what is known of the call. */
export const within =
  (call: Progress, limit: Duration.Duration, name: string) =>
  <A>(effect: Effect.Effect<A, InstantlyError>): Effect.Effect<A, InstantlyError> =>
    Duration.isFinite(limit)
      ? Effect.checkInterruptible((isInterruptible) => {
          const limited = Effect.flatten(
            // Interruptible in the race alone: a limit must hold in a finalizer, too, where the call itself cannot be interrupted.
            Effect.timeoutTo(Effect.interruptible(effect), {
              duration: limit,
              onSuccess: Effect.succeed,
              onTimeout: () => lapse(call, `${name} is ${Duration.format(limit)}`)
            })
          )
          // There, a fiber that is interrupted would pass it on to the race, as it does to all its children.
          return isInterruptible ? limited : Effect.flatMap(Effect.forkDaemon(limited), Fiber.join)
        })
      : effect

const lose = (call: Progress, error: HttpClientError.RequestError) => {
  const unsent = error.reason === "InvalidUrl" || Transport.isNeverSent(error.cause)
  const detail = error.reason === "InvalidUrl" ? "its URL is not valid" : Transport.codeOf(error.cause)
  return Effect.zipRight(
    unsent ? Ref.update(call, Call.recall) : Effect.void,
    fail(
      call,
      (facts) =>
        new TransportError({
          ...facts,
          reason: unsent ? "NotSent" : "ConnectionLost",
          detail,
          heldBack: error.reason === "InvalidUrl"
        })
    )
  )
}

const resultOf = Exit.match({
  onSuccess: () => "Success",
  onFailure: (cause: Cause.Cause<InstantlyError>) =>
    Option.match(Cause.failureOption(cause), { onNone: () => "Interrupted", onSome: ({ _tag }) => _tag })
})

/** Sends a request, and reads its answer within `timeout`. */
export const exchange = <A>(
  call: Progress,
  options: {
    readonly httpClient: HttpClient.HttpClient
    readonly request: HttpClientRequest.HttpClientRequest
    readonly timeout: Duration.Duration
    /** What is done as soon as the head of a 429 is there, whatever becomes of its body. */
    readonly onTooManyRequests: (retryAfter: Option.Option<Duration.Duration>) => Effect.Effect<void>
    readonly decodeSuccess: (
      response: HttpClientResponse.HttpClientResponse
    ) => Effect.Effect<A, HttpClientError.ResponseError | ParseError>
  }
): Effect.Effect<A, InstantlyError> => {
  const { decodeSuccess, httpClient, onTooManyRequests, request, timeout } = options

  const readSuccess = (response: HttpClientResponse.HttpClientResponse) => {
    const unreadable = (detail: string) =>
      fail(call, (facts) => new InvalidResponse({ ...facts, status: response.status, detail }))
    return Effect.suspend(() => decodeSuccess(response)).pipe(
      Effect.mapError(Unreadable.reasonOf),
      Effect.catchAllDefect(() => Effect.fail("what reads it has failed")),
      Effect.catchAll(unreadable)
    )
  }

  const readRefusal = ({ headers, status, text }: HttpClientResponse.HttpClientResponse) =>
    Effect.flatMap(
      Effect.catchAllDefect(
        Effect.orElseSucceed(text, () => ""),
        () => Effect.succeed("")
      ),
      (body) => fail(call, (facts, now) => Answer.toError({ status, headers, body }, facts, now))
    )

  return update(call, Call.depart).pipe(
    Effect.zipRight(httpClient.execute(request)),
    // What a client dies of can hold the request, and with it the token.
    Effect.catchAllDefect(() =>
      fail(call, (facts) => new TransportError({ ...facts, reason: "ConnectionLost", detail: "the HttpClient died" }))
    ),
    Effect.catchTags({
      RequestError: (error) => lose(call, error),
      // A client that refuses some statuses on its own still has the answer.
      ResponseError: (error) => Effect.succeed(error.response)
    }),
    Effect.tap((response) => Ref.update(call, Call.receive(response))),
    Effect.tap(({ headers, status }) =>
      status === 429
        ? Effect.flatMap(Clock.currentTimeMillis, (now) => onTooManyRequests(Answer.retryAfterOf(headers, now)))
        : Effect.void
    ),
    Effect.flatMap((response) =>
      fromStatus(response.status) === "Applied" ? readSuccess(response) : readRefusal(response)
    ),
    within(call, timeout, "the limit for one attempt"),
    Effect.onExit((exit) => Telemetry.countRequest(resultOf(exit)))
  )
}
