import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import {
  Cause,
  Clock,
  ConfigProvider,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Logger,
  LogLevel,
  Option,
  Random,
  Redacted,
  Ref,
  Schedule,
  Schema,
  TestClock
} from "effect"
import { ApiKeys, Instantly, InstantlyClient, type InstantlyError, RateLimit, RetryPolicy } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import pkg from "../package.json" with { type: "json" }
import { capturing } from "./support/spans.js"
import { inVirtualTime } from "./support/virtual.js"

const token = Redacted.make("made-up-token")

/** Runs a program against a double in which there is a key to call with, and one to delete. */
const withMock = <A, E>(
  body: (test: {
    readonly mock: InstantlyMock.Service
    readonly leaked: InstantlyMock.CreatedApiKey
    readonly remove: Effect.Effect<unknown, InstantlyError.InstantlyError>
    readonly execute: InstantlyClient.Service["execute"]
  }) => Effect.Effect<A, E, RateLimit.RateLimit>,
  options: Partial<Instantly.Options> = {}
) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey({ name: "caller" })
    const leaked = yield* mock.createApiKey({ name: "leaked" })
    return yield* Effect.gen(function* () {
      const apiKeys = yield* ApiKeys.ApiKeys
      const { execute } = yield* InstantlyClient.InstantlyClient
      return yield* body({ mock, leaked, remove: apiKeys.delete(leaked.id), execute })
    }).pipe(
      Effect.provide(Instantly.layer({ apiKey: caller.secret, ...options })),
      Effect.withRandom(Random.fixed([1]))
    )
  }).pipe(Effect.provide(InstantlyMock.layer()))

const listing = (execute: InstantlyClient.Service["execute"]) =>
  execute(HttpClientRequest.get("/api/v2/api-keys"), HttpClientResponse.schemaBodyJson(Schema.Unknown))

