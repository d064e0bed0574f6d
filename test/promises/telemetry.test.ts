/** What one sees of the library from outside, as OpenTelemetry exports it: spans, their events, metrics and logs. */
import { Metrics, NodeSdk, Resource } from "@effect/opentelemetry"
import { describe, expect, it } from "@effect/vitest"
import { InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import {
  Cause,
  Duration,
  Effect,
  Exit,
  Fiber,
  Logger,
  LogLevel,
  Metric,
  Option,
  Redacted,
  Schedule,
  Scope,
  TestClock
} from "effect"
import { ApiKeys, Instantly, InstantlyError, RateLimit, RetryPolicy } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { inVirtualTime } from "../support/virtual.js"

const id = "019e18e2-78d4-7322-941a-7384d8969c61"

/** Deletes a key in virtual time, and gives the spans that an exporter got. */
const exported = (faults: ReadonlyArray<Fault.Script>, options: Partial<Instantly.Options> = {}) =>
  Effect.gen(function* () {
    const exporter = new InMemorySpanExporter()
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey()
    const leaked = yield* mock.createApiKey({ name: "leaked" })
    yield* mock.script(...faults)
    const spans = yield* Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.delete(leaked.id)).pipe(
      Effect.provide(Instantly.layer({ apiKey: caller.secret, ...options })),
      Effect.exit,
      // before the exporter is shut down, and forgets them
      Effect.andThen(Effect.sync(() => [...exporter.getFinishedSpans()])),
      Effect.provide(
        NodeSdk.layer(() => ({
          resource: { serviceName: "test" },
          spanProcessor: new SimpleSpanProcessor(exporter)
        }))
      ),
      inVirtualTime
    )
    return { leaked: leaked.id, spans }
  }).pipe(Effect.provide(InstantlyMock.layer()))

const halfASecond = Schedule.spaced("500 millis").pipe(RetryPolicy.attempts(3), RetryPolicy.whileRetryable)

describe("the span of a call", () => {
  it.effect("has the names of OpenTelemetry's conventions for HTTP, and this library's own", () =>
    Effect.gen(function* () {
      const { leaked, spans } = yield* exported([])
      expect(spans.map(({ name }) => name)).toEqual(["DELETE /api/v2/api-keys/{id}"])
      expect(spans[0]?.kind).toBe(2) // client
      expect(spans[0]?.attributes).toEqual({
        "http.request.method": "DELETE",
        "url.template": "/api/v2/api-keys/{id}",
        "url.full": `https://api.instantly.ai/api/v2/api-keys/${leaked}`,
        "server.address": "api.instantly.ai",
        "http.response.status_code": 200,
        "instantly.outcome": "Applied",
        "instantly.attempts": 1,
        "instantly.waited_ms": 0
      })
    })
  )

  it.effect("has an event for each retry, each wait for a permit and each pause", () =>
    Effect.gen(function* () {
      const asked = Fault.respond({ status: 429, headers: { "retry-after": "3" } })
      const { spans } = yield* exported([Fault.next(Fault.respond({ status: 503 })), Fault.next(asked)], {
        retryPolicy: halfASecond
      })
      expect(spans[0]?.events.map(({ attributes, name }) => [name, attributes])).toEqual([
        ["instantly.retry", { "error.type": "ServerError", "instantly.delay_ms": 500 }],
        ["instantly.pause", { "instantly.pause_ms": 3000 }],
        ["instantly.retry", { "error.type": "TooManyRequests", "instantly.delay_ms": 500 }],
        ["instantly.permit", { "instantly.waited_ms": 2500 }]
      ])
      expect(spans[0]?.attributes).toMatchObject({
        "http.request.resend_count": 2,
        "instantly.attempts": 3,
        "instantly.outcome": "Applied",
        "instantly.waited_ms": 3500
      })
    })
  )

  it.effect("of a failed call says which error it was, and that it failed", () =>
    Effect.gen(function* () {
      const { spans } = yield* exported([Fault.always(Fault.loseResponse)], { retryPolicy: RetryPolicy.none })
      expect(spans[0]?.attributes).toMatchObject({ "error.type": "TransportError", "instantly.outcome": "Unknown" })
      expect(spans[0]?.status.code).toBe(2)
    })
  )
})

