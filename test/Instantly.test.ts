import { describe, expect, it } from "@effect/vitest"
import { Clock, ConfigProvider, Effect, Layer, LayerMap, Redacted, Schedule } from "effect"
import { ApiKeys, Instantly, InstantlyClient, RateLimit } from "effect-instantly"
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