describe("settings", () => {
  const problems: ReadonlyArray<readonly [string, Partial<Instantly.Options>, string, string]> = [
    ["an empty token", { apiKey: Redacted.make("") }, "apiKey", "is empty"],
    ["a token of spaces", { apiKey: Redacted.make("  \n") }, "apiKey", "is empty"],
    ["a token with line breaks", { apiKey: Redacted.make("made-up\r\nx-evil: 1") }, "apiKey", "more than one line"],
    ["a token with a space", { apiKey: Redacted.make("Bearer made-up") }, "apiKey", "spaces"],
    ["a token that no header can hold", { apiKey: Redacted.make("made-üp") }, "apiKey", "characters"],
    ["an address that is none", { baseUrl: "api.instantly.ai" }, "baseUrl", "is not a URL"],
    ["http to a remote host", { baseUrl: "http://api.instantly.ai" }, "baseUrl", "must use https"],
    ["http to a host that looks local", { baseUrl: "http://localhost.example" }, "baseUrl", "must use https"],
    [
      "http to a host that begins like a loopback",
      { baseUrl: "http://127.0.0.1.example" },
      "baseUrl",
      "must use https"
    ],
    ["another protocol", { baseUrl: "file:///etc" }, "baseUrl", "must use https"],
    ["a password in the address", { baseUrl: "https://u:made-up@api.instantly.ai" }, "baseUrl", "password"],
    ["a user in the address", { baseUrl: "https://made-up@api.instantly.ai" }, "baseUrl", "must not hold a user"],
    ["a fragment in the address", { baseUrl: "https://api.instantly.ai#made-up" }, "baseUrl", "fragment"],
    ["http to a host that ends like a loopback", { baseUrl: "http://a.127.0.0.1.nip.io" }, "baseUrl", "must use https"],
    ["a query in the address", { baseUrl: "https://api.instantly.ai?a=made-up" }, "baseUrl", "query"],
    ["an empty address", { baseUrl: "" }, "baseUrl", "is not a URL"],
    ["an empty workspace", { workspaceId: " " }, "workspaceId", "is empty"],
    ["a workspace with line breaks", { workspaceId: "made-up\nx" }, "workspaceId", "more than one line"],
    ["an app's name with line breaks", { userAgent: "app\r\nx-evil: 1" }, "userAgent", "one line"],
    ["a name of the app that is all spaces", { userAgent: "  " }, "userAgent", "one line of printable ASCII"],
    ["a name of the app with a tab", { userAgent: "my\tapp" }, "userAgent", "one line of printable ASCII"],
    ["a name of the app that no header can hold", { userAgent: "äpp" }, "userAgent", "one line of printable ASCII"],
    ["a workspace with a space", { workspaceId: "made up" }, "workspaceId", "spaces or other characters"],
    ["an empty name of the app", { userAgent: "" }, "userAgent", "one line"],
    ["no time for an attempt", { timeout: 0 }, "timeout", "longer than nothing"],
    ["a negative deadline", { deadline: "-5 seconds" }, "deadline", "longer than nothing"]
  ]

  it.effect.each(problems)(
    "%s is a ConfigError that names the setting and shows no value",
    ([, options, name, problem]) =>
      Effect.gen(function* () {
        for (const layer of [
          Instantly.layer({ apiKey: token, ...options }),
          Instantly.layerConfig({ apiKey: token, ...options })
        ]) {
          const error = yield* Effect.flip(Layer.build(layer)).pipe(
            Effect.scoped,
            Effect.provide(InstantlyMock.layer())
          )
          expect(error).toMatchObject({ _op: "InvalidData", path: [name] })
          expect(String(error)).toContain(problem)
          expect(String(error)).not.toContain("made-up")
        }
      })
  )

  const environment = (variables: Record<string, string>, options?: Partial<Instantly.Options>) =>
    Layer.build(Instantly.layerConfig(options)).pipe(
      Effect.scoped,
      Effect.provide(InstantlyMock.layer()),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))
    )

  it.effect.each([
    [{}, "MissingData", "INSTANTLY_API_KEY"],
    [{ INSTANTLY_API_KEY: "" }, "InvalidData", "INSTANTLY_API_KEY"],
    [{ INSTANTLY_API_KEY: "made-up\nup" }, "InvalidData", "INSTANTLY_API_KEY"],
    [{ INSTANTLY_API_KEY: "made-up", INSTANTLY_BASE_URL: "http://example.com" }, "InvalidData", "INSTANTLY_BASE_URL"],
    [{ INSTANTLY_API_KEY: "made-up", INSTANTLY_BASE_URL: "" }, "InvalidData", "INSTANTLY_BASE_URL"],
    [{ INSTANTLY_API_KEY: "made-up", INSTANTLY_WORKSPACE_ID: "" }, "InvalidData", "INSTANTLY_WORKSPACE_ID"]
  ] as const)("%j in the environment is %s of %s", ([variables, op, name]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(environment(variables))
      expect(error).toMatchObject({ _op: op, path: [name] })
      expect(String(error)).not.toContain("made-up")
    })
  )

  it.effect("what is given to layerConfig stands before the environment", () =>
    Effect.gen(function* () {
      yield* environment({}, { apiKey: token })
      yield* environment(
        { INSTANTLY_API_KEY: "made-up", INSTANTLY_BASE_URL: "nowhere" },
        { baseUrl: "http://localhost:1" }
      )
    })
  )

  it.effect.each([
    "https://api.instantly.ai",
    "https://proxy.example/instantly/",
    "http://localhost:8080",
    "http://127.8.9.1:80",
    "http://[::1]:8080"
  ])("%s is an address to send a token to", ([...baseUrl]) =>
    Layer.build(Instantly.layer({ apiKey: token, baseUrl: baseUrl.join("") })).pipe(
      Effect.scoped,
      Effect.provide(InstantlyMock.layer())
    )
  )

  it("the version in the User-Agent is the package's", async () => {
    const { version } = await import("../src/InstantlyClient/settings.js")
    expect(version).toBe(pkg.version)
  })
})

