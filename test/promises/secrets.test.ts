/**
 * No secret is shown: canaries for the token and for the deleted key's secret, over everything the library can return or
 * fail with, looked for wherever a person, a log or a trace could see it.
 */
import { createServer, STATUS_CODES } from "node:http"
import { NodeSdk } from "@effect/opentelemetry"
import { HttpClientError, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import {
  Effect,
  Either,
  Exit,
  Layer,
  Logger,
  LogLevel,
  Metric,
  Option,
  Redacted,
  Schedule,
  Schema,
  Stream
} from "effect"
import {
  ApiKey,
  ApiKeys,
  Instantly,
  type InstantlyClient,
  InstantlyError,
  RateLimit,
  RetryPolicy,
  Revocation
} from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { address, served } from "../../examples/embedded/served.js"
import { clients } from "../support/clients.js"
import { key } from "../support/key.js"
import { leaksIn } from "../support/leaks.js"
import { run } from "../support/process.js"

const token = "canary/token+made-up/0123456789=="
const secret = "canary/secret+made-up/9876543210=="
const secrets = [token, secret]

/** What of a span leaves the process. */
const exportedOf = ({ attributes, events, links, name, resource, status }: ReadableSpan) => ({
  name,
  attributes,
  events,
  links,
  status,
  resource: resource.attributes
})

/** All that a run of an effect shows beside its result: what is logged in every format, spans as exported, and metrics. */
const observed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const shown: Array<unknown> = []
    const show = (line: unknown) => void shown.push(line)
    const formats = [Logger.stringLogger, Logger.jsonLogger, Logger.logfmtLogger, Logger.structuredLogger]
    const loggers = formats.map((logger) => Logger.add(Logger.map<unknown, unknown, void>(logger, show)))
    const exporter = new InMemorySpanExporter()
    const spanProcessor = new SimpleSpanProcessor(exporter)
    const exit = yield* effect.pipe(
      Effect.tapErrorCause((cause) => Effect.logError("failed", cause)),
      Effect.tap((value) => Effect.logDebug("succeeded", value)),
      Effect.withSpan("the app's own"),
      Effect.exit,
      // before the exporter is shut down, and forgets them
      Effect.zipLeft(Effect.sync(() => shown.push(...exporter.getFinishedSpans().map(exportedOf)))),
      Effect.provide(NodeSdk.layer(() => ({ resource: { serviceName: "test" }, spanProcessor }))),
      Effect.provide(Layer.mergeAll(Logger.remove(Logger.defaultLogger), ...loggers)),
      Logger.withMinimumLogLevel(LogLevel.All)
    )
    expect(shown).toContainEqual(expect.objectContaining({ name: "the app's own" }))
    return { exit, shown: [...shown, yield* Metric.snapshot] }
  })

