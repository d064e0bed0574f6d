import { describe, expect, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"
import { Instantly } from "effect-instantly"
import { InstantlyMock } from "effect-instantly/testing"
import pkg from "../../package.json" with { type: "json" }

const token = Redacted.make("made-up-token")

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
      expect(String(error)).not.toContain("<redacted>")
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
    const { version } = await import("../../src/InstantlyClient/settings.js")
    expect(version).toBe(pkg.version)
  })

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
})
