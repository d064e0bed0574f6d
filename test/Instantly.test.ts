import { describe, expect, it } from "@effect/vitest"
import { Clock, ConfigProvider, Duration, Effect, Layer, LayerMap, Option, Redacted, Schedule } from "effect"
import { ApiKey, ApiKeys, Instantly, InstantlyClient, RateLimit } from "effect-instantly"
import { InstantlyMock } from "effect-instantly/testing"
import { inVirtualTime } from "./support/virtual.js"

describe("layer", () => {
  it.effect("provides the operations, the client and the gate, which is one for all", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey()
      const leaked = yield* mock.createApiKey()
      yield* Effect.gen(function* () {
        const rateLimit = yield* RateLimit.RateLimit
        const apiKeys = yield* ApiKeys.ApiKeys
        yield* InstantlyClient.InstantlyClient
        yield* rateLimit.acquire
        yield* inVirtualTime(apiKeys.delete(leaked.id))
        expect((yield* mock.arrivals).map(({ at }) => at)).toEqual([5000])
      }).pipe(Effect.provide(Instantly.layer({ apiKey: caller.secret, rateLimit: Schedule.spaced("5 seconds") })))
    }).pipe(Effect.provide(InstantlyMock.layer()))
  )

  it.effect("keeps within Instantly's limit unless it is given another policy", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey()
      const keys = yield* Effect.replicateEffect(mock.createApiKey(), 200)
      yield* Effect.gen(function* () {
        const apiKeys = yield* ApiKeys.ApiKeys
        yield* inVirtualTime(Effect.forEach(keys, ({ id }) => apiKeys.delete(id), { concurrency: "unbounded" }))
      }).pipe(Effect.provide(Instantly.layer({ apiKey: caller.secret })))
      const arrivals = yield* mock.arrivals
      expect(arrivals).toHaveLength(200)
      expect(yield* mock.worstWindow("1050 millis")).toBeLessThanOrEqual(100)
      expect(Math.max(...arrivals.map(({ at }) => at))).toBeLessThanOrEqual(2200)
    }).pipe(Effect.provide(InstantlyMock.layer()))
  )
})

const response = (status: number, retryAfter?: Duration.DurationInput) => ({
  status,
  retryAfter: Option.map(Option.fromNullable(retryAfter), Duration.decode)
})

