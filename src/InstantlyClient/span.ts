/** What can be seen of a call from outside: its span, and a debug log where it is interrupted and no error can tell. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { factsLine, type InstantlyError } from "../InstantlyError.js"
import type { Call } from "./call.js"

/** A path with its ids named instead of given, so that all calls of an operation share it. */
const templateOf = (path: string): string => path.replace(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi, "{id}")

const describeFailure = (cause: Cause.Cause<InstantlyError>): Record<string, unknown> =>
  Option.match(Cause.failureOption(cause), {
    onNone: () => ({ "error.type": Cause.isInterrupted(cause) ? "interrupted" : "defect" }),
    onSome: (error) => ({
      "error.type": error._tag,
      ...("status" in error ? { "http.response.status_code": error.status } : {})
    })
  })

const end = (call: Call, span: Tracer.Span, exit: Exit.Exit<unknown, InstantlyError>) =>
  Effect.suspend(() => {
    const { facts, status } = call
    const attributes = {
      "instantly.outcome": facts.outcome,
      "instantly.attempts": facts.attempts,
      "instantly.waited_ms": Duration.toMillis(facts.waited),
      ...(facts.attempts > 1 ? { "http.request.resend_count": facts.attempts - 1 } : {}),
      ...(status === undefined ? {} : { "http.response.status_code": status }),
      ...(Exit.isFailure(exit) ? describeFailure(exit.cause) : {})
    }
    for (const [key, value] of Object.entries(attributes)) span.attribute(key, value)
    return Exit.isFailure(exit) && Option.isNone(Cause.failureOption(exit.cause))
      ? Effect.logDebug(`${Cause.isInterrupted(exit.cause) ? "interrupted" : "died"}: ${factsLine(facts)}`)
      : Effect.void
  })

const setContext = (context: Context.Context<never>) => FiberRef.set(FiberRef.currentContext, context)

/** Runs calls to one server, each in a span that tells at its end what became of it. */
export const toServer = (baseUrl: string) => {
  const server = new URL(baseUrl).hostname
  return <A>(effect: Effect.Effect<A, InstantlyError>, call: Call): Effect.Effect<A, InstantlyError> => {
    const { method, path } = call
    const template = templateOf(path)
    const attributes = {
      "http.request.method": method,
      "url.template": template,
      "url.full": `${baseUrl}${path}`,
      "server.address": server
    }
    return Effect.useSpan(`${method} ${template}`, { kind: "client", captureStackTrace: false, attributes }, (span) =>
      Effect.contextWithEffect((context: Context.Context<never>) =>
        // As `Effect.withParentSpan`, without a finalizer of its own.
        Effect.onExit(Effect.zipRight(setContext(Context.add(context, Tracer.ParentSpan, span)), effect), (exit) =>
          Effect.zipRight(setContext(context), end(call, span, exit))
        )
      )
    )
  }
}