describe("execute", () => {
  it.effect("addresses and signs a request, and adds nothing else", () =>
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

  it.effect("takes a token that has been wiped for none", () =>
    Effect.gen(function* () {
      const wiped = Redacted.make("made-up")
      Redacted.unsafeWipe(wiped)
      const error = yield* Effect.flip(Layer.build(Instantly.layer({ apiKey: wiped }))).pipe(
        Effect.scoped,
        Effect.provide(InstantlyMock.layer())
      )
      expect(error).toMatchObject({ _op: "MissingData", path: ["apiKey"] })
    })
  )

  it.effect("asks for the token before each attempt, and trims it", () =>
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

  it.effect("sends nothing with a token that is unusable, and does not try again", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({ _tag: "TransportError", reason: "NotSent", outcome: "NotApplied", attempts: 0 })
          expect(error.isRetryable).toBe(false)
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
  ] as const)("sends to %s", ([baseUrl, at]) =>
    Effect.gen(function* () {
      const urls = yield* Ref.make<ReadonlyArray<string>>([])
      yield* withMock(({ execute }) => Effect.ignore(listing(execute)), {
        baseUrl,
        transformClient: HttpClient.tapRequest(({ url }) => Ref.update(urls, (before) => [...before, url]))
      })
      expect((yield* Ref.get(urls)).map((url) => url.replace(/^https?:\/\//, ""))).toEqual([`${at}/api/v2/api-keys`])
    })
  )

  it.effect("trims the app's name, and sends the library's alone where there is none", () =>
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

  it.effect("keeps a path that lacks its slash on Instantly's host", () =>
    Effect.gen(function* () {
      const hosts = yield* Ref.make<ReadonlyArray<string>>([])
      yield* withMock(
        ({ execute }) => Effect.ignore(execute(HttpClientRequest.get("@evil.example/"), () => Effect.void)),
        {
          transformClient: HttpClient.tapRequest(({ url }) =>
            Ref.update(hosts, (before) => [...before, new URL(url).host])
          )
        }
      )
      expect(yield* Ref.get(hosts)).toEqual(["api.instantly.ai"])
    })
  )

  it.effect("refuses what the gate refuses, as never sent, and does not try again", () =>
    withMock(
      ({ execute, mock, remove }) =>
        Effect.gen(function* () {
          const list = listing(execute)
          yield* list
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({ _tag: "TransportError", reason: "NotSent", outcome: "NotApplied", attempts: 0 })
          expect(error.message).toContain("no more permits")
          expect(yield* mock.arrivals).toHaveLength(1)
        }),
      { rateLimit: Schedule.stop, retryPolicy: Schedule.forever }
    )
  )

  it.effect("closes the gate for a second on a 429 that does not say for how long", () =>
    withMock(
      ({ execute, mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.respond({ status: 429 })))
          yield* Effect.flip(remove)
          yield* inVirtualTime(listing(execute))
          expect((yield* mock.arrivals).map(({ at }) => at)).toEqual([0, 1000])
        }),
      { rateLimit: RateLimit.unlimited, retryPolicy: RetryPolicy.none }
    )
  )

  it.effect("takes a permit for each attempt", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.times(2, Fault.loseRequest))
          yield* inVirtualTime(remove)
          expect((yield* mock.arrivals).map(({ at }) => at)).toEqual([0, 10_000, 20_000])
        }),
      { rateLimit: Schedule.spaced("10 seconds") }
    )
  )

  it.effect("has 50 queued callers wait out one 429, and lets them go in order at the policy's pace", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey()
      const keys = yield* Effect.replicateEffect(mock.createApiKey(), 51)
      yield* mock.script(Fault.next(Fault.respond({ status: 429, headers: { "retry-after": "5" } })))
      yield* Effect.gen(function* () {
        const apiKeys = yield* ApiKeys.ApiKeys
        yield* inVirtualTime(Effect.forEach(keys, ({ id }) => apiKeys.delete(id), { concurrency: "unbounded" }))
      }).pipe(
        Effect.provide(
          Instantly.layer({ apiKey: caller.secret, rateLimit: RateLimit.quota({ limit: 11, window: "1 second" }) })
        ),
        Effect.withRandom(Random.fixed([0]))
      )
      const arrivals = yield* mock.arrivals
      // the refused one comes again, behind all that were there before it
      const order = [...keys, ...keys.slice(0, 1)].map(({ id }) => id)
      expect(arrivals.map(({ path }) => path.split("/").at(-1))).toEqual(order)
      expect(arrivals.map(({ at }) => at)).toEqual(order.map((_, index) => (index === 0 ? 0 : 4900 + 100 * index)))
    }).pipe(Effect.provide(InstantlyMock.layer()))
  )

  it.effect("tells of a lost answer that a 404 follows: NotFound, and the outcome is unknown", () =>
    withMock(({ mock, remove }) =>
      Effect.gen(function* () {
        yield* mock.script(Fault.next(Fault.loseResponse))
        const error = yield* Effect.flip(inVirtualTime(remove))
        expect(error).toMatchObject({ _tag: "NotFound", outcome: "Unknown", attempts: 2, waited: Duration.millis(100) })
        expect(error.message).toContain("It may be what deleted the key.")
      })
    )
  )

  it.effect.each([
    ["its body was cut off", () => Fault.cutResponse],
    ["its body is not JSON", () => Fault.respond({ status: 200, body: "<html>" })],
    ["its body is empty", () => Fault.respond({ status: 204 })]
  ] as const)("never sends again after a 2xx, whatever the policy says, also where %s", ([detail, fault]) =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(fault()))
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({ _tag: "InvalidResponse", outcome: "Applied", attempts: 1 })
          expect(error.message).toContain(detail)
          expect(yield* mock.arrivals).toHaveLength(1)
        }),
      { retryPolicy: Schedule.forever }
    )
  )

  it.effect("never sends a POST again whose outcome is unknown, but one that certainly never left", () =>
    withMock(
      ({ execute, mock }) =>
        Effect.gen(function* () {
          const create = HttpClientRequest.post("/api/v2/api-keys").pipe(
            HttpClientRequest.bodyUnsafeJson({ name: "successor", scopes: ["all:all"] }),
            (request) => execute(request, HttpClientResponse.schemaBodyJson(Schema.Struct({ name: Schema.String })))
          )
          yield* mock.script(Fault.times(3, Fault.refuse))
          expect(yield* inVirtualTime(create)).toEqual({ name: "successor" })
          expect(yield* mock.arrivals).toHaveLength(4)
          yield* mock.script(Fault.next(Fault.loseResponse))
          const error = yield* Effect.flip(inVirtualTime(create))
          expect(error).toMatchObject({
            _tag: "TransportError",
            reason: "ConnectionLost",
            outcome: "Unknown",
            attempts: 1
          })
          expect(yield* mock.arrivals).toHaveLength(5)
        }),
      { retryPolicy: Schedule.spaced("1 second") }
    )
  )

  it.effect.each([
    ["GET", 2],
    ["HEAD", 2],
    ["OPTIONS", 2],
    ["PUT", 2],
    ["DELETE", 2],
    ["POST", 1],
    ["PATCH", 1]
  ] as const)("sends a %s whose answer was lost %i times", ([method, times]) =>
    withMock(
      ({ execute, mock }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.always(Fault.loseResponse))
          const request = HttpClientRequest.make(method)("/api/v2/api-keys")
          const error = yield* Effect.flip(inVirtualTime(execute(request, () => Effect.void)))
          expect(error).toMatchObject({ _tag: "TransportError", outcome: "Unknown", attempts: times })
          expect(yield* mock.arrivals).toHaveLength(times)
        }),
      { retryPolicy: Schedule.recurs(1) }
    )
  )

  it.effect("never sends a request whose URL is not valid, and does not try again", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({
            _tag: "TransportError",
            reason: "NotSent",
            detail: "its URL is not valid",
            outcome: "NotApplied",
            attempts: 1,
            heldBack: true
          })
          expect(yield* mock.arrivals).toEqual([])
        }),
      {
        retryPolicy: Schedule.forever,
        transformClient: HttpClient.mapRequest(HttpClientRequest.setUrl("https://made up"))
      }
    )
  )

  it.effect("tells why a request was not sent, or its connection lost, by the runtime's code", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.refuse), Fault.next(Fault.loseRequest))
          const refused = yield* Effect.flip(remove)
          expect(refused).toMatchObject({ reason: "NotSent", detail: "ECONNREFUSED", heldBack: false, attempts: 1 })
          const lost = yield* Effect.flip(remove)
          expect(lost).toMatchObject({ reason: "ConnectionLost", detail: "ECONNRESET", heldBack: false })
        }),
      { retryPolicy: RetryPolicy.none }
    )
  )

  it.effect.each([
    ["is cut off", () => Effect.fail(new Error("made-up"))],
    ["dies", () => Effect.die(new Error("made-up"))]
  ] as const)("knows a refusal by its status where its body %s", ([, text]) =>
    withMock(
      ({ remove }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({ _tag: "UnexpectedStatus", status: 404, outcome: "NotApplied", attempts: 1 })
          expect(error.message).toContain("its body is missing")
        }),
      {
        transformClient: () =>
          HttpClient.make((request) =>
            Effect.succeed(
              Object.defineProperty(
                HttpClientResponse.fromWeb(request, new Response("made-up", { status: 404 })),
                "text",
                { get: text }
              )
            )
          )
      }
    )
  )

  it.effect("tells the id that the answer gave the request", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          const requestId = "019e18e2-78d4-7322-941a-7384d8969c61"
          yield* mock.script(Fault.next(Fault.respond({ status: 500, headers: { "x-request-id": requestId } })))
          const error = yield* Effect.flip(remove)
          expect(error.requestId).toEqual(Option.some(requestId))
          expect(error.message).toContain(`request id ${requestId}`)
        }),
      { retryPolicy: RetryPolicy.none }
    )
  )

  it.effect("a client that refuses statuses on its own changes nothing", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* remove
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({ _tag: "NotFound", outcome: "NotApplied", attempts: 1 })
          expect(yield* mock.arrivals).toHaveLength(2)
        }),
      { transformClient: HttpClient.filterStatusOk }
    )
  )
})

