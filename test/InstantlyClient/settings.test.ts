import type { HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Cause, Config, ConfigError, ConfigProvider, Effect, Either, Layer, Redacted, Stream } from "effect"
import { ApiKeys, Instantly, RetryPolicy } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import pkg from "../../package.json" with { type: "json" }
import { leaksIn } from "../support/leaks.js"
import { inVirtualTime } from "../support/virtual.js"

const token = Redacted.make("made-up-token")

const wiped = () => {
  const secret = Redacted.make("made-up")
  Redacted.unsafeWipe(secret)
  return secret
}

const fromVariables = (variables: Record<string, string>) => ConfigProvider.fromMap(new Map(Object.entries(variables)))

/** Why a layer is not built. */
const refusal = <A>(layer: Layer.Layer<A, ConfigError.ConfigError, HttpClient.HttpClient>) =>
  Effect.flip(Layer.build(layer)).pipe(Effect.scoped, Effect.provide(InstantlyMock.layer()))

/** Each problem of a `ConfigError`, as its path and its message. */
const problems = (error: ConfigError.ConfigError): ReadonlyArray<string> =>
  error._op === "And" || error._op === "Or"
    ? [...problems(error.left), ...problems(error.right)]
    : [`${error.path.join(".")}: ${error.message}`]

/** The problems of these settings, with a token unless they have one; no value is shown. */
const problemsOf = (options: Instantly.ConfigOptions, variables: Record<string, string> = {}) =>
  Effect.gen(function* () {
    const error = yield* refusal(Instantly.layerConfig({ apiKey: token, ...options })).pipe(
      Effect.withConfigProvider(fromVariables(variables))
    )
    expect(leaksIn(error, ["made-up canary", "made-up-token"])).toEqual([])
    return problems(error)
  })

describe("settings", () => {
  const wrong: ReadonlyArray<readonly [string, Partial<Instantly.Options>, string, string]> = [
    ["an empty token", { apiKey: Redacted.make("") }, "apiKey", "is empty"],
    ["a token of spaces", { apiKey: Redacted.make("  \n") }, "apiKey", "is empty"],
    ["a token with line breaks", { apiKey: Redacted.make("made-up\r\nx-evil: 1") }, "apiKey", "more than one line"],
    ["a token with a space", { apiKey: Redacted.make("Bearer made-up") }, "apiKey", "spaces"],
    ["a token that no header can hold", { apiKey: Redacted.make("made-üp") }, "apiKey", "characters"],
    ["an address without a scheme", { baseUrl: "api.instantly.ai" }, "baseUrl", "is not a URL"],
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
    ["an address without a host", { baseUrl: "https://" }, "baseUrl", "is not a URL"],
    ["an empty workspace", { workspaceId: " " }, "workspaceId", "is empty"],
    ["a workspace with line breaks", { workspaceId: "made-up\nx" }, "workspaceId", "more than one line"],
    ["an app's name with line breaks", { userAgent: "app\r\nx-evil: 1" }, "userAgent", "one line"],
    ["a name of the app that is all spaces", { userAgent: "  " }, "userAgent", "one line of printable ASCII"],
    ["a name of the app with a tab", { userAgent: "my\tapp" }, "userAgent", "one line of printable ASCII"],
    ["a name of the app that no header can hold", { userAgent: "äpp" }, "userAgent", "one line of printable ASCII"],
    [
      "a workspace with a space",
      { workspaceId: "made up" },
      "workspaceId",
      "spaces or characters that a header cannot hold"
    ],
    ["an empty name of the app", { userAgent: "" }, "userAgent", "one line"],
    ["no time for an attempt", { timeout: 0 }, "timeout", "longer than zero"],
    ["a negative deadline", { deadline: "-5 seconds" }, "deadline", "longer than zero"]
  ]

  it.effect.each(wrong)("%s is a ConfigError that names the setting and shows no value", ([, options, name, problem]) =>
    Effect.gen(function* () {
      for (const layer of [
        Instantly.layer({ apiKey: token, ...options }),
        Instantly.layerConfig({ apiKey: token, ...options })
      ]) {
        const error = yield* Effect.flip(Layer.build(layer)).pipe(Effect.scoped, Effect.provide(InstantlyMock.layer()))
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
      expect(String(error)).not.toContain("<redacted>")
    })
  )

  it.effect("an option given to layerConfig wins over the environment", () =>
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
  ])("%s is an address that may receive a token", ([...baseUrl]) =>
    Layer.build(Instantly.layer({ apiKey: token, baseUrl: baseUrl.join("") })).pipe(
      Effect.scoped,
      Effect.provide(InstantlyMock.layer())
    )
  )

  it("the version in the User-Agent is the package's", async () => {
    const { version } = await import("../../src/InstantlyClient/settings.js")
    expect(version).toBe(pkg.version)
  })

  it.effect.each([
    ["has been wiped", wiped()],
    // @ts-expect-error what the type rules out
    ["is not a string", Redacted.make<string>(undefined)]
  ] as const)("a token that %s is missing", ([, apiKey]) =>
    Effect.gen(function* () {
      expect(yield* problemsOf({ apiKey })).toEqual(["apiKey: apiKey is missing"])
    })
  )

  it.effect("an API key that is left out is missing", () =>
    Effect.gen(function* () {
      // @ts-expect-error what the type rules out
      const layer = Instantly.layer({})
      expect(problems(yield* refusal(layer))).toEqual(["apiKey: apiKey is missing"])
    })
  )

  it.effect.each([
    ["a number", 3],
    ["a function of a policy", RetryPolicy.attempts(3)]
  ] as const)("%s is not a retry policy", ([, retryPolicy]) =>
    Effect.gen(function* () {
      // @ts-expect-error what the type rules out
      expect(yield* problemsOf({ retryPolicy })).toEqual([
        "retryPolicy: retryPolicy must be a Schedule, such as RetryPolicy.standard"
      ])
    })
  )

  it.effect("several that are wrong are reported together", () =>
    Effect.gen(function* () {
      expect(
        yield* problemsOf({
          apiKey: Redacted.make("made up"),
          baseUrl: "made up",
          workspaceId: "made up",
          userAgent: "",
          timeout: 0,
          deadline: "-1 second"
        })
      ).toEqual([
        "apiKey: apiKey has spaces or characters that a header cannot hold",
        "baseUrl: baseUrl is not a URL, such as https://api.instantly.ai",
        "workspaceId: workspaceId has spaces or characters that a header cannot hold",
        "userAgent: userAgent must be one line of printable ASCII, such as my-app/1.0",
        "timeout: timeout must be a duration longer than zero, such as 15 seconds",
        "deadline: deadline must be a duration longer than zero, such as 15 seconds"
      ])
      expect(yield* problemsOf({ timeout: 0 })).toHaveLength(1)
    })
  )
})

