/** What leaves this client and what becomes of what comes back, on a real socket, for each `HttpClient` of the platform. */
import { FetchHttpClient, HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Fiber, flow, identity, Layer, Option, Redacted, Schedule } from "effect"
import { constVoid } from "effect/Function"
import { ApiKey, ApiKeys, Instantly, type InstantlyClient, RateLimit, RetryPolicy } from "effect-instantly"
import pkg from "../../package.json" with { type: "json" }
import { clients } from "../support/clients.js"
import { keyJson } from "../support/key.js"
import type { Options, RawServer, Respond } from "../support/rawServer.js"
import { closedPort, headOf, responseOf, selfSigned, serveRaw } from "../support/rawServer.js"

const id = ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-7384d8969c61")
const path = `/api/v2/api-keys/${id}`
const deleted = responseOf(200, keyJson({ id }))
const html = "<!doctype html><title>made-up page</title>"

const instantly = (baseUrl: string, options: Partial<InstantlyClient.Options> & Instantly.PolicyOptions = {}) =>
  Instantly.layer({
    apiKey: Redacted.make("made-up-token"),
    baseUrl,
    retryPolicy: RetryPolicy.none,
    rateLimit: RateLimit.unlimited,
    ...options
  })

const deleteKey = Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.delete(id))

const deleteAt = (baseUrl: string, options?: Partial<InstantlyClient.Options> & Instantly.PolicyOptions) =>
  Effect.provide(deleteKey, instantly(baseUrl, options))

const errorAt = flow(deleteAt, Effect.flip)

type Expected = Readonly<Record<string, unknown>>

const unexpectedStatus = (status: number) => ({ _tag: "UnexpectedStatus", status, outcome: "Unknown" })
const serverError = (status: number) => ({ _tag: "ServerError", status, outcome: "Unknown" })
const unreadable = (detail: string) => ({ _tag: "InvalidResponse", status: 200, outcome: "Unknown", detail })
const tooManyRequests = (retryAfter: Option.Option<Duration.Duration>) => ({
  _tag: "TooManyRequests",
  outcome: "NotApplied",
  retryAfter
})
const notSent = { _tag: "TransportError", reason: "NotSent", outcome: "NotApplied", isRetryable: true }
const lost = { _tag: "TransportError", reason: "ConnectionLost", outcome: "Unknown", isRetryable: true }

/** A request's first line, its headers sorted by name, and what follows its head. */
const partsOf = (request = "") => {
  const end = request.indexOf("\r\n\r\n")
  const [line, ...fields] = request.slice(0, end).split("\r\n")
  const headers = fields.map((field) => {
    const colon = field.indexOf(": ")
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 2)] as const
  })
  return { line, headers: headers.toSorted(([a], [b]) => a.localeCompare(b)), body: request.slice(end + 4) }
}

/** What the three clients add on their own: what they accept, and what becomes of the connection. */
const ofTheClient = new Set(["host", "connection", "accept-encoding", "accept-language", "sec-fetch-mode"])

const ownHeadersOf = (server: RawServer) =>
  partsOf(server.requests[0]).headers.filter(([name]) => !ofTheClient.has(name))