describe("timeout", () => {
  it.effect("ends an attempt, whose outcome is then unknown, and the next one is sent", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.swallowRequest))
          yield* inVirtualTime(remove)
          expect((yield* mock.arrivals).map(({ at }) => at)).toEqual([0, 2100])
        }),
      { timeout: "2 seconds" }
    )
  )

  it.effect("is 15 seconds unless it is said otherwise", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.swallowRequest))
          const fiber = yield* Effect.fork(Effect.flip(remove))
          yield* TestClock.adjust("14999 millis")
          expect(Option.isNone(yield* Fiber.poll(fiber))).toBe(true)
          yield* TestClock.adjust("1 millis")
          const error = yield* Fiber.join(fiber)
          expect(error).toMatchObject({ _tag: "TransportError", reason: "Timeout", outcome: "Unknown", attempts: 1 })
          expect(error.message).toContain("the limit for one attempt is 15s")
        }),
      { retryPolicy: RetryPolicy.none }
    )
  )

  it.effect("does not count the wait for a permit", () =>
    withMock(
      ({ execute, mock, remove }) =>
        Effect.gen(function* () {
          const list = listing(execute)
          yield* inVirtualTime(Effect.zipRight(list, remove))
          expect((yield* mock.arrivals).map(({ at }) => at)).toEqual([0, 30_000])
        }),
      { rateLimit: Schedule.spaced("30 seconds"), timeout: "2 seconds" }
    )
  )
})

