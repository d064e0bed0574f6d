/** Events of the span that a call happens in. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"

/**
 * Something that happens within a call, as an event of the span that it happens in, where there is one. Not by
 * `Effect.currentSpan`, which fails where there is none, with an error whose stack is made and thrown away.
 */
export const event = (name: string, attributes: Record<string, unknown>) =>
  Effect.contextWithEffect((context: Context.Context<never>) => {
    const span = Context.getOrElse(context, Tracer.ParentSpan, () => undefined)
    return span?._tag === "Span"
      ? Effect.map(Clock.currentTimeNanos, (now) => span.event(name, now, attributes))
      : Effect.void
  })
