import { HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Cause, Config, ConfigError, ConfigProvider, Data, Effect, Redacted, Ref, Schedule, Schema } from "effect"
import type { InstantlyClient } from "effect-instantly"
import { Fault } from "effect-instantly/testing"
import pkg from "../../package.json" with { type: "json" }
import { callOver, responding } from "../support/bodies.js"
import { leaksIn } from "../support/leaks.js"
import { inVirtualTime } from "../support/virtual.js"
import { listing, withMock } from "../support/withMock.js"

const token = Redacted.make("made-up-token")

/** Nothing is sent, and the call is held back for this reason. */
const refused = (request: HttpClientRequest.HttpClientRequest, reason: string) =>
  withMock(
    ({ execute, mock }) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(execute(request, Schema.Unknown))
        expect(error).toMatchObject({ _tag: "HeldBack", outcome: "NotApplied", attempts: 0 })
        expect(error.message).toContain(reason)
        expect(yield* mock.arrivals).toEqual([])
      }),
    { retryPolicy: Schedule.forever }
  )

describe("a request", () => {
  it.effect("is addressed and signed, and nothing else is added", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* Effect.ignore(remove)
          const [arrival] = yield* mock.arrivals
          expect(arrival?.headers).toEqual({
            accept: "application/json",
            authorization: "<redacted>",
            "user-agent": `effect-instantly/${pkg.version} my-app/1.0`,
            "x-as-workspace": "made-up-workspace"
          })
        }),
      { userAgent: "my-app/1.0", workspaceId: " made-up-workspace " }
    )
  )

  it.effect("takes the token anew for each attempt, and trims it", () =>
    Effect.gen(function* () {
      const runs = yield* Ref.make(0)
      yield* withMock(
        ({ mock, remove }) =>
          Effect.gen(function* () {
            yield* mock.createApiKey({ secret: Redacted.make("made-up-second") })
            yield* mock.script(Fault.next(Fault.loseRequest))
            yield* inVirtualTime(remove)
            expect(yield* Ref.get(runs)).toBe(2)
          }),
        {
          apiKey: Effect.map(
            Ref.updateAndGet(runs, (n) => n + 1),
            (n) => Redacted.make(n === 1 ? "made-up-first" : " made-up-second\n")
          )
        }
      )
    })
  )

  it.effect("is not sent with an unusable token, and not tried again", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({
            _tag: "HeldBack",
            detail: "the API key has more than one line",
            outcome: "NotApplied",
            attempts: 0
          })
          expect(error.message).not.toContain("made-up")
          expect(yield* mock.arrivals).toEqual([])
        }),
      { apiKey: Effect.succeed(Redacted.make("made-up\ntoken")), retryPolicy: Schedule.forever }
    )
  )

  it.effect.each([
    ["https://proxy.example/instantly//", "proxy.example/instantly"],
    ["https://proxy.example/", "proxy.example"],
    ["http://127.0.0.1:8080", "127.0.0.1:8080"]
  ] as const)("goes to %s", ([baseUrl, at]) =>
    Effect.gen(function* () {
      const urls = yield* Ref.make<ReadonlyArray<string>>([])
      yield* withMock(({ execute }) => Effect.ignore(listing(execute)), {
        baseUrl,
        transformClient: HttpClient.tapRequest(({ url }) => Ref.update(urls, (before) => [...before, url]))
      })
      expect((yield* Ref.get(urls)).map((url) => url.replace(/^https?:\/\//, ""))).toEqual([`${at}/api/v2/api-keys`])
    })
  )

  it.effect("carries the app's name, trimmed, or the library's name alone", () =>
    Effect.gen(function* () {
      const agent = (userAgent?: string) =>
        withMock(
          ({ execute, mock }) =>
            Effect.gen(function* () {
              yield* listing(execute)
              return (yield* mock.arrivals)[0]?.headers["user-agent"]
            }),
          { userAgent }
        )
      expect(yield* agent(" my app/1.0 ")).toBe(`effect-instantly/${pkg.version} my app/1.0`)
      expect(yield* agent()).toBe(`effect-instantly/${pkg.version}`)
    })
  )

  it.effect("is never sent if its URL is not valid, and not tried again", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(inVirtualTime(remove))
          expect(error).toMatchObject({
            _tag: "HeldBack",
            detail: "its URL is not valid",
            outcome: "NotApplied",
            attempts: 1
          })
          expect(yield* mock.arrivals).toEqual([])
        }),
      {
        retryPolicy: Schedule.recurs(3),
        transformClient: HttpClient.mapRequest(HttpClientRequest.setUrl("https://made up"))
      }
    )
  )
})

