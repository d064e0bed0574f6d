import { Effect, Tracer } from "effect"

/** A tracer, and the spans that are made with it. */
export const capturing = Effect.map(Effect.tracer, (native) => {
  const spans: Array<Tracer.Span> = []
  const tracer = Tracer.make({
    context: native.context,
    span: (...args) => {
      const span = native.span(...args)
      spans.push(span)
      return span
    }
  })
  return { spans, tracer }
})
