/**
 * The telemetry of calls: metrics, spans and their events, and a debug log for an interrupted call, whose outcome no
 * error can report. `examples/opentelemetry/README.md` lists them.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import { factsLine, type InstantlyError } from "../InstantlyError.js"
import { event } from "../internal/telemetry.js"
import type { Call } from "./call.js"

const requests = Metric.counter("instantly.requests", {
  description: "Requests that were sent, or that the client tried to send, by their result",
  incremental: true
})

const resultOf = Exit.match({
  onSuccess: () => "Success",
  onFailure: (cause: Cause.Cause<InstantlyError>) =>
    Option.match(Cause.failureOption(cause), { onNone: () => "Interrupted", onSome: ({ _tag }) => _tag })
})

/** Counts a request, by `Success`, the tag of its error, or `Interrupted`. */
export const countRequest = (exit: Exit.Exit<unknown, InstantlyError>) =>
  Metric.increment(Metric.tagged(requests, "result", resultOf(exit)))

const retries = Metric.counter("instantly.retries", {
  description: "Attempts that follow another of the same call",
  incremental: true
})

/** An attempt has failed, and there will be another. */
export const retrying = (error: InstantlyError, delay: Duration.Duration) =>
  Effect.all(
    [
      Metric.increment(retries),
      event("instantly.retry", { "error.type": error._tag, "instantly.delay_ms": Duration.toMillis(delay) }),
      Effect.logDebug(`${error._tag}: next attempt in ${Duration.format(delay)} · ${error.method} ${error.path}`)
    ],
    { discard: true }
  )

/** A path with `{id}` in place of its ids, so that all calls of an operation share it. */
const templateOf = (path: string): string => path.replace(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi, "{id}")

const failureOf = (cause: Cause.Cause<InstantlyError>): Record<string, unknown> =>
  Option.match(Cause.failureOption(cause), {
    onNone: () => ({ "error.type": Cause.isInterrupted(cause) ? "interrupted" : "defect" }),
    onSome: (error) => ({
      "error.type": error._tag,
      ...("status" in error ? { "http.response.status_code": error.status } : {})
    })
  })

const end = (call: Call, exit: Exit.Exit<unknown, InstantlyError>) =>
  Effect.gen(function* () {
    const facts = yield* call.facts
    const status = yield* call.status
    yield* Effect.annotateCurrentSpan({
      "instantly.outcome": facts.outcome,
      "instantly.attempts": facts.attempts,
      "instantly.waited_ms": Duration.toMillis(facts.waited),
      ...(facts.attempts > 1 ? { "http.request.resend_count": facts.attempts - 1 } : {}),
      ...(Option.isSome(status) ? { "http.response.status_code": status.value } : {}),
      ...(Exit.isFailure(exit) ? failureOf(exit.cause) : {})
    })
    if (Exit.isFailure(exit) && Option.isNone(Cause.failureOption(exit.cause))) {
      yield* Effect.logDebug(`${Cause.isInterrupted(exit.cause) ? "interrupted" : "died"}: ${factsLine(facts)}`)
    }
  })

/** Runs calls to one server, each in a span that records at its end what became of it. */
export const spanTo = (baseUrl: string) => {
  const server = new URL(baseUrl).hostname
  return (call: Call) => {
    const { method, path } = call
    const template = templateOf(path)
    return <A, R>(effect: Effect.Effect<A, InstantlyError, R>): Effect.Effect<A, InstantlyError, R> =>
      Effect.onExit(effect, (exit) => end(call, exit)).pipe(
        Effect.withSpan(`${method} ${template}`, {
          kind: "client",
          captureStackTrace: false,
          attributes: {
            "http.request.method": method,
            "url.template": template,
            "url.full": `${baseUrl}${path}`,
            "server.address": server
          }
        })
      )
  }
}
