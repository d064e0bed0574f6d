import { HttpClient, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Layer, Metric, Redacted } from "effect"
import { ApiKey, ApiKeys, Instantly, RateLimit } from "effect-instantly"
import { capturing } from "../../support/spans.js"
import { inVirtualTime } from "../../support/virtual.js"
import * as ByHand from "./byHand.js"
import * as InMemory from "./inMemory.js"
import { body, id, token } from "./key.js"

const baseUrl = "http://127.0.0.1:1"
const keyId = ApiKey.ApiKeyId.make(id)

const notFound = JSON.stringify({ statusCode: 404, error: "Not Found", message: "made-up" })

/** A server that gives these statuses one after the other, and then always the last of them. */
const giving = (statuses: ReadonlyArray<number>) =>
  Layer.sync(HttpClient.HttpClient, () => {
    let requests = 0
    return HttpClient.make((request) =>
      Effect.sync(() => {
        const status = statuses[requests++] ?? statuses.at(-1) ?? 200
        return HttpClientResponse.fromWeb(request, new Response(status === 404 ? notFound : body, { status }))
      })
    )
  })

const byHand = Effect.flatMap(ByHand.make(baseUrl), (deleteKey) => deleteKey(keyId)).pipe(Effect.scoped)

const library = Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.delete(keyId)).pipe(
  Effect.provide(Instantly.layer({ apiKey: Redacted.make(token), baseUrl, rateLimit: RateLimit.unlimited }))
)

/** How a deletion ends, and what its span has. */
const traced = <A, E>(
  deletion: Effect.Effect<A, E, HttpClient.HttpClient>,
  client: Layer.Layer<HttpClient.HttpClient>
) =>
  Effect.gen(function* () {
    const { spans, tracer } = yield* capturing
    const exit = yield* inVirtualTime(Effect.exit(deletion).pipe(Effect.provide(client), Effect.withTracer(tracer)))
    return { exit, spans: spans.map(({ attributes, kind, name }) => ({ name, kind, attributes })) }
  })

/** The wait is drawn, by one rule here and by another there. */
const withoutWait = (attributes: ReadonlyMap<string, unknown> | undefined) => {
  const { "instantly.waited_ms": waited, ...rest } = Object.fromEntries(attributes ?? [])
  return { ...rest, waited: typeof waited }
}

describe("the same features by hand", () => {
  for (const statuses of [[200], [503, 200], [429, 503, 200], [404], [500]]) {
    it.effect(`have the span of the library, with the same attributes, after ${statuses.join(", ")}`, () =>
      Effect.gen(function* () {
        const client = giving(statuses)
        const [ours, theirs] = [yield* traced(library, client), yield* traced(byHand, client)]
        expect(theirs.spans.map(({ kind, name }) => [kind, name])).toEqual(
          ours.spans.map(({ kind, name }) => [kind, name])
        )
        expect(withoutWait(theirs.spans[0]?.attributes)).toEqual(withoutWait(ours.spans[0]?.attributes))
      })
    )
  }

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
      const { exit, spans } = yield* traced(byHand, silent)
      expect(exit).toMatchObject(Exit.fail({ _tag: "Timeout" }))
      expect(Object.fromEntries(spans[0]?.attributes ?? [])).toMatchObject({
        "error.type": "Timeout",
        "instantly.attempts": 5,
        "instantly.outcome": "Unknown"
      })
    })
  )
})

describe("the client in memory", () => {
  it.live("gives the key that is deleted, to the library and by hand", () =>
    Effect.gen(function* () {
      const keys = yield* Effect.all([library, byHand]).pipe(Effect.provide(InMemory.layer))
      expect(keys.map((key) => key.id)).toEqual([id, id])
    })
  )
})