/** Deletes a key, and gives everything that came to light. */
const remove = (options: Partial<InstantlyClient.Options> & Instantly.PolicyOptions = {}) =>
  Effect.gen(function* () {
    const apiKeys = yield* ApiKeys.ApiKeys
    return yield* apiKeys.delete(ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-7384d8969c61"))
  }).pipe(
    Effect.provide(
      Instantly.layer({
        apiKey: Redacted.make(token),
        timeout: "1 second",
        retryPolicy: RetryPolicy.none,
        rateLimit: RateLimit.unlimited,
        ...options
      })
    ),
    observed,
    Effect.map(({ exit, shown }) => {
      const result = Exit.isSuccess(exit)
        ? exit.value
        : exit.cause._tag === "Fail" && InstantlyError.isInstantlyError(exit.cause.error)
          ? exit.cause.error
          : exit.cause
      const encoded = InstantlyError.isInstantlyError(result)
        ? [Schema.encodeSync(InstantlyError.InstantlyError)(result)]
        : []
      return {
        tag: "_tag" in result ? result._tag : "Deleted",
        serverMessage: "serverMessage" in result ? result.serverMessage : Option.none(),
        everything: [result, exit, ...shown, ...encoded]
      }
    })
  )

const expectNoLeak = (everything: ReadonlyArray<unknown>) => {
  for (const value of everything) expect(leaksIn(value, secrets)).toEqual([])
}

const wire = key({ key: secret })

const json = { "content-type": "application/json" }

/** Bodies of a success that hold the secret, in all the ways that cannot be read, and one that can. */
const bodies = [
  wire,
  { ...wire, id: secret },
  { ...wire, id: "019e18e2-78e4-716b-94f2-d262235af217" },
  { ...wire, name: [secret] },
  { ...wire, scopes: { [secret]: secret } },
  { ...wire, scopes: [secret, { [secret]: 1 }] },
  { ...wire, key: { key: secret } },
  { ...wire, organization_id: secret },
  { ...wire, timestamp_created: secret },
  { [secret]: wire },
  [wire],
  secret
].map((body) => JSON.stringify(body))
const broken = [
  JSON.stringify(wire).slice(0, -3),
  `<html>${secret}</html>`,
  `${JSON.stringify(wire)}${" ".repeat(2_000_000)}x`
]

const successes = [...bodies, ...broken].map((body) => Fault.respond({ status: 200, headers: json, body }))

const faults = [
  Fault.refuse,
  Fault.loseRequest,
  Fault.loseResponse,
  Fault.cutResponse,
  Fault.swallowRequest,
  Fault.respond({ status: 401, body: JSON.stringify({ statusCode: 401, error: "Unauthorized", message: secret }) }),
  ...[204, 302, 408, 429, 500, 503].map((status) => Fault.respond({ status })),
  ...successes
]

/** A proxy that repeats the request wherever its response has room for it. */
const echo = (status: number, prefix = "") =>
  Effect.acquireRelease(
    Effect.async<{ readonly origin: string; readonly close: () => void }>((resume) => {
      const server = createServer(({ headers, method, url }, response) => {
        const { authorization = "" } = headers
        const bare = authorization.replace("Bearer ", "")
        const message = `${prefix}${method} ${url} ${authorization} ${Buffer.from(bare).toString("base64")}`
        response.writeHead(status, {
          ...json,
          "x-request-id": bare,
          "retry-after": bare,
          location: `/${encodeURIComponent(bare)}`,
          "set-cookie": `token=${bare}`,
          "www-authenticate": authorization
        })
        response.end(
          JSON.stringify({
            statusCode: status,
            error: STATUS_CODES[status],
            message,
            code: bare,
            [bare]: bare,
            id: bare,
            key: bare
          })
        )
      })
      server.listen(0, "127.0.0.1", () => {
        const bound = server.address()
        const port = typeof bound === "object" && bound !== null ? bound.port : 0
        resume(Effect.succeed({ origin: `http://127.0.0.1:${port}`, close: () => server.close() }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

describe("leaksIn finds what is leaked on purpose:", () => {
  const request = HttpClientRequest.get("https://api.instantly.ai").pipe(HttpClientRequest.bearerToken(token))
  const hidden = Object.defineProperty(new Error("made-up"), "hidden", { value: { token }, enumerable: false })
  const withSymbol = Object.assign(new Error("made-up"), { [Symbol("made-up")]: [token] })
  const parsed = Schema.decodeUnknownEither(Schema.Struct({ id: ApiKey.ApiKeyId }))({ id: secret })
  it.each([
    ["a message", new Error(`bad token ${token}`)],
    ["a cause", new Error("made-up", { cause: new Error("inner", { cause: secret }) })],
    ["a hidden property", hidden],
    ["a property under a symbol", withSymbol],
    ["a request in an error", new HttpClientError.RequestError({ request, reason: "Transport", cause: "made-up" })],
    ["a body in a ParseError", Either.getOrThrow(Either.flip(parsed))],
    ["a map", new Map([["made-up", { secret }]])],
    [
      "an attribute",
      { name: "span", attributes: new Map([["url.full", `https://x/?k=${encodeURIComponent(token)}`]]) }
    ],
    ["base64", `Basic ${Buffer.from(`user:${token}`).toString("base64")}`],
    ["base64url", Buffer.from(secret).toString("base64url")],
    ["hexadecimal", Buffer.from(secret).toString("hex")],
    ["its beginning", `${token.slice(0, 12)}…`],
    ["its end", `…${secret.slice(-12)}`],
    ["an ApiKey that is encoded", { key: wire.key }]
  ])("%s", (_, value) => {
    expect(leaksIn(value, secrets)).not.toEqual([])
  })

  it("and finds nothing where nothing is leaked", () => {
    expect(leaksIn(new Error("made-up"), secrets)).toEqual([])
    expect(leaksIn({ token: Redacted.make(token) }, secrets)).toEqual([])
  })
})

describe("no secret is shown", () => {
  it.live("by any ending of a call in memory", () =>
    Effect.gen(function* () {
      const tags = new Set<string>()
      for (const fault of faults) {
        const { everything, tag } = yield* remove().pipe(
          Effect.provide(InstantlyMock.layer({ faults: [Fault.always(fault)] }))
        )
        tags.add(tag)
        expectNoLeak(everything)
      }
      expect([...tags].sort()).toEqual(
        [
          "Deleted",
          "InvalidResponse",
          "ServerError",
          "TooManyRequests",
          "TransportError",
          "Unauthorized",
          "UnexpectedStatus"
        ].sort()
      )
    })
  )

  it.live.each(clients)("by any ending of a call over %s", ([, client]) =>
    Effect.gen(function* () {
      for (const fault of faults) {
        const { everything } = yield* Effect.gen(function* () {
          return yield* remove({ baseUrl: yield* address })
        }).pipe(Effect.provide(client), Effect.provide(served({ faults: [Fault.always(fault)] })))
        expectNoLeak(everything)
      }
    })
  )

  it.scopedLive.each(clients)("by a proxy that repeats the request in its response, over %s", ([, client]) =>
    Effect.gen(function* () {
      const said: Array<number> = []
      for (const status of [200, 201, 302, 400, 401, 402, 403, 404, 408, 409, 422, 429, 500, 503]) {
        const { origin } = yield* echo(status)
        const { everything, serverMessage } = yield* remove({ baseUrl: origin }).pipe(Effect.provide(client))
        expectNoLeak(everything)
        if (Option.exists(serverMessage, (message) => Redacted.value(message).includes(token))) said.push(status)
      }
      // there the error holds the token, in what the server said, and still shows it nowhere
      expect(said).toEqual([400, 401, 403, 404, 409, 422])
    })
  )

  it.scopedLive.each(clients)("by a missing scope whose message repeats the request, over %s", ([, client]) =>
    Effect.gen(function* () {
      for (const status of [401, 403]) {
        const { origin } = yield* echo(status, `Invalid scope. Required: a:b. Found: ${secret}, ${token}, `)
        const { everything, tag } = yield* remove({ baseUrl: origin }).pipe(Effect.provide(client))
        expect(tag).toBe("InsufficientScope")
        expectNoLeak(everything)
      }
    })
  )

  it.live("by settings that are wrong", () =>
    Effect.gen(function* () {
      const wrong: ReadonlyArray<Partial<InstantlyClient.Options> & Instantly.PolicyOptions> = [
        { apiKey: Redacted.make(`${token}\n${token}`) },
        { apiKey: Redacted.make(`Bearer ${token}`) },
        { apiKey: Effect.succeed(Redacted.make(`${token}\n`.repeat(2))) },
        { baseUrl: token },
        { baseUrl: `http://example.com/${token}` },
        { baseUrl: `https://user:${token}@example.com` },
        { workspaceId: `${secret} ${secret}` },
        { userAgent: `${token}\n` }
      ]
      for (const options of wrong) {
        const { everything, tag } = yield* remove(options).pipe(Effect.provide(InstantlyMock.layer()))
        expect(tag).not.toBe("Deleted")
        expectNoLeak(everything)
      }
    })
  )

  it.live("by an id that is a secret", () =>
    Effect.gen(function* () {
      for (const decode of [Schema.decodeUnknown(ApiKey.ApiKeyId), Schema.validate(ApiKey.ApiKeyId)]) {
        expectNoLeak([yield* Effect.flip(decode(secret))])
      }
      expect(() => ApiKey.ApiKeyId.make(secret)).toThrow(/^(?!.*canary)/)
    })
  )

  it.live("by retries, a deadline, and an interruption", () =>
    Effect.gen(function* () {
      const retried = remove({ retryPolicy: Schedule.recurs(3), deadline: "500 millis" })
      for (const fault of [Fault.loseResponse, Fault.swallowRequest, Fault.respond({ status: 429 })]) {
        const { everything } = yield* retried.pipe(
          Effect.provide(InstantlyMock.layer({ faults: [Fault.always(fault)] }))
        )
        expectNoLeak(everything)
      }
      const interrupted = yield* Effect.timeoutOption(remove(), "50 millis").pipe(
        observed,
        Effect.provide(InstantlyMock.layer({ faults: [Fault.always(Fault.swallowRequest)] }))
      )
      expectNoLeak([interrupted.exit, ...interrupted.shown])
    })
  )

  it.live("by listing keys, by asking whether a secret is active, and by receipts", () =>
    Effect.gen(function* () {
      const page = JSON.stringify({ items: [wire], next_starting_after: "made-up" })
      const bodies = [page, page.slice(0, -9), JSON.stringify({ items: secret }), JSON.stringify({ items: [secret] })]
      const responses = bodies.flatMap((body) =>
        [200, 401, 403, 500].map((status) => Fault.respond({ status, headers: json, body }))
      )
      for (const fault of [...faults, ...responses]) {
        const operations = Effect.gen(function* () {
          const apiKeys = yield* ApiKeys.ApiKeys
          const run = Revocation.run([ApiKey.ApiKeyId.make(wire.id)])
          return [
            yield* Effect.exit(Stream.runCollect(apiKeys.list())),
            yield* Effect.exit(apiKeys.isActive(Redacted.make(secret))),
            yield* Stream.runCollect(Stream.mapEffect(run, (receipt) => Schema.encode(Revocation.Receipt)(receipt)))
          ]
        })
        const { exit, shown } = yield* operations.pipe(
          Effect.provide(
            Instantly.layer({
              apiKey: Redacted.make(token),
              timeout: "50 millis",
              retryPolicy: RetryPolicy.none,
              rateLimit: RateLimit.unlimited
            })
          ),
          observed,
          Effect.provide(InstantlyMock.layer({ faults: [Fault.always(fault)] }))
        )
        expect(Exit.isSuccess(exit)).toBe(true)
        expectNoLeak([exit, ...(Exit.isSuccess(exit) ? exit.value : []), ...shown])
      }
    })
  )

  it.live("by a program that ends with a failure", () =>
    Effect.gen(function* () {
      const environment = { INSTANTLY_API_KEY: token, INSTANTLY_BASE_URL: yield* address }
      for (const argument of [wire.id, secret]) {
        const { code, output } = yield* run("examples/delete.ts", [argument], environment)
        expect(code).not.toBe(0)
        expect(output).toMatch(/does not accept the API key|a UUID/)
        expect(leaksIn(output, secrets)).toEqual([])
      }
    }).pipe(Effect.provide(served()))
  )
})
