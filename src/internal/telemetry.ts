/** How metrics and the events of a span are written. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import type * as MetricLabel from "effect/MetricLabel"
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

/** What the app labels the metrics of a fiber with. */
export type Labels = ReadonlyArray<MetricLabel.MetricLabel>

/**
 * Changes metrics at once, with the labels of the fiber that it happens in. `Metric.update` needs several operations for
 * each of them, which takes about as long as all else that a gate does for a permit.
 */
export const withLabels = <A, E, R>(change: (labels: Labels) => Effect.Effect<A, E, R>) =>
  Effect.withFiberRuntime<A, E, R>((fiber) => change(fiber.getFiberRef(FiberRef.currentMetricLabels)))