describe("an API key that is an effect", () => {
  class Locked extends Data.TaggedError("VaultIsLocked")<{ readonly message: string }> {}
  const canary = "made-up-canary-of-the-vault"
  const failing = (error: unknown) => Effect.fail(error)
  const configured = Config.redacted("ACME_KEY")
  const provider = (variables: Record<string, string>) =>
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))
  const fails = (error: ConfigError.ConfigError) => Effect.fail(error)

  it.effect.each<readonly [string, Effect.Effect<Redacted.Redacted, unknown>, string]>([
    ["fails with a tagged error", failing(new Locked({ message: canary })), "VaultIsLocked"],
    ["fails with an Error", failing(new RangeError(canary)), "RangeError"],
    ["fails with a string", failing(canary), "an unknown error"],
    ["fails with a name that is no name", failing({ _tag: `${canary} ${canary}` }), "an unknown error"],
    ["dies", Effect.die(new TypeError(canary)), "TypeError"],
    [
      "throws",
      Effect.sync(() => {
        throw new SyntaxError(canary)
      }),
      "SyntaxError"
    ],
    ["is interrupted", Effect.interrupt, "an interruption"],
    [
      "fails with a ConfigError of what is missing",
      Effect.map(configured, (key) => key).pipe(provider({})),
      "MissingData at ACME_KEY"
    ],
    [
      "fails with a ConfigError of what is wrong",
      fails(ConfigError.InvalidData(["ACME", "KEY"], canary)),
      "InvalidData at ACME.KEY"
    ],
    ["fails with a ConfigError without a path", fails(ConfigError.InvalidData([], canary)), "InvalidData"],
    [
      "fails with several ConfigErrors",
      fails(
        ConfigError.And(
          ConfigError.Or(ConfigError.MissingData(["A"], canary), ConfigError.Unsupported(["B"], canary)),
          ConfigError.SourceUnavailable(["C"], canary, Cause.die(canary))
        )
      ),
      "MissingData at A or Unsupported at B and SourceUnavailable at C"
    ]
  ])("and %s holds the call back, and only the name of that is kept", ([, apiKey, name]) =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({
            _tag: "HeldBack",
            detail: `the API key could not be obtained: ${name}`,
            outcome: "NotApplied",
            attempts: 0
          })
          expect(leaksIn(error, [canary])).toEqual([])
          expect(yield* mock.arrivals).toEqual([])
        }),
      { apiKey, retryPolicy: Schedule.forever }
    )
  )

  it.effect("and dies at the second attempt holds the call back, and the first is remembered", () =>
    Effect.gen(function* () {
      const runs = yield* Ref.make(0)
      const apiKey = Effect.flatMap(
        Ref.updateAndGet(runs, (n) => n + 1),
        (n) => (n === 1 ? Effect.succeed(token) : Effect.dieMessage(canary))
      )
      yield* withMock(
        ({ mock, remove }) =>
          Effect.gen(function* () {
            yield* mock.script(Fault.next(Fault.loseResponse))
            const error = yield* Effect.flip(inVirtualTime(remove))
            expect(error).toMatchObject({ _tag: "HeldBack", outcome: "Unknown", attempts: 1 })
          }),
        { apiKey }
      )
    })
  )
})

