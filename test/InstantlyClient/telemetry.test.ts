import { HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber, LogLevel, Metric, Schedule, Schema, TestClock } from "effect"
import { RetryPolicy } from "effect-instantly"
import { Fault } from "effect-instantly/testing"
import * as Call from "../../src/InstantlyClient/call.js"
import * as Telemetry from "../../src/InstantlyClient/telemetry.js"
import { callOver, responding } from "../support/bodies.js"
import { logsTo } from "../support/logs.js"
import { capturing } from "../support/spans.js"
import { inVirtualTime } from "../support/virtual.js"
import { withMock } from "../support/withMock.js"

describe("a defect within a call", () => {
  // Nothing of the app's gets there by the door: a Schema, a gate, a policy and an HttpClient that die are errors.
  it.effect("leaves the outcome in the span and in a debug log", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const { spans, tracer } = yield* capturing
      const exit = yield* Effect.gen(function* () {
        const call = yield* Call.start(HttpClientRequest.del("/made-up"), Duration.infinity)
        const dying = Effect.zipRight(call.depart, Effect.die(new Error("made-up")))
        return yield* Effect.exit(Telemetry.spanTo("https://api.instantly.ai")(call)(dying))
      }).pipe(Effect.withTracer(tracer), Effect.provide(logsTo(lines, LogLevel.Debug)))
      expect(Exit.isFailure(exit) && Cause.isDie(exit.cause)).toBe(true)
      expect(lines).toEqual(["died: DELETE /made-up · outcome Unknown · 1 attempt · waited 0"])
      expect(Object.fromEntries(spans[0]?.attributes ?? [])).toMatchObject({
        "error.type": "defect",
        "instantly.outcome": "Unknown"
      })
    })
  )
})

describe("an interruption", () => {
  it.effect("leaves the outcome in a debug log, and nothing more is sent", () =>
    withMock(({ mock, remove }) =>
      Effect.gen(function* () {
        const lines: Array<string> = []
        yield* mock.script(Fault.next(Fault.swallowResponse))
        const fiber = yield* remove.pipe(Effect.provide(logsTo(lines, LogLevel.Debug)), Effect.fork)
        yield* TestClock.adjust("1 second")
        expect(Exit.isInterrupted(yield* Fiber.interrupt(fiber))).toBe(true)
        yield* TestClock.adjust("1 hour")
        expect(yield* mock.arrivals).toHaveLength(1)
        expect(lines).toEqual([expect.stringMatching(/^interrupted: DELETE .* · outcome Unknown · 1 attempt/)])
      })
    )
  )

  it.effect("of a call that waits for its permit takes none", () =>
    withMock(
      ({ execute, mock, remove }) =>
        Effect.gen(function* () {
          yield* execute(HttpClientRequest.get("/api/v2/api-keys"), Schema.Unknown)
          const fiber = yield* Effect.fork(remove)
          yield* TestClock.adjust("1 second")
          const exit = yield* Fiber.interrupt(fiber)
          expect(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause)).toBe(true)
          yield* TestClock.adjust("2 hours")
          expect(yield* mock.arrivals).toHaveLength(1)
        }),
      { rateLimit: Schedule.spaced("1 hour") }
    )
  )
})

describe("the counter of requests", () => {
  const interrupted = Metric.tagged(
    Metric.counter("instantly.requests", {
      description: "Requests that were sent, or that the client tried to send, by their result",
      incremental: true
    }),
    "result",
    "Interrupted"
  )

  it.effect("counts one that is interrupted as Interrupted", () =>
    withMock(({ mock, remove }) =>
      Effect.gen(function* () {
        const before = yield* Metric.value(interrupted)
        yield* mock.script(Fault.next(Fault.swallowResponse))
        yield* inVirtualTime(Effect.timeoutOption(remove, "1 second"))
        expect((yield* Metric.value(interrupted)).count).toBe(before.count + 1)
      })
    )
  )
})

