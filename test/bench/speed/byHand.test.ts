import { HttpClient, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Layer, Metric, Redacted } from "effect"
import { ApiKey, ApiKeys, Instantly, RateLimit } from "effect-instantly"
import { VirtualTime } from "effect-instantly/testing"
import { keyJson } from "../../support/key.js"
import { capturing } from "../../support/spans.js"
import * as ByHand from "./byHand.js"

const options = { apiKey: Redacted.make("made-up-token"), baseUrl: "http://127.0.0.1:1" }
const id = ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-7384d8969c61")

const notFound = JSON.stringify({ statusCode: 404, error: "Not Found", message: "Resource not found" })

/** A server that gives these statuses one after the other, and then always the last of them. */
const giving = (statuses: ReadonlyArray<number>) =>
  Layer.sync(HttpClient.HttpClient, () => {
    let requests = 0
    return HttpClient.make((request) =>
      Effect.sync(() => {
        const status = statuses[requests++] ?? statuses.at(-1) ?? 200
        return HttpClientResponse.fromWeb(
          request,
          new Response(status === 404 ? notFound : keyJson({ id }), { status })
        )
      })
    )
  })

const byHand = Effect.flatMap(ByHand.make(options), (deleteKey) => deleteKey(id)).pipe(Effect.scoped)

const library = Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.delete(id)).pipe(
  Effect.provide(Instantly.layer({ ...options, rateLimit: RateLimit.unlimited }))
)

/** How a deletion ends, and what its span has; its wait is drawn, by one rule here and by another there. */
const traced = <A, E>(
  deletion: Effect.Effect<A, E, HttpClient.HttpClient>,
  client: Layer.Layer<HttpClient.HttpClient>
) =>
  Effect.gen(function* () {
    const { spans, tracer } = yield* capturing
    const exit = yield* Effect.exit(deletion).pipe(Effect.provide(client), Effect.withTracer(tracer), VirtualTime.run)
    const [span] = spans
    const attributes = { ...Object.fromEntries(span?.attributes ?? []), "instantly.waited_ms": "any" }
    return { exit, spans: spans.length, name: span?.name, kind: span?.kind, attributes }
  })

describe("the same features by hand", () => {
  it.effect.each([[200], [503, 200], [429, 503, 200], [404], [500]].map((statuses) => ({ statuses })))(
    "have the span of the library, with the same attributes, after $statuses",
    ({ statuses }) =>
      Effect.gen(function* () {
        const client = giving(statuses)
        const { exit: _, ...ours } = yield* traced(library, client)
        expect(yield* traced(byHand, client)).toMatchObject(ours)
      })
  )

  it.effect("count each attempt by its result", () =>
    Effect.gen(function* () {
      const counted = (result: string) =>
        Effect.map(
          Metric.value(Metric.tagged(Metric.counter("by_hand.requests", { incremental: true }), "result", result)),
          ({ count }) => count
        )
      const before = yield* Effect.all([counted("Success"), counted("ServerError")])
      yield* traced(byHand, giving([503, 503, 200]))
      const after = yield* Effect.all([counted("Success"), counted("ServerError")])
      expect(after.map((count, index) => count - (before[index] ?? 0))).toEqual([1, 2])
    })
  )

  it.effect("give up on a server that stays silent, after five attempts of 15 seconds", () =>
    Effect.gen(function* () {
      const silent = Layer.succeed(
        HttpClient.HttpClient,
        HttpClient.make(() => Effect.never)
      )
      const { attributes, exit } = yield* traced(byHand, silent)
      expect(exit).toMatchObject(Exit.fail({ _tag: "Timeout" }))
      expect(attributes).toMatchObject({ "instantly.attempts": 5, "instantly.outcome": "Unknown" })
    })
  )
})
