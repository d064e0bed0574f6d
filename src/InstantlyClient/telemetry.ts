/**
 * What can be seen of requests from outside: metrics, and events of the span of their call. They are listed in
 * `examples/opentelemetry/README.md`.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricKey from "effect/MetricKey"
import type { InstantlyError } from "../InstantlyError.js"
import { event, withLabels } from "../internal/telemetry.js"

const requestKey = MetricKey.counter("instantly.requests", {
  description: "Requests that were sent, or that the client tried to send, by their result",
  incremental: true
})

const requests = new Map<string, Metric.Metric.Counter<number>>()

/** Counts a request, by `Success`, the tag of its error, or `Interrupted`. */
export const countRequest = (result: string) =>
  withLabels((labels) => {
    // Kept, with the label in its key, because a tagged metric is looked up by all its labels at each update.
    const counter = requests.get(result) ?? Metric.fromMetricKey(MetricKey.tagged(requestKey, "result", result))
    requests.set(result, counter)
    counter.unsafeUpdate(1, labels)
    return Effect.void
  })

export const retries = Metric.counter("instantly.retries", {
  description: "Attempts that follow another of the same call",
  incremental: true
})

/** An attempt has failed, and there will be another. */
export const retrying = (error: InstantlyError, delay: Duration.Duration) =>
  event("instantly.retry", { "error.type": error._tag, "instantly.delay_ms": Duration.toMillis(delay) })
