import { HttpApiBuilder, HttpClient, HttpServer } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { type ApiKey, Instantly, RetryPolicy } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { run } from "../../test/support/process.js"
import { ApiLive } from "./Http.js"

describe("examples/http-service", () => {
  /** How the service responds, for a key that exists, when Instantly fails like this. */
  const respond = (
    prepare: (mock: InstantlyMock.Service, id: ApiKey.ApiKeyId) => Effect.Effect<unknown>,
    id?: string
  ) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey({ scopes: ["api_keys:delete"] })
      const leaked = yield* mock.createApiKey({ name: "leaked" })
      yield* prepare(mock, leaked.id)
      const instantly = Instantly.layer({
        apiKey: caller.secret,
        retryPolicy: RetryPolicy.attempts(2)(RetryPolicy.standard)
      })
      const { dispose, handler } = HttpApiBuilder.toWebHandler(
        Layer.mergeAll(ApiLive, HttpServer.layerContext).pipe(
          Layer.provide(instantly),
          Layer.provide(Layer.succeed(HttpClient.HttpClient, mock.httpClient))
        )
      )
      yield* Effect.addFinalizer(() => Effect.promise(dispose))
      const response = yield* Effect.promise(() =>
        handler(new Request(`http://localhost/keys/${id ?? leaked.id}`, { method: "DELETE" }))
      )
      const text = yield* Effect.promise(() => response.text())
      expect(text).not.toContain("made-up-secret")
      return { status: response.status, body: text === "" ? {} : JSON.parse(text) }
    }).pipe(Effect.scoped, Effect.provide(InstantlyMock.layer()))

  const failing = (fault: Fault.Fault) => (mock: InstantlyMock.Service) => mock.script(Fault.always(fault))
  const nothing = () => Effect.void

  it.live.each([
    ["a key that is there", nothing, 200, { name: "leaked" }],
    ["a key that is not", (mock: InstantlyMock.Service, id: ApiKey.ApiKeyId) => mock.deleteApiKey(id), 404, {}],
    [
      "a key that may be gone by this very call",
      (mock: InstantlyMock.Service) => mock.script(Fault.next(Fault.loseResponse)),
      502,
      { _tag: "Unconfirmed", outcome: "Unknown" }
    ],
    [
      "a workspace without a plan",
      (mock: InstantlyMock.Service) => mock.setPaid(false),
      500,
      { _tag: "Misconfigured", because: "plan" }
    ],
    [
      "a limit that is used up",
      failing(Fault.respond({ status: 429, headers: { "retry-after": "90" } })),
      503,
      { _tag: "Busy", retryAfterSeconds: 90 }
    ],
    [
      "a response that cannot be read",
      failing(Fault.respond({ status: 200, body: "<html>" })),
      502,
      { _tag: "Unconfirmed", outcome: "Applied" }
    ],
    [
      "a response of something else",
      failing(Fault.respond({ status: 403, body: "error code: 1010" })),
      502,
      { _tag: "Unconfirmed", outcome: "NotApplied" }
    ],
    ["a server that fails", failing(Fault.respond({ status: 500 })), 502, { _tag: "Unconfirmed", outcome: "Unknown" }],
    ["no connection", failing(Fault.refuse), 504, { _tag: "NoResponse", outcome: "NotApplied" }]
  ] as const)("responds in its own way to %s", ([, prepare, status, body]) =>
    Effect.gen(function* () {
      const result = yield* respond(prepare)
      expect(result.status).toBe(status)
      expect(result.body).toMatchObject(body)
    })
  )

  it.live("does not repeat an id that is not a UUID", () =>
    Effect.gen(function* () {
      const result = yield* respond(nothing, "made-up-secret")
      expect(result.status).toBe(400)
    })
  )

  it.live("is a whole program that serves", () =>
    Effect.gen(function* () {
      const { output } = yield* run(
        "examples/http-service/main.ts",
        [],
        { INSTANTLY_API_KEY: "made-up", PORT: "0" },
        (output) => output.includes("Listening on")
      )
      expect(output).toContain("Listening on")
    })
  )
})