const descriptions: Readonly<Record<string, string>> = {
  "instantly.requests": "Requests that were sent, or that the client tried to send, by their result",
  "instantly.retries": "Attempts that follow another of the same call",
  "instantly.permit_wait": "How long callers waited for a permit",
  "instantly.permit_queue": "Callers that are waiting for a permit",
  "instantly.pauses": "Times that a gate was closed"
}

/** What the metrics with this name and its description have counted, by their labels. */
const counted = (name: string) =>
  Effect.map(Metric.snapshot, (pairs) =>
    pairs.flatMap(({ metricKey, metricState }) =>
      metricKey.name === name && Option.contains(metricKey.description, descriptions[name])
        ? [{ labels: Object.fromEntries(metricKey.tags.map(({ key, value }) => [key, value])), state: metricState }]
        : []
    )
  )

const countOf = (name: string, labels: Record<string, string> = {}) =>
  Effect.map(counted(name), (all) =>
    all
      .filter((one) => Object.entries(labels).every(([key, value]) => one.labels[key] === value))
      .reduce((sum, { state }) => sum + ("count" in state ? Number(state.count) : 0), 0)
  )

describe("the metrics", () => {
  /** How much each of some counts grows during an effect. */
  const growth = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.gen(function* () {
      const count = Effect.all({
        success: countOf("instantly.requests", { result: "Success" }),
        serverError: countOf("instantly.requests", { result: "ServerError" }),
        throttled: countOf("instantly.requests", { result: "TooManyRequests" }),
        retries: countOf("instantly.retries"),
        pauses: countOf("instantly.pauses"),
        permits: countOf("instantly.permit_wait", { time_unit: "milliseconds" })
      })
      const before = yield* count
      yield* effect
      const after = yield* count
      return {
        success: after.success - before.success,
        serverError: after.serverError - before.serverError,
        throttled: after.throttled - before.throttled,
        retries: after.retries - before.retries,
        pauses: after.pauses - before.pauses,
        permits: after.permits - before.permits
      }
    })

  it.effect("count requests by their result, retries, pauses, and the waits for permits", () =>
    Effect.gen(function* () {
      const faults = [
        Fault.next(Fault.respond({ status: 503 })),
        Fault.next(Fault.respond({ status: 429, headers: { "retry-after": "1" } }))
      ]
      expect(yield* growth(exported(faults, { retryPolicy: halfASecond }))).toEqual({
        success: 1,
        serverError: 1,
        throttled: 1,
        retries: 2,
        pauses: 1,
        permits: 3
      })
    })
  )

  it.effect("count nothing that the client did not send", () =>
    Effect.gen(function* () {
      const wrongId = Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) =>
        // @ts-expect-error an id that is none
        Effect.exit(apiKeys.delete("not-an-id"))
      ).pipe(Effect.provide(Instantly.layer({ apiKey: Redacted.make("made-up") })))
      const noToken = exported([], { apiKey: Effect.succeed(Redacted.make("")) })
      const grown = yield* growth(Effect.zip(wrongId.pipe(Effect.provide(InstantlyMock.layer())), noToken))
      expect(grown).toEqual({ success: 0, serverError: 0, throttled: 0, retries: 0, pauses: 0, permits: 0 })
    })
  )

  it.effect("do not count a pause of no time", () =>
    Effect.gen(function* () {
      const gate = yield* RateLimit.make(RateLimit.unlimited)
      expect(yield* growth(gate.observe({ status: 429, retryAfter: Option.some(Duration.zero) }))).toMatchObject({
        pauses: 0
      })
      expect(yield* growth(gate.observe({ status: 429, retryAfter: Option.some(Duration.seconds(1)) }))).toMatchObject({
        pauses: 1
      })
    }).pipe(Effect.scoped)
  )

  it.effect("show how many callers wait for a permit now, without those who gave up or were refused", () =>
    Effect.gen(function* () {
      const waiting = Effect.map(counted("instantly.permit_queue"), (all) =>
        Object.fromEntries(
          all.flatMap(({ labels, state }) => ("value" in state ? [[labels["team"] ?? "", Number(state.value)]] : []))
        )
      )
      const scope = yield* Scope.make()
      const gate = yield* Scope.extend(RateLimit.make(Schedule.spaced("1 hour")), scope)
      yield* gate.acquire
      const callers = yield* Effect.forEach([1, 2, 3], () => Effect.fork(gate.acquire))
      const [ofTeam] = yield* Effect.forEach([1, 2], () =>
        Effect.fork(Effect.tagMetrics(gate.acquire, "team", "made-up"))
      )
      yield* TestClock.adjust("1 minute")
      expect(yield* waiting).toEqual({ "": 3, "made-up": 2 })
      yield* Fiber.interruptAll(callers)
      expect(yield* waiting).toEqual({ "": 0, "made-up": 2 })
      yield* TestClock.adjust("1 hour")
      yield* Fiber.join(Option.getOrThrow(Option.fromNullable(ofTeam)))
      expect(yield* waiting).toEqual({ "": 0, "made-up": 1 })
      expect(yield* countOf("instantly.permit_wait", { team: "made-up" })).toBe(1)
      yield* Scope.close(scope, Exit.void)
      expect(yield* waiting).toEqual({ "": 0, "made-up": 0 })
    })
  )

  it.effect("reach OpenTelemetry under their names", () =>
    Effect.gen(function* () {
      yield* exported([Fault.next(Fault.respond({ status: 429 }))])
      const producer = yield* Metrics.makeProducer
      const { resourceMetrics } = yield* Effect.promise(() => producer.collect())
      const names = resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
        metrics.map(({ descriptor }) => descriptor.name)
      )
      expect(names).toEqual(
        expect.arrayContaining([
          "instantly.requests",
          "instantly.retries",
          "instantly.permit_wait",
          "instantly.permit_queue",
          "instantly.pauses"
        ])
      )
    }).pipe(Effect.provide(Resource.layer({ serviceName: "test" })))
  )
})