describe("a body that does not end in time", () => {
  it.effect.each([
    [200, { _tag: "InvalidResponse", outcome: "Applied", detail: "its body did not come in time" }],
    [404, { _tag: "UnexpectedStatus", outcome: "NotApplied", status: 404 }],
    [500, { _tag: "ServerError", outcome: "Unknown", status: 500 }]
  ] as const)("of a %i leaves what its status says", ([status, expected]) =>
    withMock(
      ({ remove }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(inVirtualTime(remove))
          expect(error).toMatchObject({ ...expected, attempts: 1 })
        }),
      {
        retryPolicy: RetryPolicy.none,
        transformClient: () =>
          HttpClient.make((request) =>
            Effect.succeed(HttpClientResponse.fromWeb(request, new Response(new ReadableStream(), { status })))
          )
      }
    )
  )
})

describe("deadline", () => {
  const at = (effect: Effect.Effect<unknown, InstantlyError.InstantlyError>) =>
    Effect.gen(function* () {
      const start = yield* Clock.currentTimeMillis
      const error = yield* Effect.flip(effect)
      return { error, after: (yield* Clock.currentTimeMillis) - start }
    })

  it.effect("ends a call in flight, and the error knows the outcome", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.swallowResponse))
          const { after, error } = yield* inVirtualTime(at(remove))
          expect(after).toBe(5000)
          expect(error).toMatchObject({ _tag: "TransportError", reason: "Timeout", outcome: "Unknown", attempts: 1 })
          expect(error.message).toContain("the deadline of the call is 5s")
          expect(error.waited).toEqual(Duration.zero)
        }),
      { deadline: "5 seconds" }
    )
  )

  it.effect("ends a call that waits for its permit: nothing was sent", () =>
    withMock(
      ({ execute, mock, remove }) =>
        Effect.gen(function* () {
          yield* execute(HttpClientRequest.get("/api/v2/api-keys"), () => Effect.void)
          const { after, error } = yield* inVirtualTime(at(remove))
          expect(after).toBe(5000)
          expect(error).toMatchObject({
            reason: "Timeout",
            outcome: "NotApplied",
            attempts: 0,
            waited: Duration.seconds(5)
          })
          expect(error.message).toContain("Nothing was carried out.")
          expect(yield* mock.arrivals).toHaveLength(1)
        }),
      { deadline: "5 seconds", rateLimit: Schedule.spaced("1 hour") }
    )
  )

  it.effect("is not waited for: a wait that would outlast it ends the call at once, with the error in hand", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.respond({ status: 429, headers: { "retry-after": "30" } })))
          const { after, error } = yield* inVirtualTime(at(remove))
          expect(after).toBe(0)
          expect(error).toMatchObject({ _tag: "TooManyRequests", outcome: "NotApplied", attempts: 1 })
        }),
      { deadline: "10 seconds" }
    )
  )

  it.effect("is not waited for by a wait that would end with it, but by one that ends a moment before", () =>
    Effect.gen(function* () {
      const attempts = (wait: Duration.DurationInput) =>
        withMock(
          ({ mock, remove }) =>
            Effect.gen(function* () {
              yield* mock.script(Fault.always(Fault.loseRequest))
              return (yield* Effect.flip(inVirtualTime(remove))).attempts
            }),
          { deadline: "10 seconds", retryPolicy: Schedule.spaced(wait) }
        )
      expect(yield* attempts("10 seconds")).toBe(1)
      expect(yield* attempts("9999 millis")).toBe(2)
    })
  )

  it.effect("in the body of a 429 still closes the gate for all", () =>
    withMock(
      ({ leaked, mock, remove }) =>
        Effect.gen(function* () {
          const rateLimit = yield* RateLimit.RateLimit
          const endless = HttpClient.make((request) =>
            Effect.succeed(
              HttpClientResponse.fromWeb(
                request,
                new Response(new ReadableStream(), { status: 429, headers: { "retry-after": "30" } })
              )
            )
          )
          const client = yield* InstantlyClient.make({ apiKey: token, deadline: "1 second" }).pipe(
            Effect.provideService(HttpClient.HttpClient, endless)
          )
          const request = HttpClientRequest.del(`/api/v2/api-keys/${leaked.id}`)
          const error = yield* Effect.flip(
            inVirtualTime(
              client.execute(request, () => Effect.void),
              "1 second"
            )
          )
          expect(error).toMatchObject({ _tag: "TooManyRequests", retryAfter: Option.some(Duration.seconds(30)) })
          yield* rateLimit.acquire.pipe(inVirtualTime)
          yield* Effect.ignore(remove)
          expect((yield* mock.arrivals)[0]?.at).toBeGreaterThanOrEqual(30_000)
        }),
      { rateLimit: RateLimit.unlimited }
    )
  )

  it.effect("remembers earlier attempts, and the time between them", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.loseResponse), Fault.next(Fault.swallowRequest))
          const { after, error } = yield* inVirtualTime(at(remove))
          expect(after).toBe(3000)
          expect(error).toMatchObject({
            reason: "Timeout",
            outcome: "Unknown",
            attempts: 2,
            waited: Duration.millis(100)
          })
        }),
      { deadline: "3 seconds" }
    )
  )
})

