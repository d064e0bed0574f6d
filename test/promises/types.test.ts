import type { HttpClient } from "@effect/platform"
import { describe, expectTypeOf, it } from "@effect/vitest"
import type { Brand, ConfigError, DateTime, Layer, Scope } from "effect"
import { type Duration, Effect, LayerMap, type Option, Redacted, Schedule } from "effect"
import type { InstantlyClient } from "effect-instantly"
import {
  type ApiKey,
  type ApiKeys,
  Instantly,
  type InstantlyError,
  type Outcome,
  RateLimit,
  RetryPolicy
} from "effect-instantly"

// Checked by the compiler (`npm run check:types`); at run time there is nothing to do.

declare const apiKeys: ApiKeys.Service
declare const id: ApiKey.ApiKeyId

type All =
  | InstantlyError.BadRequest
  | InstantlyError.Unauthorized
  | InstantlyError.PaymentRequired
  | InstantlyError.InsufficientScope
  | InstantlyError.NotFound
  | InstantlyError.TooManyRequests
  | InstantlyError.ServerError
  | InstantlyError.UnexpectedStatus
  | InstantlyError.InvalidResponse
  | InstantlyError.TransportError
  | InstantlyError.HeldBack

describe("types", () => {
  it("delete gives an ApiKey, fails with exactly the union, and requires nothing", () => {
    expectTypeOf<ReturnType<typeof apiKeys.delete>>().toEqualTypeOf<Effect.Effect<ApiKey.ApiKey, All>>()
    expectTypeOf<ApiKeys.DeleteApiKeyError>().toEqualTypeOf<All>()
    expectTypeOf<InstantlyError.InstantlyError>().toEqualTypeOf<All>()
  })

  it("catchTags over all tags leaves never", () => {
    const handled = () =>
      apiKeys.delete(id).pipe(
        Effect.asVoid,
        Effect.catchTags({
          BadRequest: () => Effect.void,
          Unauthorized: () => Effect.void,
          PaymentRequired: () => Effect.void,
          InsufficientScope: () => Effect.void,
          NotFound: () => Effect.void,
          TooManyRequests: (error) => {
            expectTypeOf(error.retryAfter).toEqualTypeOf<Option.Option<Duration.Duration>>()
            return Effect.void
          },
          ServerError: (error) => {
            expectTypeOf(error.retryAfter).toEqualTypeOf<Option.Option<Duration.Duration>>()
            return Effect.void
          },
          UnexpectedStatus: () => Effect.void,
          InvalidResponse: () => Effect.void,
          TransportError: (error) => {
            expectTypeOf(error.reason).toEqualTypeOf<"NotSent" | "ConnectionLost" | "Timeout">()
            return Effect.void
          },
          HeldBack: () => Effect.void
        })
      )
    expectTypeOf<ReturnType<typeof handled>>().toEqualTypeOf<Effect.Effect<void>>()
  })

  it("every error has the fields that all have", () => {
    interface Common {
      readonly message: string
      readonly method: string
      readonly path: string
      readonly outcome: Outcome.Outcome
      readonly attempts: number
      readonly waited: Duration.Duration
      readonly requestId: Option.Option<string>
      readonly isRetryable: boolean
    }
    expectTypeOf<All>().toExtend<Common>()
  })

  it("an id is a branded string, and a scope is any string, with the known ones to complete", () => {
    expectTypeOf<ApiKey.ApiKeyId>().toEqualTypeOf<string & Brand.Brand<"effect-instantly/ApiKeyId">>()
    expectTypeOf<"campaigns:create">().toExtend<ApiKey.KnownScope>()
    expectTypeOf<"supersearch_enrichments:read">().not.toExtend<ApiKey.KnownScope>()
    expectTypeOf<"supersearch_enrichments:read">().toExtend<ApiKey.Scope>()
    // the union is not swallowed by string
    expectTypeOf<Extract<ApiKey.Scope, "all:all">>().toEqualTypeOf<"all:all">()
    expectTypeOf<ApiKey.ApiKey["key"]>().toEqualTypeOf<Redacted.Redacted>()
    expectTypeOf<ApiKey.ApiKey["createdAt"]>().toEqualTypeOf<DateTime.Utc>()
  })

  it("a layer needs an HttpClient alone, and fails with a ConfigError alone", () => {
    type Live = Layer.Layer<
      ApiKeys.ApiKeys | InstantlyClient.InstantlyClient | RateLimit.RateLimit,
      ConfigError.ConfigError,
      HttpClient.HttpClient
    >
    const live = () => Instantly.layer({ apiKey: Redacted.make("made-up") })
    expectTypeOf<ReturnType<typeof live>>().toEqualTypeOf<Live>()
    const configured = () => Instantly.layerConfig()
    expectTypeOf<ReturnType<typeof configured>>().toEqualTypeOf<Live>()
  })

  it("what your own gate requires and fails with are the layer's", () => {
    interface Store {
      readonly store: "made-up"
    }
    type Live<E, R> = Layer.Layer<Instantly.Provided, ConfigError.ConfigError | E, HttpClient.HttpClient | R>
    type Gate = Layer.Layer<RateLimit.RateLimit, "no store", Store>
    const apiKey = Redacted.make("made-up")
    const live = (gate: Gate) => Instantly.layer({ apiKey, gate })
    expectTypeOf<ReturnType<typeof live>>().toEqualTypeOf<Live<"no store", Store>>()
    const configured = (gate: Gate) => Instantly.layerConfig({ gate })
    expectTypeOf<ReturnType<typeof configured>>().toEqualTypeOf<Live<"no store", Store>>()
    const withPolicy = (rateLimit: RateLimit.RateLimitPolicy<Store>) => Instantly.layer({ apiKey, rateLimit })
    expectTypeOf<ReturnType<typeof withPolicy>>().toEqualTypeOf<Live<never, Store>>()
    const plain = (gate: Layer.Layer<RateLimit.RateLimit>) => Instantly.layer({ apiKey, gate })
    // @ts-expect-error a gate of your own has its own pause
    const both = (gate: Gate) => Instantly.layer({ apiKey, gate, maxPause: "5 seconds" })
    expectTypeOf(both).toBeFunction()
    expectTypeOf<ReturnType<typeof plain>>().toEqualTypeOf<Live<never, never>>()
    expectTypeOf<RateLimit.Service["acquire"]>().toEqualTypeOf<Effect.Effect<void, RateLimit.PermitRefused>>()
  })

  it("a LayerMap infers what its lookup provides, fails with and requires", () => {
    interface Store {
      readonly store: "made-up"
    }
    type Lookup<E, R> = Layer.Layer<Instantly.Provided, ConfigError.ConfigError | E, R>
    const defaults = LayerMap.make((workspaceId: string) => Instantly.layerConfig({ workspaceId }))
    type Defaults = Effect.Effect.Success<typeof defaults>
    expectTypeOf<ReturnType<Defaults["get"]>>().toEqualTypeOf<Lookup<never, never>>()
    expectTypeOf<Effect.Effect.Context<typeof defaults>>().toEqualTypeOf<HttpClient.HttpClient | Scope.Scope>()

    class Workspaces extends LayerMap.Service<Workspaces>()("test/Workspaces", {
      lookup: (workspaceId: string) => Instantly.layer({ apiKey: Redacted.make("made-up"), workspaceId })
    }) {}
    expectTypeOf<Layer.Layer.Context<typeof Workspaces.Default>>().toEqualTypeOf<HttpClient.HttpClient>()

    const gated = (gateOf: (workspaceId: string) => Layer.Layer<RateLimit.RateLimit, "no store", Store>) =>
      LayerMap.make((workspaceId: string) =>
        Instantly.layer({ apiKey: Redacted.make("made-up"), workspaceId, gate: gateOf(workspaceId) })
      )
    type Gated = Effect.Effect.Success<ReturnType<typeof gated>>
    expectTypeOf<ReturnType<Gated["get"]>>().toEqualTypeOf<Lookup<"no store", never>>()
    expectTypeOf<Effect.Effect.Context<ReturnType<typeof gated>>>().toEqualTypeOf<
      HttpClient.HttpClient | Scope.Scope | Store
    >()
  })

  it("policies are schedules", () => {
    expectTypeOf(RetryPolicy.standard).toExtend<RetryPolicy.RetryPolicy>()
    expectTypeOf(RateLimit.instantly).toExtend<RateLimit.RateLimitPolicy>()
    expectTypeOf(Schedule.spaced("1 second")).toExtend<RetryPolicy.RetryPolicy>()
    expectTypeOf(Schedule.spaced("1 second")).toExtend<RateLimit.RateLimitPolicy>()
    expectTypeOf(
      RetryPolicy.backoff().pipe(
        RetryPolicy.attempts(2),
        RetryPolicy.withinBudget("1 second"),
        RetryPolicy.whileRetryable
      )
    ).toExtend<RetryPolicy.RetryPolicy>()
  })

  it("what a policy requires is required where the policy is set", () => {
    interface Service {
      readonly service: "made-up"
    }
    const around = (effect: Effect.Effect<number, string>, policy: RetryPolicy.RetryPolicy<Service>) =>
      RetryPolicy.withRetryPolicy(effect, policy)
    expectTypeOf<ReturnType<typeof around>>().toEqualTypeOf<Effect.Effect<number, string, Service>>()
    const gate = (policy: RateLimit.RateLimitPolicy<Service>) => RateLimit.make(policy)
    expectTypeOf<ReturnType<typeof gate>>().toEqualTypeOf<
      Effect.Effect<RateLimit.Service, never, Service | Scope.Scope>
    >()
  })
})
