/**
 * What can be seen of requests from outside: metrics, and events of the span of their call. They are listed in
 * `examples/opentelemetry/README.md`.
 */
import * as Duration from "effect/Duration"
import * as Metric from "effect/Metric"
import type { InstantlyError } from "../InstantlyError.js"
import { event } from "../internal/telemetry.js"

const requests = Metric.counter("instantly.requests", {
  description: "Requests that were sent, or that the client tried to send, by their result",
  incremental: true
})

/** Counts a request, by `Success`, the tag of its error, or `Interrupted`. */
export const countRequest = (result: string) => Metric.increment(Metric.tagged(requests, "result", result))

export const retries = Metric.counter("instantly.retries", {
  description: "Attempts that follow another of the same call",
  incremental: true
})

/** An attempt has failed, and there will be another. */
export const retrying = (error: InstantlyError, delay: Duration.Duration) =>
  event("instantly.retry", { "error.type": error._tag, "instantly.delay_ms": Duration.toMillis(delay) })