describe.each(clients)("over %s", (_, client) => {
  const over = Effect.provide(client)

  describe("the request", () => {
    it.scopedLive("arrives with these headers and no other, and without a body", () =>
      Effect.gen(function* () {
        const server = yield* serveRaw((socket) => socket.write(deleted))
        yield* deleteAt(server.origin, { apiKey: Redacted.make("  made-up-token\n"), userAgent: "my-app/1.0" }).pipe(
          Effect.withSpan("the app's own")
        )
        expect(server.requests.length).toBe(1)
        expect(partsOf(server.requests[0])).toMatchObject({ line: `DELETE ${path} HTTP/1.1`, body: "" })
        expect(ownHeadersOf(server)).toEqual([
          ["accept", "application/json"],
          ["authorization", "Bearer made-up-token"],
          ["user-agent", `effect-instantly/${pkg.version} my-app/1.0`]
        ])
      }).pipe(over)
    )

    it.scopedLive("names the sub workspace when one is set", () =>
      Effect.gen(function* () {
        const server = yield* serveRaw((socket) => socket.write(deleted))
        yield* deleteAt(server.origin, { workspaceId: "made-up-workspace" })
        expect(ownHeadersOf(server)).toContainEqual(["x-as-workspace", "made-up-workspace"])
      }).pipe(over)
    )

    it.scopedLive("carries a trace header when transformClient asks for it", () =>
      Effect.gen(function* () {
        const server = yield* serveRaw((socket) => socket.write(deleted))
        const span = yield* Effect.currentSpan.pipe(
          Effect.tap(
            deleteAt(server.origin, {
              transformClient: flow(
                HttpClient.withTracerDisabledWhen(() => false),
                HttpClient.withTracerPropagation(true)
              )
            })
          ),
          Effect.withSpan("the app's own")
        )
        expect(ownHeadersOf(server)).toContainEqual(["traceparent", expect.stringContaining(span.traceId)])
      }).pipe(over)
    )

    it.scopedLive("is sent once, even when a kept connection breaks", () =>
      Effect.gen(function* () {
        const server = yield* serveRaw((socket) =>
          server.requests.length === 1 ? socket.write(deleted) : socket.destroy()
        )
        const twice = Effect.zipRight(deleteKey, Effect.flip(deleteKey))
        expect(yield* Effect.provide(twice, instantly(server.origin))).toMatchObject(lost)
        expect(server.requests.length).toBe(2)
      }).pipe(over)
    )
  })

  describe("a redirect", () => {
    it.scopedLive.each([301, 302, 303, 307, 308])("%i is not followed, to this origin or another", (status) =>
      Effect.gen(function* () {
        const elsewhere = yield* serveRaw((socket) => socket.write(deleted))
        for (const target of ["/elsewhere", `${elsewhere.origin}${path}`]) {
          const server = yield* serveRaw((socket) => socket.write(responseOf(status, html, { location: target })))
          expect(yield* errorAt(server.origin)).toMatchObject(unexpectedStatus(status))
          expect(server.requests.length).toBe(1)
        }
        expect(elsewhere.requests).toEqual([])
      }).pipe(over)
    )
  })

  describe("a connection that cannot be made proves that nothing was sent:", () => {
    it.live.each(["127.0.0.1", "localhost"])("nobody listens at %s", (host) =>
      Effect.gen(function* () {
        const port = yield* closedPort
        const error = yield* errorAt(`http://${host}:${port}/made-up-base`)
        expect(error).toMatchObject({
          ...notSent,
          detail: `no connection to ${host}:${port} (ECONNREFUSED)`,
          attempts: 1
        })
        expect(error.message).toMatch(new RegExp(`^The request was not sent: no connection to ${host}:${port} \\(`))
      }).pipe(over)
    )

    it.live("the host has no address", () =>
      Effect.gen(function* () {
        const error = yield* errorAt("https://does-not-exist.invalid")
        // the second is what a machine without a resolver says
        expect(error).toMatchObject({
          ...notSent,
          detail: expect.stringMatching(/^no connection to does-not-exist.invalid:443 \((?:ENOTFOUND|EAI_AGAIN)\)$/)
        })
      }).pipe(over)
    )

    it.scopedLive("nobody vouches for the certificate", () =>
      Effect.gen(function* () {
        const server = yield* serveRaw((socket) => socket.write(deleted), { tls: selfSigned() })
        expect(yield* errorAt(server.origin)).toMatchObject({
          ...notSent,
          detail: `no connection to ${new URL(server.origin).host} (DEPTH_ZERO_SELF_SIGNED_CERT)`
        })
        expect(server.requests).toEqual([])
      }).pipe(over)
    )
  })

  describe("a connection that is lost before the head of a response leaves the outcome unknown:", () => {
    const ends: ReadonlyArray<readonly [how: string, respond: Respond, options?: Options]> = [
      ["closed on connect", constVoid, { greet: (socket) => socket.destroy() }],
      ["closed after the request", (socket) => socket.end()],
      ["reset after the request", (socket) => socket.resetAndDestroy()],
      ["closed after the status line", (socket) => socket.end("HTTP/1.1 200 OK\r\n")],
      ["closed in the middle of the head", (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-le")],
      ["a response in another protocol", (socket) => socket.end("SSH-2.0-made-up\r\n")],
      ["TLS without a certificate", constVoid, { tls: {} }]
    ]
    it.scopedLive.each(ends)("%s", ([, respond, options]) =>
      Effect.gen(function* () {
        const server = yield* serveRaw(respond, options)
        expect(yield* errorAt(server.origin)).toMatchObject({ ...lost, attempts: 1 })
        expect(server.requests.length).toBeLessThanOrEqual(1)
      }).pipe(over)
    )

    it.scopedLive("HTTP where HTTPS is expected", () =>
      Effect.gen(function* () {
        const server = yield* serveRaw(constVoid, {
          greet: (socket) => socket.once("data", () => socket.end(responseOf(400, html)))
        })
        expect(yield* errorAt(server.origin.replace("http:", "https:"))).toMatchObject(lost)
      }).pipe(over)
    )
  })

  describe("a status outlives the connection that brought it:", () => {
    const head = (status: number) => headOf(status, { "content-length": "1000" })
    const chunked = headOf(200, { "transfer-encoding": "chunked" })
    const cutOff = unreadable("it was cut off or damaged, or the app's HttpClient has read it")
    const cuts: ReadonlyArray<readonly [how: string, respond: Respond, expected: Expected]> = [
      ["200, closed before the body", (socket) => socket.end(head(200)), cutOff],
      ["200, closed in the body", (socket) => socket.end(`${head(200)}{"id":`), cutOff],
      ["200, closed between two chunks", (socket) => socket.end(`${chunked}6\r\n{"id":\r\n`), cutOff],
      ["200, reset in the body", (socket) => socket.write(`${head(200)}{`, () => socket.resetAndDestroy()), cutOff],
      ["404, closed in the body", (socket) => socket.end(`${head(404)}{"statusCode":404,`), unexpectedStatus(404)],
      ["503, closed in the body", (socket) => socket.end(`${head(503)}<!doctype`), serverError(503)]
    ]
    it.scopedLive.each(cuts)("%s", ([, respond, expected]) =>
      Effect.gen(function* () {
        const server = yield* serveRaw(respond)
        expect(yield* errorAt(server.origin)).toMatchObject({ ...expected, attempts: 1 })
        expect(server.requests.length).toBe(1)
      }).pipe(over)
    )
  })

  describe("when the time is up, the connection is closed and the error says what is proven:", {
    concurrent: true
  }, () => {
    const dripping =
      (status: number, headers: Record<string, string> = {}): Respond =>
      (socket) => {
        socket.write(headOf(status, { "content-length": "1000000", ...headers }))
        const drip = setInterval(() => socket.write(" "), 20)
        socket.on("close", () => clearInterval(drip))
      }
    const hangs: ReadonlyArray<readonly [how: string, respond: Respond, expected: Expected]> = [
      ["no response at all", constVoid, { ...lost, reason: "Timeout" }],
      ["a 200 without end", dripping(200), unreadable("it did not arrive in time")],
      ["a 404 without end", dripping(404), unexpectedStatus(404)],
      ["a 429 without end", dripping(429, { "retry-after": "7" }), tooManyRequests(Option.some(Duration.seconds(7)))]
    ]
    it.scopedLive.each(hangs)("%s", ([, respond, expected]) =>
      Effect.gen(function* () {
        const server = yield* serveRaw(respond)
        expect(yield* errorAt(server.origin, { timeout: "500 millis" })).toMatchObject({ ...expected, attempts: 1 })
        yield* server.closed
      }).pipe(over)
    )
  })

  it.scopedLive("an interrupted call closes its connection", () =>
    Effect.gen(function* () {
      const server = yield* serveRaw(constVoid)
      const call = yield* Effect.fork(deleteAt(server.origin))
      yield* server.arrived
      yield* Fiber.interrupt(call)
      yield* server.closed
    }).pipe(over)
  )

  describe("a success", () => {
    const bodies = [
      ["nothing", responseOf(200)],
      ["truncated JSON", responseOf(200, keyJson({ id }).slice(0, 40))],
      ["HTML", responseOf(200, html)],
      ["an error", responseOf(200, '{"error":"x"}')],
      ["another key", responseOf(200, keyJson({ id: "019e18e2-78d4-7322-941a-7384d8969c62" }))],
      ["a 204", headOf(204)]
    ] as const
    it.scopedLive.each(bodies)("that proves nothing is never followed by another request: %s", ([, bytes]) =>
      Effect.gen(function* () {
        const server = yield* serveRaw((socket) => socket.write(bytes))
        const error = yield* errorAt(server.origin, { retryPolicy: Schedule.forever })
        expect(error).toMatchObject({ _tag: "InvalidResponse", outcome: "Unknown", attempts: 1 })
        expect(server.requests.length).toBe(1)
      }).pipe(over)
    )

    it.scopedLive("is read even with unknown fields", () =>
      Effect.gen(function* () {
        const body = keyJson({ id, made_up: { field: [1, 2] } })
        const server = yield* serveRaw((socket) => socket.write(responseOf(200, body)))
        expect(yield* deleteAt(server.origin)).toMatchObject({ id, name: "made-up key" })
      }).pipe(over)
    )
  })

  describe("a refusal", () => {
    const text = { "content-type": "text/plain" }
    const saying = (statusCode: number, message = "Resource not found") =>
      JSON.stringify({ statusCode, error: "Not Found", message })
    const refusals: ReadonlyArray<readonly [what: string, bytes: string, expected: Expected]> = [
      ["a 403 of the edge", responseOf(403, "error code: 1010", text), unexpectedStatus(403)],
      ["a 401 of a proxy", responseOf(401, html), unexpectedStatus(401)],
      ["a 402 of a proxy", responseOf(402, html), unexpectedStatus(402)],
      ["a 404 of a proxy", responseOf(404, html), unexpectedStatus(404)],
      ["a 404 whose body says 410", responseOf(404, saying(410)), unexpectedStatus(404)],
      [
        "a 404 of a route",
        responseOf(404, saying(404, `Route DELETE:${path} not found`)),
        { ...unexpectedStatus(404), fromInstantly: true, outcome: "NotApplied" }
      ],
      ["a 404 in Instantly's words", responseOf(404, saying(404)), { _tag: "NotFound", outcome: "NotApplied" }],
      ["a 408", responseOf(408), { ...unexpectedStatus(408), isRetryable: true }],
      ["a 429 of a proxy", responseOf(429, html), tooManyRequests(Option.none())],
      ["a 500 of a proxy", responseOf(500, html), serverError(500)],
      ["a 502 of a proxy", responseOf(502, html), serverError(502)],
      ["a 503 of a proxy", responseOf(503, html), serverError(503)]
    ]
    it.scopedLive.each(refusals)("becomes the right error: %s", ([, bytes, expected]) =>
      Effect.gen(function* () {
        const server = yield* serveRaw((socket) => socket.write(bytes))
        expect(yield* errorAt(server.origin)).toMatchObject({ ...expected, attempts: 1 })
      }).pipe(over)
    )

    it.scopedLive("that asks for more than the standard policy's minute ends the call at once", () =>
      Effect.gen(function* () {
        const server = yield* serveRaw((socket) => socket.write(responseOf(429, html, { "retry-after": "86400" })))
        const error = yield* errorAt(server.origin, { retryPolicy: RetryPolicy.standard })
        expect(error).toMatchObject({ ...tooManyRequests(Option.some(Duration.days(1))), attempts: 1 })
        expect(server.requests.length).toBe(1)
      }).pipe(over)
    )
  })
})

describe("an app's own RequestInit for Fetch", () => {
  const own = Layer.succeed(FetchHttpClient.RequestInit, { headers: { "x-app": "made-up" }, redirect: "follow" })

  /** Leaves what an effect needs as it is, or gives it the app's `RequestInit`. */
  type Around = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  const nothing: Around = identity
  const withOwn: Around = Effect.provide(own)
  const ways = [
    ["inside the layer of Fetch", Layer.provide(FetchHttpClient.layer, own), nothing, nothing],
    ["around the whole program", FetchHttpClient.layer, withOwn, nothing],
    ["around the call", FetchHttpClient.layer, nothing, withOwn]
  ] as const
  it.scopedLive.each(ways)("applies to everything but redirects when it is given %s", ([, client, whole, call]) =>
    Effect.gen(function* () {
      const server = yield* serveRaw((socket, request) =>
        socket.write(request.includes(" /here ") ? headOf(204) : responseOf(302, html, { location: "/here" }))
      )
      const program = Effect.gen(function* () {
        const error = yield* Effect.flip(call(deleteKey))
        expect(error).toMatchObject(unexpectedStatus(302))
        expect(server.requests.length).toBe(1)
        expect(ownHeadersOf(server)).toContainEqual(["x-app", "made-up"])

        // and nothing of it is left: the app's own requests follow redirects, by the same client in the same fiber
        const response = yield* HttpClient.get(`${server.origin}/moved`)
        expect([response.status, server.requests.length]).toEqual([204, 3])
      })
      yield* program.pipe(Effect.provide(instantly(server.origin)), Effect.provide(client), whole)
    })
  )
})
