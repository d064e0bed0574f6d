/**
 * The telemetry of gates: metrics, and events of a call's span. `examples/opentelemetry/README.md` lists them.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import { event } from "../internal/telemetry.js"

/** In buckets from 1 millisecond to a bit more than a minute. */
export const permitWait = Metric.timerWithBoundaries(
  "instantly.permit_wait",
  MetricBoundaries.exponential({ start: 1, factor: 2, count: 18 }).values,
  "How long callers waited for a permit"
)

/** All gates together. */
export const queued = Metric.gauge("instantly.permit_queue", { description: "Callers that are waiting for a permit" })

export const pauses = Metric.counter("instantly.pauses", {
  description: "Times that a gate was closed",
  incremental: true
})

/** A permit was given after this time. */
export const permitted = (waited: Duration.Duration) => {
  const millis = Math.round(Duration.toMillis(waited))
  return Effect.zipRight(
    Metric.update(permitWait, waited),
    millis >= 1 ? event("instantly.permit", { "instantly.waited_ms": millis }) : Effect.void
  )
}

/** The gate was closed for all callers. */
export const paused = (pause: Duration.Duration) =>
  Effect.zipRight(
    Metric.increment(pauses),
    event("instantly.pause", { "instantly.pause_ms": Duration.toMillis(pause) })
  )
