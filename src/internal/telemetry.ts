/** Adds events to spans. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Adds an event to the current span, if there is one. */
export const event = (name: string, attributes: Record<string, unknown>): Effect.Effect<void> =>
  Effect.gen(function* () {
    const span = yield* Effect.currentSpan
    span.event(name, yield* Clock.currentTimeNanos, attributes)
  }).pipe(Effect.ignore)