describe("in a finalizer, or wherever a call cannot be interrupted", () => {
  it.effect("its timeout and its deadline hold all the same", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.always(Fault.swallowRequest))
          const error = yield* Effect.flip(inVirtualTime(Effect.uninterruptible(remove)))
          expect(error).toMatchObject({ reason: "Timeout", outcome: "Unknown", attempts: 2 })
          expect(error.message).toContain("the deadline of the call is 3s")
          yield* Effect.flatMap(RateLimit.RateLimit, ({ pause }) => pause("1 hour"))
          const held = yield* Effect.flip(inVirtualTime(Effect.uninterruptible(remove), "30 seconds"))
          expect(held).toMatchObject({ reason: "Timeout", outcome: "NotApplied", attempts: 0 })
          expect(held.message).toContain("before a request could be sent")
        }),
      { timeout: "2 seconds", deadline: "3 seconds" }
    )
  )

  it.effect("an interruption waits until it has ended", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.delayResponse("1 second")))
          const ended = yield* Ref.make<Exit.Exit<unknown, unknown>>(Exit.void)
          const call = Effect.flatMap(Effect.exit(remove), (exit) => Ref.set(ended, exit))
          const fiber = yield* Effect.fork(Effect.uninterruptible(call))
          yield* TestClock.adjust("100 millis")
          yield* Effect.fork(Fiber.interrupt(fiber))
          yield* TestClock.adjust("1 minute")
          expect(yield* Ref.get(ended)).toMatchObject({ _tag: "Success", value: { name: expect.any(String) } })
        }),
      { timeout: "2 seconds", deadline: "3 seconds" }
    )
  )
})