describe("a setting that is a Config", () => {
  const canary = "made-up canary"
  const six = {
    apiKey: Config.redacted("ACME_KEY"),
    baseUrl: Config.string("ACME_URL"),
    workspaceId: Config.string("ACME_WORKSPACE"),
    userAgent: Config.string("ACME_AGENT"),
    timeout: Config.duration("ACME_TIMEOUT"),
    deadline: Config.duration("ACME_DEADLINE")
  } as const
  const right = {
    ACME_KEY: "made-up-token",
    ACME_URL: "http://localhost:8080/acme",
    ACME_WORKSPACE: "made-up-workspace",
    ACME_AGENT: "acme/1.0",
    ACME_TIMEOUT: "2 seconds",
    ACME_DEADLINE: "3 seconds"
  }

  it.effect("is read once, when the client is made, and then is what counts", () =>
    Effect.gen(function* () {
      const reads: Array<string> = []
      const base = fromVariables(right)
      const provider = ConfigProvider.fromFlat(
        ConfigProvider.makeFlat({
          load: (path, primitive, split) => {
            reads.push(path.join("."))
            return base.flattened.load(path, primitive, split)
          },
          enumerateChildren: base.flattened.enumerateChildren,
          patch: base.flattened.patch
        })
      )
      const mock = yield* InstantlyMock.InstantlyMock
      yield* mock.createApiKey({ secret: Redacted.make("made-up-token") })
      yield* mock.script(Fault.always(Fault.swallowRequest))
      const error = yield* Effect.gen(function* () {
        const apiKeys = yield* ApiKeys.ApiKeys
        const listed = inVirtualTime(Effect.flip(Stream.runCollect(apiKeys.list())))
        yield* listed
        return yield* listed
      }).pipe(Effect.provide(Instantly.layerConfig(six)), Effect.withConfigProvider(provider))
      expect(reads.toSorted()).toEqual(Object.keys(right).toSorted())
      expect(error.message).toContain("the deadline of the call is 3s")
      expect(error.attempts).toBe(2)
      const [arrival] = yield* mock.arrivals
      expect(arrival?.path).toBe("/acme/api/v2/api-keys?limit=100")
      expect(arrival?.headers).toMatchObject({
        "x-as-workspace": "made-up-workspace",
        "user-agent": `effect-instantly/${pkg.version} acme/1.0`
      })
    }).pipe(Effect.provide(InstantlyMock.layer()))
  )

  it.effect("stands before the environment, and what is left out is read from there", () =>
    Effect.gen(function* () {
      const variables = { ...right, INSTANTLY_API_KEY: "made up", INSTANTLY_BASE_URL: "http://evil.example" }
      const { apiKey, baseUrl } = six
      yield* Layer.build(Instantly.layerConfig({ apiKey, baseUrl })).pipe(
        Effect.withConfigProvider(fromVariables(variables))
      )
      expect(yield* problemsOf({ apiKey }, variables)).toEqual([
        expect.stringMatching(/^INSTANTLY_BASE_URL: baseUrl must/)
      ])
    }).pipe(Effect.scoped, Effect.provide(InstantlyMock.layer()))
  )

  it.effect("is reported by its path and its option if it is missing", () =>
    Effect.gen(function* () {
      expect(yield* problemsOf(six, {})).toEqual([
        "ACME_KEY: apiKey is missing",
        "ACME_URL: baseUrl is missing",
        "ACME_WORKSPACE: workspaceId is missing",
        "ACME_AGENT: userAgent is missing",
        "ACME_TIMEOUT: timeout is missing",
        "ACME_DEADLINE: deadline is missing"
      ])
    })
  )

  it.effect("is reported by its path if it has one, by its option always, and never by its value", () =>
    Effect.gen(function* () {
      const wrong = Object.fromEntries(Object.keys(right).map((name) => [name, canary]))
      const all = yield* problemsOf(six, { ...wrong, ACME_AGENT: `${canary}\n` })
      expect(all).toEqual([
        // the `Config` of a secret gives no path
        ": apiKey has spaces or characters that a header cannot hold",
        "ACME_URL: baseUrl is not a URL, such as https://api.instantly.ai",
        "ACME_WORKSPACE: workspaceId has spaces or characters that a header cannot hold",
        "ACME_AGENT: userAgent must be one line of printable ASCII, such as my-app/1.0",
        // the `Config` itself refuses these, and quotes them
        "ACME_TIMEOUT: timeout is not what its Config expects",
        "ACME_DEADLINE: deadline is not what its Config expects"
      ])
      const quoting = Config.mapOrFail(Config.redacted("ACME_KEY"), (key) =>
        Either.left(ConfigError.InvalidData(["ACME_KEY"], `apiKey ${Redacted.value(key)} has no colon`))
      )
      expect(yield* problemsOf({ apiKey: quoting }, { ACME_KEY: canary })).toEqual([
        "ACME_KEY: apiKey is not what its Config expects"
      ])
      const nested = { apiKey: Config.nested(Config.redacted("KEY"), "ACME"), timeout: Config.succeed(0) }
      expect(yield* problemsOf(nested, { "ACME.KEY": canary })).toEqual([
        "ACME: apiKey has spaces or characters that a header cannot hold",
        ": timeout must be a duration longer than zero, such as 15 seconds"
      ])
    })
  )

  it.effect.each([
    ["cannot be read", ConfigError.Unsupported(["ACME"], canary), "ACME: userAgent cannot be read from this source"],
    [
      "has a source that fails",
      ConfigError.SourceUnavailable(["ACME"], canary, Cause.die(canary)),
      "ACME: the source of userAgent is not available"
    ]
  ] as const)("is reported without what its provider says if it %s", ([, error, problem]) =>
    Effect.gen(function* () {
      const failing = ConfigProvider.make({ load: () => Effect.fail(error), flattened: fromVariables({}).flattened })
      const refused = yield* Effect.flip(
        Layer.build(Instantly.layerConfig({ apiKey: token, userAgent: six.userAgent }))
      ).pipe(Effect.scoped, Effect.provide(InstantlyMock.layer()), Effect.withConfigProvider(failing))
      expect(problems(refused)).toContain(problem)
      expect(leaksIn(refused, [canary])).toEqual([])
    })
  )

  it.effect("that is one of two is reported by both paths", () =>
    Effect.gen(function* () {
      const either = Config.orElse(six.userAgent, () => Config.string("OTHER_AGENT"))
      expect(yield* problemsOf({ userAgent: either }, {})).toEqual([
        "ACME_AGENT: userAgent is missing",
        "OTHER_AGENT: userAgent is missing"
      ])
    })
  )
})