describe("spans", () => {
  /** The spans that an effect makes, by name, each with its attributes at its end. */
  const spansOf = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.gen(function* () {
      const { spans, tracer } = yield* capturing
      yield* Effect.exit(Effect.withTracer(effect, tracer))
      return spans.map(({ attributes, kind, name }) => ({ name, kind, ...Object.fromEntries(attributes) }))
    })

  const own = {
    name: "DELETE /api/v2/api-keys/{id}",
    kind: "client",
    "http.request.method": "DELETE",
    "url.template": "/api/v2/api-keys/{id}",
    "server.address": "api.instantly.ai"
  }

  it.effect("are one for each call, and say what became of it and nothing more", () =>
    withMock(({ leaked, mock, remove }) =>
      Effect.gen(function* () {
        const all = { ...own, "url.full": `https://api.instantly.ai/api/v2/api-keys/${leaked.id}` }
        yield* mock.script(Fault.next(Fault.loseRequest))
        expect(yield* spansOf(inVirtualTime(remove))).toEqual([
          {
            ...all,
            "http.response.status_code": 200,
            "instantly.outcome": "Applied",
            "http.request.resend_count": 1,
            "instantly.attempts": 2,
            "instantly.waited_ms": 100
          }
        ])
        expect(yield* spansOf(inVirtualTime(remove))).toEqual([
          {
            ...all,
            "error.type": "NotFound",
            "http.response.status_code": 404,
            "instantly.outcome": "NotApplied",
            "instantly.attempts": 1,
            "instantly.waited_ms": 0
          }
        ])
        yield* mock.script(Fault.always(Fault.refuse))
        const [unsent] = yield* spansOf(inVirtualTime(remove))
        expect(unsent).toMatchObject({ "error.type": "TransportError", "instantly.outcome": "NotApplied" })
        expect(unsent).not.toHaveProperty(["http.response.status_code"])
      })
    )
  )

  it.effect("have the status of a response whose body does not end", () =>
    Effect.gen(function* () {
      const call = callOver(responding(404, new ReadableStream()), Schema.Unknown, { timeout: "2 seconds" })
      expect(yield* spansOf(inVirtualTime(call))).toEqual([
        expect.objectContaining({
          "error.type": "UnexpectedStatus",
          "http.response.status_code": 404,
          "instantly.outcome": "Unknown"
        })
      ])
    })
  )

  it.effect("say what an interrupted call may have done", () =>
    withMock(({ mock, remove }) =>
      Effect.gen(function* () {
        yield* mock.script(Fault.next(Fault.swallowResponse))
        expect(yield* spansOf(inVirtualTime(Effect.timeout(remove, "1 second")))).toEqual([
          expect.objectContaining({ ...own, "error.type": "interrupted", "instantly.outcome": "Unknown" })
        ])
      })
    )
  )

  it.effect.each([
    ["/api/v2/api-keys?limit=1", "/api/v2/api-keys"],
    ["/api/v2/api-keys/019E18E2-78d4-7322-941a-7384d8969c61/x", "/api/v2/api-keys/{id}/x"],
    ["/019e18e2-78d4-7322-941a-7384d8969c61/019e18e2-78d4-7322-941a-7384d8969c62#x", "/{id}/{id}"],
    ["/api/v2/api-keys/019e18e2", "/api/v2/api-keys/019e18e2"],
    ["api/v2/api-keys", "/api/v2/api-keys"]
  ] as const)("are named by their template, without ids and query: %s", ([path, template]) =>
    withMock(
      ({ execute }) =>
        Effect.gen(function* () {
          const [span] = yield* spansOf(execute(HttpClientRequest.get(path), Schema.Unknown))
          expect(span).toMatchObject({
            name: `GET ${template}`,
            "url.template": template,
            "url.full": `https://api.instantly.ai${path.replace(/[?#].*/, "").replace(/^(?!\/)/, "/")}`
          })
        }),
      { retryPolicy: RetryPolicy.none }
    )
  )

  it.effect("have those of the platform among them if transformClient turns them on", () =>
    withMock(
      ({ remove }) =>
        Effect.gen(function* () {
          const names = (yield* spansOf(remove)).map(({ name }) => name)
          expect(names).toEqual(["DELETE /api/v2/api-keys/{id}", "http.client DELETE"])
        }),
      { transformClient: HttpClient.withTracerDisabledWhen(() => false) }
    )
  )
})