describe("a defect", () => {
  const dying = (message: string) => Effect.die(new Error(message))

  it.effect("of the HttpClient is a lost connection, and shows nothing of the request", () =>
    withMock(
      ({ remove }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({ reason: "ConnectionLost", outcome: "Unknown", attempts: 1 })
          expect(error.message).toContain("the HttpClient died")
          expect(JSON.stringify(error) + error.stack).not.toContain("canary")
        }),
      { retryPolicy: RetryPolicy.none, transformClient: () => HttpClient.make(() => dying("canary")) }
    )
  )

  it.effect("of what reads a success leaves the call applied", () =>
    withMock(({ execute }) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(execute(HttpClientRequest.get("/api/v2/api-keys"), () => dying("canary")))
        expect(error).toMatchObject({ _tag: "InvalidResponse", outcome: "Applied", attempts: 1 })
        expect(error.message).not.toContain("canary")
      })
    )
  )

  it.effect("of what gives the token holds the request back, and earlier attempts are remembered", () =>
    Effect.gen(function* () {
      const asked = yield* Ref.make(0)
      const apiKey = Effect.flatMap(
        Ref.updateAndGet(asked, (n) => n + 1),
        (n) => (n === 1 ? Effect.succeed(token) : dying("canary"))
      )
      yield* withMock(
        ({ mock, remove }) =>
          Effect.gen(function* () {
            yield* mock.script(Fault.next(Fault.loseResponse))
            const error = yield* Effect.flip(inVirtualTime(remove))
            expect(error).toMatchObject({ reason: "NotSent", outcome: "Unknown", attempts: 1, heldBack: true })
          }),
        { apiKey }
      )
    })
  )
})