describe("the gate of a layer", () => {
  const apiKey = Redacted.make("made-up")
  it.effect.each<readonly [string, Instantly.PolicyOptions, ReturnType<typeof response>, number]>([
    ["is not closed by a 429 that names no time", {}, response(429), 0],
    ["is closed for as long as a 429 names", {}, response(429, "20 seconds"), 20_000],
    ["is closed for a minute at most", {}, response(429, "1 hour"), 60_000],
    ["is closed for maxPause at most", { maxPause: "5 seconds" }, response(429, "1 hour"), 5000]
  ])("%s", ([, options, response, expected]) =>
    Effect.gen(function* () {
      const gate = yield* RateLimit.RateLimit
      yield* gate.observe(response)
      expect(yield* inVirtualTime(Effect.zipRight(gate.acquire, Clock.currentTimeMillis))).toBe(expected)
    }).pipe(Effect.provide(Instantly.layer({ apiKey, ...options })), Effect.provide(InstantlyMock.layer()))
  )

  it.effect.each<readonly [string, Instantly.PolicyOptions, boolean]>([
    ["slows down after 429s, whatever its policy", { rateLimit: RateLimit.unlimited }, true],
    ["slows down as `yields` says", { rateLimit: RateLimit.unlimited, yields: { max: 1000, min: 900 } }, false],
    ["does not slow down where `yields` is false", { rateLimit: RateLimit.unlimited, yields: false }, false]
  ])("%s", ([, options, isSlow]) =>
    Effect.gen(function* () {
      const gate = yield* RateLimit.RateLimit
      const throttled = Effect.zipRight(gate.acquire, gate.observe(response(429)))
      yield* inVirtualTime(Effect.replicateEffect(throttled, 30))
      const passed = yield* inVirtualTime(Effect.timed(Effect.replicateEffect(gate.acquire, 30)))
      expect(Duration.greaterThan(passed[0], "1 second")).toBe(isSlow)
    }).pipe(Effect.provide(Instantly.layer({ apiKey, ...options })), Effect.provide(InstantlyMock.layer()))
  )

  it.effect.each<readonly [string, Instantly.PolicyOptions]>([
    ["maxPause", { maxPause: -4711 }],
    ["maxPause", { maxPause: "Infinity" as "1 second" }],
    ["yields", { yields: { factor: 4711 } }]
  ])("is a ConfigError that names the setting, and not its value, where %s is wrong", ([name, options]) =>
    Effect.gen(function* () {
      for (const live of [Instantly.layer({ apiKey, ...options }), Instantly.layerConfig({ apiKey, ...options })]) {
        const error = yield* Effect.flip(Effect.scoped(Layer.build(live)))
        expect(error).toMatchObject({ _op: "InvalidData", path: [name], message: `${name} is out of bounds` })
        expect(String(error)).not.toContain("4711")
      }
    }).pipe(Effect.provide(InstantlyMock.layer()))
  )

  it.effect("is a ConfigError that says what it wants where a policy is not a Schedule", () =>
    Effect.gen(function* () {
      // @ts-expect-error what the type rules out
      const error = yield* Effect.flip(Layer.build(Instantly.layer({ apiKey, rateLimit: { limit: 20 } })))
      expect(error).toMatchObject({ _op: "InvalidData", path: ["rateLimit"] })
      expect(error).toHaveProperty("message", "rateLimit must be a Schedule, such as RateLimit.quota({ … })")
    }).pipe(Effect.scoped, Effect.provide(InstantlyMock.layer()))
  )

  it.effect("is the one that it is given as a layer, as it is", () =>
    Effect.gen(function* () {
      const own: RateLimit.Service = {
        acquire: new RateLimit.PermitRefused({ message: "deletions are stopped" }),
        observe: () => Effect.void
      }
      const gate = Layer.succeed(RateLimit.RateLimit, own)
      for (const live of [Instantly.layer({ apiKey, gate }), Instantly.layerConfig({ apiKey, gate })]) {
        const { error, provided } = yield* Effect.gen(function* () {
          const apiKeys = yield* ApiKeys.ApiKeys
          const id = ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-7384d8969c61")
          return { error: yield* Effect.flip(apiKeys.delete(id)), provided: yield* RateLimit.RateLimit }
        }).pipe(Effect.provide(live))
        expect(provided).toBe(own)
        expect(error._tag).toBe("HeldBack")
        expect(error.message).toContain("This client did not send the request: deletions are stopped.")
      }
    }).pipe(Effect.provide(InstantlyMock.layer()))
  )

  it.effect("fails the layer with its own failure", () =>
    Effect.gen(function* () {
      const gate = Layer.effect(RateLimit.RateLimit, Effect.fail("the store is away"))
      for (const live of [Instantly.layer({ apiKey, gate }), Instantly.layerConfig({ apiKey, gate })]) {
        expect(yield* Effect.flip(Effect.scoped(Layer.build(live)))).toBe("the store is away")
      }
    }).pipe(Effect.provide(InstantlyMock.layer()))
  )
})

describe("several layers built together", () => {
  it.effect("have a client and a gate each, though they share what Effect shares", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const sub = yield* mock.createWorkspace({ admin: mock.workspaceId })
      const caller = yield* mock.createApiKey()
      const keys = yield* Effect.forEach([sub, mock.workspaceId], (workspaceId) => mock.createApiKey({ workspaceId }))
      class Workspaces extends LayerMap.Service<Workspaces>()("test/Workspaces", {
        lookup: (workspaceId: string) =>
          Instantly.layer({ apiKey: caller.secret, workspaceId, rateLimit: Schedule.stop })
      }) {}
      yield* Effect.forEach(keys, ({ id, workspaceId }) =>
        Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.delete(id)).pipe(
          Effect.provide(Workspaces.get(workspaceId))
        )
      ).pipe(Effect.provide(Workspaces.Default))
      expect((yield* mock.arrivals).map(({ headers }) => headers["x-as-workspace"])).toEqual([sub, mock.workspaceId])
    }).pipe(Effect.provide(InstantlyMock.layer()))
  )
})

describe("layerConfig", () => {
  it.effect("reads the token, the address and the workspace from the configuration", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const sub = yield* mock.createWorkspace({ admin: mock.workspaceId })
      const caller = yield* mock.createApiKey()
      const leaked = yield* mock.createApiKey({ workspaceId: sub })
      const configuration = ConfigProvider.fromMap(
        new Map([
          ["INSTANTLY_API_KEY", Redacted.value(caller.secret)],
          ["INSTANTLY_BASE_URL", "https://proxy.example/instantly"],
          ["INSTANTLY_WORKSPACE_ID", sub]
        ])
      )
      const live = Instantly.layerConfig().pipe(Layer.provide(Layer.setConfigProvider(configuration)))
      yield* Effect.flip(Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.delete(leaked.id))).pipe(
        Effect.provide(live)
      )
      const [arrival] = yield* mock.arrivals
      expect(arrival?.path).toBe(`/instantly/api/v2/api-keys/${leaked.id}`)
      expect(arrival?.headers["x-as-workspace"]).toBe(sub)
      expect(yield* Clock.currentTimeMillis).toBe(0)
    }).pipe(Effect.provide(InstantlyMock.layer()))
  )
})
