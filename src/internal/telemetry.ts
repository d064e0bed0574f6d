/** What can be seen of requests and gates from outside: metrics, and events of the span that a call happens in. README lists them. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import * as Tracer from "effect/Tracer"
import type { InstantlyError } from "../InstantlyError.js"

const requestKey = MetricKey.counter("instantly.requests", {
  description: "Requests that were sent, or that the client tried to send, by their result",
  incremental: true
})

const requests = new Map<string, Metric.Metric.Counter<number>>()

/** Counts a request, by `Success`, the tag of its error, or `Interrupted`. */
export const countRequest = (result: string) => {
  // Kept, with the label in its key, because a tagged metric is looked up by all its labels at each update.
  const counter = requests.get(result) ?? Metric.fromMetricKey(MetricKey.tagged(requestKey, "result", result))
  requests.set(result, counter)
  return Metric.increment(counter)
}

export const retries = Metric.counter("instantly.retries", {
  description: "Attempts that follow another of the same call",
  incremental: true
})

/** In buckets from 1 millisecond to a bit more than a minute. */
export const permitWait = Metric.timerWithBoundaries(
  "instantly.permit_wait",
  MetricBoundaries.exponential({ start: 1, factor: 2, count: 18 }).values,
  "How long callers waited for a permit"
)

/** Over all gates together. */
export const queued = Metric.gauge("instantly.permit_queue", { description: "Callers that are waiting for a permit" })

export const pauses = Metric.counter("instantly.pauses", {
  description: "Times that a gate was closed",
  incremental: true
})

// Not `Effect.currentSpan`: where there is none it fails, and makes an error with its stack to be thrown away.
const event = (name: string, attributes: Record<string, unknown>) =>
  Effect.contextWithEffect((context: Context.Context<never>) => {
    const span = Context.getOrElse(context, Tracer.ParentSpan, () => undefined)
    return span?._tag === "Span"
      ? Effect.map(Clock.currentTimeNanos, (now) => span.event(name, now, attributes))
      : Effect.void
  })

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
