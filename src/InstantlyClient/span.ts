/** What one sees of a call from outside: its span, and a debug log where it is interrupted and can no longer say itself. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import { factsLine } from "../InstantlyError/message.js"
import type { InstantlyError } from "../InstantlyError.js"
import { CallObserver } from "../internal/callObserver.js"
import { type Progress, update } from "./attempt.js"
import * as Call from "./call.js"
import { templateOf } from "./sendOnce.js"

const describeFailure = (cause: Cause.Cause<InstantlyError>): Record<string, unknown> =>
  Option.match(Cause.failureOption(cause), {
    onNone: () => ({ "error.type": Cause.isInterrupted(cause) ? "interrupted" : "defect" }),
    onSome: (error) => ({
      "error.type": error._tag,
      ...("status" in error ? { "http.response.status_code": error.status } : {})
    })
  })

/** Runs calls to one server, each in a span that tells, at its end, what became of it. */
export const toServer = (baseUrl: string) => {
  const server = new URL(baseUrl).hostname

  const end = (call: Progress, span: Tracer.Span, exit: Exit.Exit<unknown, InstantlyError>) =>
    Effect.flatMap(update(call, Call.wake), (state) => {
      const facts = Call.factsOf(state)
      span.attribute("instantly.outcome", facts.outcome)
      span.attribute("instantly.attempts", facts.attempts)
      span.attribute("instantly.waited_ms", state.waited)
      if (facts.attempts > 1) span.attribute("http.request.resend_count", facts.attempts - 1)
      if (Option.isSome(state.head)) span.attribute("http.response.status_code", state.head.value.status)
      if (Exit.isFailure(exit)) {
        for (const [key, value] of Object.entries(describeFailure(exit.cause))) span.attribute(key, value)
      }
      const told = Effect.flatMap(CallObserver, (observe) => observe(facts))
      // No error can say it: the call was interrupted, or died.
      return Exit.isFailure(exit) && Option.isNone(Cause.failureOption(exit.cause))
        ? Effect.zipLeft(
            told,
            Effect.logDebug(`${Cause.isInterrupted(exit.cause) ? "interrupted" : "died"}: ${factsLine(facts)}`)
          )
        : told
    })

  return <A>(
    effect: Effect.Effect<A, InstantlyError>,
    call: Progress,
    method: string,
    path: string
  ): Effect.Effect<A, InstantlyError> => {
    const template = templateOf(path)
    const attributes = {
      "http.request.method": method,
      "url.template": template,
      "url.full": `${baseUrl}${path}`,
      "server.address": server
    }
    return Effect.useSpan(`${method} ${template}`, { kind: "client", captureStackTrace: false, attributes }, (span) =>
      Effect.onExit(Effect.withParentSpan(effect, span), (exit) => end(call, span, exit))
    )
  }
}