describe("what an app hands in that throws", () => {
  const canary = "made-up-canary"

  it.effect("is a ConfigError that names transformClient, and shows nothing of the defect", () =>
    Effect.gen(function* () {
      const transformClient = () => {
        throw new RangeError(canary)
      }
      for (const layer of [
        Instantly.layer({ apiKey: token, transformClient }),
        Instantly.layerConfig({ apiKey: token, transformClient })
      ]) {
        const error = yield* refusal(layer)
        expect(problems(error)).toEqual(["transformClient: transformClient failed with RangeError"])
        expect(leaksIn(error, [canary])).toEqual([])
      }
    })
  )

  it.effect.each<readonly [string, () => Effect.Effect<never>]>([
    [
      "throws",
      () => {
        throw new SyntaxError(canary)
      }
    ],
    ["dies", () => Effect.die(new SyntaxError(canary))]
  ])("is a ConfigError that names the ConfigProvider, if that %s", ([, load]) =>
    Effect.gen(function* () {
      const throwing = ConfigProvider.make({ load, flattened: fromVariables({}).flattened })
      const error = yield* refusal(Instantly.layerConfig()).pipe(Effect.withConfigProvider(throwing))
      expect(problems(error)).toEqual(["the ConfigProvider: the ConfigProvider failed with SyntaxError"])
      expect(leaksIn(error, [canary])).toEqual([])
    })
  )
})