describe("a defect of the policy", () => {
  it.effect("leaves the outcome in the span and in a debug log", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => lines.push(String(message)))
      const { spans, tracer } = yield* capturing
      const dying = Schedule.forever.pipe(Schedule.tapOutput(() => Effect.die(new Error("made-up"))))
      const exit = yield* withMock(
        ({ mock, remove }) =>
          Effect.gen(function* () {
            yield* mock.script(Fault.next(Fault.loseResponse))
            return yield* Effect.exit(Effect.withTracer(remove, tracer))
          }),
        { retryPolicy: dying }
      ).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)), Logger.withMinimumLogLevel(LogLevel.Debug))
      expect(Exit.isFailure(exit) && Cause.isDie(exit.cause)).toBe(true)
      expect(lines).toContainEqual(expect.stringMatching(/^died: DELETE .* · outcome Unknown · 1 attempt/))
      expect(Object.fromEntries(spans[0]?.attributes ?? [])).toMatchObject({
        "error.type": "defect",
        "instantly.outcome": "Unknown"
      })
    })
  )
})

describe("interruption", () => {
  it.effect("leaves the outcome in a debug log, and sends nothing more", () =>
    withMock(({ mock, remove }) =>
      Effect.gen(function* () {
        const lines: Array<string> = []
        const logger = Logger.make(({ message }) => lines.push(String(message)))
        yield* mock.script(Fault.next(Fault.swallowResponse))
        const fiber = yield* remove.pipe(
          Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
          Logger.withMinimumLogLevel(LogLevel.Debug),
          Effect.fork
        )
        yield* TestClock.adjust("1 second")
        expect(Exit.isInterrupted(yield* Fiber.interrupt(fiber))).toBe(true)
        yield* TestClock.adjust("1 hour")
        expect(yield* mock.arrivals).toHaveLength(1)
        expect(lines).toEqual([expect.stringMatching(/^interrupted: DELETE .* · outcome Unknown · 1 attempt/)])
      })
    )
  )

  it.effect("while the call waits leaves nothing behind", () =>
    withMock(
      ({ execute, mock, remove }) =>
        Effect.gen(function* () {
          yield* execute(HttpClientRequest.get("/api/v2/api-keys"), () => Effect.void)
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

  it.effect("are one for each call, which tells what became of it and nothing more", () =>
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

  it.effect("tell of an interrupted call what it may have done", () =>
    withMock(({ mock, remove }) =>
      Effect.gen(function* () {
        yield* mock.script(Fault.next(Fault.swallowResponse))
        expect(yield* spansOf(inVirtualTime(Effect.timeout(remove, "1 second")))).toEqual([
          expect.objectContaining({ ...own, "error.type": "interrupted", "instantly.outcome": "Unknown" })
        ])
      })
    )
  )

  it.effect("have those of the platform among them where they are asked for", () =>
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
