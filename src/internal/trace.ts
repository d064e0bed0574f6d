/** What one sees of a call from outside: its span, and a debug log where it is interrupted and can no longer say itself. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type { InstantlyError } from "../InstantlyError.js"
import { type Progress, update } from "./attempt.js"
import * as Call from "./call.js"
import { CallObserver } from "./callObserver.js"
import { templateOf } from "./wire.js"
import { factsLine } from "./words.js"

const describeFailure = (cause: Cause.Cause<InstantlyError>): Record<string, unknown> =>
  Option.match(Cause.failureOption(cause), {
    onNone: () => ({ "error.type": Cause.isInterrupted(cause) ? "interrupted" : "defect" }),
    onSome: (error) => ({
      "error.type": error._tag,
      ...("status" in error ? { "http.response.status_code": error.status } : {})
    })
  })

/** Runs a call in a span that tells, at its end, what became of it. */
export const traced = <A>(
  effect: Effect.Effect<A, InstantlyError>,
  call: Progress,
  baseUrl: string
): Effect.Effect<A, InstantlyError> =>
  Effect.flatMap(Ref.get(call), ({ method, path }) =>
    Effect.useSpan(
      `${method} ${templateOf(path)}`,
      {
        kind: "client",
        captureStackTrace: false,
        attributes: {
          "http.request.method": method,
          "url.template": templateOf(path),
          "url.full": `${baseUrl}${path}`,
          "server.address": new URL(baseUrl).hostname
        }
      },
      (span) =>
        effect.pipe(
          Effect.withParentSpan(span),
          Effect.onExit((exit) =>
            Effect.flatMap(update(call, Call.wake), (state) => {
              const facts = Call.factsOf(state)
              const ended = {
                "instantly.outcome": facts.outcome,
                "instantly.attempts": facts.attempts,
                "instantly.waited_ms": state.waited,
                ...(facts.attempts > 1 ? { "http.request.resend_count": facts.attempts - 1 } : {}),
                ...Option.match(state.head, {
                  onNone: () => ({}),
                  onSome: ({ status }) => ({ "http.response.status_code": status })
                }),
                ...(Exit.isFailure(exit) ? describeFailure(exit.cause) : {})
              }
              for (const [key, value] of Object.entries(ended)) span.attribute(key, value)
              // No error can say it: the call was interrupted, or died.
              const log =
                Exit.isFailure(exit) && Option.isNone(Cause.failureOption(exit.cause))
                  ? Effect.logDebug(`${Cause.isInterrupted(exit.cause) ? "interrupted" : "died"}: ${factsLine(facts)}`)
                  : Effect.void
              return Effect.zipRight(
                Effect.flatMap(CallObserver, (observe) => observe(facts)),
                log
              )
            })
          )
        )
    )
  )
