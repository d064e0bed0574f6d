/**
 * Everything together, with the default policies: the one layer that an app provides.
 *
 * @module
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as ConfigError from "effect/ConfigError"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as ApiKeys from "./ApiKeys.js"
import * as InstantlyClient from "./InstantlyClient.js"
import * as RateLimit from "./RateLimit.js"

/**
 * What the layers of this module provide.
 *
 * @since 0.2.0
 * @category models
 */
export type Provided = ApiKeys.ApiKeys | InstantlyClient.InstantlyClient | RateLimit.RateLimit

/**
 * The gate that requests pass.
 *
 * @since 0.2.0
 * @category models
 */
export interface GateOptions<E = never, R = never> {
  /**
   * When requests may leave: a policy, or a layer that is a gate of one's own. Default: `RateLimit.instantly`.
   */
  readonly rateLimit?: RateLimit.RateLimitPolicy<R> | Layer.Layer<RateLimit.RateLimit, E, R> | undefined
  /** The longest that one 429 may close the gate, whatever the server asks. Default: 1 minute. */
  readonly maxPause?: RateLimit.Options["maxPause"] | undefined
  /**
   * How the gate slows down after 429s, so that other programs in the workspace get their share; `false` if only the policy
   * decides. Default: as `RateLimit.adaptive` does.
   */
  readonly yields?: RateLimit.Options["yields"] | undefined
}

/**
 * The settings of the client and of the gate.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<E = never, R = never> extends InstantlyClient.Options, GateOptions<E, R> {}

/**
 * The settings of the client, each as a value or as a `Config`, and those of the gate.
 *
 * @since 0.2.0
 * @category models
 */
export interface ConfigOptions<E = never, R = never> extends InstantlyClient.ConfigOptions, GateOptions<E, R> {}

const gateOf = <E, R>({
  maxPause = "1 minute",
  rateLimit = RateLimit.instantly,
  yields = {}
}: GateOptions<E, R>): Layer.Layer<RateLimit.RateLimit, E, R> =>
  Schedule.isSchedule(rateLimit) ? RateLimit.layer(rateLimit, { maxPause, yields }) : rateLimit

const withGate = <E, E2, R2>(
  client: Layer.Layer<InstantlyClient.InstantlyClient, E, HttpClient.HttpClient | RateLimit.RateLimit>,
  options: GateOptions<E2, R2>
) =>
  // A layer that is one value is built once within a `LayerMap`, and would serve the first client alone.
  Layer.fresh(ApiKeys.layer).pipe(Layer.provideMerge(client), Layer.provideMerge(gateOf(options)))

/**
 * Provides all of this library for one workspace, over the `HttpClient` that the app chooses. Fails with a
 * `ConfigError` if a setting is missing or wrong.
 *
 * Provide it once: two layers have two gates, which together exceed the workspace's limit.
 *
 * @example
 * ```ts
 * import { FetchHttpClient } from "@effect/platform"
 * import { Instantly, RateLimit } from "effect-instantly"
 * import { Layer, Redacted } from "effect"
 *
 * const InstantlyLive = Instantly.layer({
 *   apiKey: Redacted.make("made-up"),
 *   rateLimit: RateLimit.quota({ limit: 50, window: "1 second" })
 * }).pipe(Layer.provide(FetchHttpClient.layer))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: {
  // First, because a `LayerMap` would infer `any` for the parameters of the other.
  (options: Options): Layer.Layer<Provided, ConfigError.ConfigError, HttpClient.HttpClient>
  <E = never, R = never>(
    options: Options<E, R>
  ): Layer.Layer<Provided, ConfigError.ConfigError | E, HttpClient.HttpClient | R>
} = <E, R>(options: Options<E, R>) => withGate(InstantlyClient.layer(options), options)

/**
 * As {@link layer}, with settings that can be read from the configuration: each can be a `Config`, and what is left out of
 * `apiKey`, `baseUrl` and `workspaceId` is read from `INSTANTLY_API_KEY`, `INSTANTLY_BASE_URL` and
 * `INSTANTLY_WORKSPACE_ID`.
 *
 * @example
 * ```ts
 * import { FetchHttpClient } from "@effect/platform"
 * import { Instantly } from "effect-instantly"
 * import { Layer } from "effect"
 *
 * const InstantlyLive = Instantly.layerConfig().pipe(Layer.provide(FetchHttpClient.layer))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig: {
  (options?: ConfigOptions): Layer.Layer<Provided, ConfigError.ConfigError, HttpClient.HttpClient>
  <E = never, R = never>(
    options: ConfigOptions<E, R>
  ): Layer.Layer<Provided, ConfigError.ConfigError | E, HttpClient.HttpClient | R>
} = <E, R>(options: ConfigOptions<E, R> = {}) => withGate(InstantlyClient.layerConfig(options), options)
