/** How the events of a span are written. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Something that happens within a call, as an event of the span that it happens in, where there is one. */
export const event = (name: string, attributes: Record<string, unknown>): Effect.Effect<void> =>
  Effect.gen(function* () {
    const span = yield* Effect.currentSpan
    span.event(name, yield* Clock.currentTimeNanos, attributes)
  }).pipe(Effect.ignore)