describe("a log", () => {
  it.effect("has a line at Debug for each retry, with the id, and nothing above Debug", () =>
    Effect.gen(function* () {
      const lines: Array<readonly [string, string]> = []
      const capture = Logger.make<unknown, void>(({ logLevel, message }) => {
        lines.push([logLevel.label, String(message)])
      })
      const { leaked } = yield* exported([Fault.next(Fault.respond({ status: 503 }))], {
        retryPolicy: halfASecond
      }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, capture)), Logger.withMinimumLogLevel(LogLevel.All))
      expect(lines).toEqual([["DEBUG", `ServerError: next attempt in 500ms · DELETE /api/v2/api-keys/${leaked}`]])
    })
  )

  const facts = {
    method: "DELETE",
    path: `/api/v2/api-keys/${id}`,
    attempts: 2,
    requestId: Option.some("req-1")
  } as const
  const errors = [
    new InstantlyError.BadRequest(facts),
    new InstantlyError.Unauthorized({ ...facts, outcome: "Unknown" }),
    new InstantlyError.PaymentRequired(facts),
    new InstantlyError.InsufficientScope(facts),
    new InstantlyError.NotFound({ ...facts, outcome: "Unknown" }),
    new InstantlyError.TooManyRequests(facts),
    new InstantlyError.ServerError(facts),
    new InstantlyError.UnexpectedStatus({ ...facts, outcome: "Unknown" }),
    new InstantlyError.InvalidResponse(facts),
    new InstantlyError.TransportError(facts)
  ]

  it.each(errors.map((error) => [error._tag, error] as const))(
    "of %s shows its name, id, outcome, attempts, waits and request id on at most five lines before the stack",
    (tag, error) => {
      const text = Cause.pretty(Cause.fail(error))
      const lines = text.split("\n")
      const stack = lines.findIndex((line) => line.startsWith("    at "))
      const head = lines.slice(0, stack === -1 ? undefined : stack)
      expect(head.length).toBeLessThanOrEqual(5)
      for (const part of [tag, id, `outcome ${error.outcome}`, "2 attempts", "waited 0", "request id req-1"]) {
        expect(head.join("\n")).toContain(part)
      }
    }
  )

  it.effect("by the default logger shows the same", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const show = Logger.map(Logger.stringLogger, (line) => void lines.push(line))
      const error = new InstantlyError.NotFound({ ...facts, outcome: "Unknown" })
      yield* Effect.logError("not deleted", Cause.fail(error)).pipe(
        Effect.provide(Logger.replace(Logger.defaultLogger, show))
      )
      for (const part of ["NotFound", id, "outcome Unknown", "2 attempts", "waited 0", "request id req-1"]) {
        expect(lines.join("\n")).toContain(part)
      }
    })
  )
})
