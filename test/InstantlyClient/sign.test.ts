import { HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import {
  Cause,
  Config,
  ConfigError,
  ConfigProvider,
  Data,
  Duration,
  Effect,
  Option,
  Redacted,
  Ref,
  Schedule
} from "effect"
import { Fault } from "effect-instantly/testing"
import pkg from "../../package.json" with { type: "json" }
import type { Settings } from "../../src/InstantlyClient/settings.js"
import { pathOf, sign } from "../../src/InstantlyClient/sign.js"
import { leaksIn } from "../support/leaks.js"
import { inVirtualTime } from "../support/virtual.js"
import { listing, withMock } from "../support/withMock.js"

const token = Redacted.make("made-up-token")

/** Nothing is sent, and the call is held back for this reason. */
const refused = (request: HttpClientRequest.HttpClientRequest, reason: string) =>
  withMock(
    ({ execute, mock }) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(execute(request, () => Effect.void))
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
      const asked = yield* Ref.make(0)
      yield* withMock(
        ({ mock, remove }) =>
          Effect.gen(function* () {
            yield* mock.createApiKey({ secret: Redacted.make("made-up-second") })
            yield* mock.script(Fault.next(Fault.loseRequest))
            yield* inVirtualTime(remove)
            expect(yield* Ref.get(asked)).toBe(2)
          }),
        {
          apiKey: Effect.map(
            Ref.updateAndGet(asked, (n) => n + 1),
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

  it.effect("never sends a request whose URL is not valid, and does not try again", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({
            _tag: "HeldBack",
            detail: "its URL is not valid",
            outcome: "NotApplied",
            attempts: 1
          })
          expect(yield* mock.arrivals).toEqual([])
        }),
      {
        retryPolicy: Schedule.forever,
        transformClient: HttpClient.mapRequest(HttpClientRequest.setUrl("https://made up"))
      }
    )
  )
})

describe("an API key that is asked for", () => {
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
      const asked = yield* Ref.make(0)
      const apiKey = Effect.flatMap(
        Ref.updateAndGet(asked, (n) => n + 1),
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
      yield* withMock(({ execute }) => Effect.ignore(execute(HttpClientRequest.get(path), () => Effect.void)), {
        baseUrl: "https://proxy.example/instantly",
        transformClient: HttpClient.tapRequest(({ url }) => Ref.update(urls, (before) => [...before, url]))
      })
      expect(yield* Ref.get(urls)).toEqual([`https://proxy.example/instantly${arrived}`])
      const [url = ""] = yield* Ref.get(urls)
      expect(new URL(url)).toMatchObject({ host: "proxy.example", href: url })
    })
  )
})

describe("sign", () => {
  const settings = (apiKey: Effect.Effect<string, string>, workspaceId = Option.none<string>()): Settings => ({
    baseUrl: "https://proxy.example/instantly",
    userAgent: "made-up/1.0",
    workspaceId,
    apiKey,
    timeout: Duration.infinity,
    deadline: Duration.infinity
  })
  const own = (authorization: string) =>
    HttpClientRequest.setHeader(HttpClientRequest.get("/a"), "authorization", authorization)

  it.effect.each(["Bearer made-up", "Basic bWFkZS11cA=="])(
    "keeps a credential that the request brings, and adds no other: %s",
    (...authorization) =>
      Effect.gen(function* () {
        const credential = authorization.join("")
        const { headers } = yield* sign(own(credential), settings(Effect.fail("is not asked"), Option.some("made-up")))
        expect({ ...headers }).toEqual({
          accept: "application/json",
          authorization: credential,
          "user-agent": "made-up/1.0"
        })
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
  ])("refuses a credential that does not fit a header: %j", (...authorization) =>
    Effect.gen(function* () {
      const signed = sign(own(authorization.join("")), settings(Effect.succeed("is not taken")))
      expect(yield* Effect.flip(signed)).toBe("its authorization header is not a credential that fits a header")
    })
  )

  it.effect("takes the client's token, and its workspace where it has one", () =>
    Effect.gen(function* () {
      const signed = (workspaceId: Option.Option<string>) =>
        Effect.map(
          sign(HttpClientRequest.get("/a"), settings(Effect.succeed("made-up"), workspaceId)),
          ({ headers }) => ({
            ...headers
          })
        )
      const headers = { accept: "application/json", authorization: "Bearer made-up", "user-agent": "made-up/1.0" }
      expect(yield* signed(Option.none())).toEqual(headers)
      expect(yield* signed(Option.some("made-up"))).toEqual({ ...headers, "x-as-workspace": "made-up" })
    })
  )

  it("knows the path of a URL, without its query and its fragment", () => {
    expect(pathOf("/a/b?secret=made-up#x")).toBe("/a/b")
    expect(pathOf("/a/b#x?y")).toBe("/a/b")
    expect(pathOf("/a/b?x\ny")).toBe("/a/b")
  })
})
