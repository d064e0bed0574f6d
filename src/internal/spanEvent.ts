/** What happens within a call, as events of the span that it happens in, where there is one. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { InstantlyError } from "../InstantlyError.js"

const event = (name: string, attributes: Record<string, unknown>) =>
  Effect.currentSpan.pipe(
    Effect.flatMap((span) => Effect.map(Clock.currentTimeNanos, (now) => span.event(name, now, attributes))),
    Effect.ignore
  )

/** A permit was given, and not at once. */
export const permitted = (waited: Duration.Duration) =>
  Duration.toMillis(waited) >= 1
    ? event("instantly.permit", { "instantly.waited_ms": Math.round(Duration.toMillis(waited)) })
    : Effect.void

/** The gate has been closed for everybody. */
export const paused = (pause: Duration.Duration) =>
  event("instantly.pause", { "instantly.pause_ms": Duration.toMillis(pause) })

/** An attempt has failed, and there will be another. */
export const retrying = (error: InstantlyError, delay: Duration.Duration) =>
  event("instantly.retry", { "error.type": error._tag, "instantly.delay_ms": Duration.toMillis(delay) })