describe("a path that leads elsewhere", () => {
  it.effect.each([
    "https://evil.example/api/v2/api-keys",
    "HTTP://127.0.0.1/api/v2/api-keys",
    "file:///etc/made-up",
    "mailto:made-up@evil.example",
    "//evil.example/api/v2/api-keys",
    "/api//v2",
    "/api/v2/../../made-up",
    "../made-up",
    "/api/v2/..",
    "/api/v2/%2e%2e/made-up",
    "/api/v2/%2E./made-up",
    "/api/v2/.%2e",
    "\\\\evil.example\\made-up",
    "/api/v2\\..\\made-up",
    "/api/v2/.\t./made-up",
    "/api/v2/..\n/made-up",
    "/api/v2/.. "
  ])("is not sent: %j", (...path) =>
    refused(HttpClientRequest.get(path.join("")), "its URL is not a path such as /api/v2/api-keys")
  )

  it.effect("is not sent where a host header of its own names the host", () =>
    refused(
      HttpClientRequest.setHeader(HttpClientRequest.get("/api/v2/api-keys"), "Host", "evil.example"),
      "it has a host header of its own"
    )
  )

  it.effect.each([
    ["/api/v2/api-keys", "/api/v2/api-keys"],
    ["api/v2/api-keys", "/api/v2/api-keys"],
    ["@evil.example/", "/@evil.example/"],
    ["/api/v2/leads/made.up@example.com", "/api/v2/leads/made.up@example.com"],
    ["/api/v2/made-up..made-up/...", "/api/v2/made-up..made-up/..."],
    ["/api/v2/x:y", "/api/v2/x:y"],
    ["/api/v2/api-keys?search=https://evil.example/../x", "/api/v2/api-keys?search=https://evil.example/../x"]
  ] as const)("is not seen in %s, which is sent", ([path, arrived]) =>
    Effect.gen(function* () {
      const urls = yield* Ref.make<ReadonlyArray<string>>([])
      yield* withMock(({ execute }) => Effect.ignore(execute(HttpClientRequest.get(path), Schema.Unknown)), {
        baseUrl: "https://proxy.example/instantly",
        transformClient: HttpClient.tapRequest(({ url }) => Ref.update(urls, (before) => [...before, url]))
      })
      expect(yield* Ref.get(urls)).toEqual([`https://proxy.example/instantly${arrived}`])
      const [url = ""] = yield* Ref.get(urls)
      expect(new URL(url)).toMatchObject({ host: "proxy.example", href: url })
    })
  )
})

describe("the credential of a request", () => {
  /** The headers with which a request leaves. */
  const headersOf = (request: HttpClientRequest.HttpClientRequest, options: Partial<InstantlyClient.Options> = {}) =>
    Effect.gen(function* () {
      const left = yield* Ref.make<Record<string, string>>({})
      const transformClient = HttpClient.tapRequest(({ headers }: HttpClientRequest.HttpClientRequest) =>
        Ref.set(left, { ...headers })
      )
      yield* callOver(responding(200, "{}"), Schema.Unknown, { request, transformClient, ...options })
      return yield* Ref.get(left)
    })
  const own = (authorization: string) =>
    HttpClientRequest.setHeader(HttpClientRequest.get("/a"), "authorization", authorization)
  const others = { accept: "application/json", "user-agent": `effect-instantly/${pkg.version}` }

  it.effect.each(["Bearer made-up", "Basic bWFkZS11cA=="])(
    "is the one that it brings, and then it has neither the client's nor its workspace: %s",
    (authorization) =>
      Effect.gen(function* () {
        const options = { apiKey: Effect.dieMessage("is not run"), workspaceId: "made-up" }
        expect(yield* headersOf(own(authorization), options)).toEqual({ ...others, authorization })
      })
  )

  it.effect.each([
    "",
    "made-up",
    "Bearer ",
    "Bearer made up",
    " Bearer made-up",
    "Bearer made-up\n",
    "Bearer m\u00e4de-up"
  ])("is refused if it does not fit a header: %j", (authorization) =>
    refused(own(authorization), "its authorization header is not a credential that fits a header")
  )

  it.effect("is the client's otherwise, with its workspace if it has one", () =>
    Effect.gen(function* () {
      const get = HttpClientRequest.get("/a")
      const authorization = "Bearer made-up-token"
      expect(yield* headersOf(get)).toEqual({ ...others, authorization })
      expect(yield* headersOf(get, { workspaceId: "made-up" })).toEqual({
        ...others,
        authorization,
        "x-as-workspace": "made-up"
      })
    })
  )
})
