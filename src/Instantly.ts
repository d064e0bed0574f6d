/**
 * Everything together, with the default policies: the one layer that an app provides.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as ConfigError from "effect/ConfigError"
import * as Layer from "effect/Layer"
import * as ApiKeys from "./ApiKeys.js"
import * as InstantlyClient from "./InstantlyClient.js"
import * as RateLimit from "./RateLimit.js"

/**
 * The settings of the client, and the policy of the gate.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends InstantlyClient.Options {
  /** When requests may leave. Default: `RateLimit.instantly`, which is for one process alone in its workspace. */
  readonly rateLimit?: RateLimit.RateLimitPolicy | undefined
}

/**
 * The settings of the client, each as a value or as a `Config`, and the policy of the gate.
 *
 * @since 0.2.0
 * @category models
 */
export interface ConfigOptions extends InstantlyClient.ConfigOptions, Pick<Options, "rateLimit"> {}

const withGate = <E, R>(
  client: Layer.Layer<InstantlyClient.InstantlyClient, E, R>,
  policy: RateLimit.RateLimitPolicy = RateLimit.instantly
) =>
  // A layer that is one value is built once within a `LayerMap`, and would serve the first client alone.
  Layer.fresh(ApiKeys.layer).pipe(Layer.provideMerge(client), Layer.provideMerge(RateLimit.layer(policy)))

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
export const layer = ({
  rateLimit,
  ...options
}: Options): Layer.Layer<
  ApiKeys.ApiKeys | InstantlyClient.InstantlyClient | RateLimit.RateLimit,
  ConfigError.ConfigError,
  HttpClient.HttpClient
> => withGate(InstantlyClient.layer(options), rateLimit)

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
export const layerConfig = ({
  rateLimit,
  ...options
}: ConfigOptions = {}): Layer.Layer<
  ApiKeys.ApiKeys | InstantlyClient.InstantlyClient | RateLimit.RateLimit,
  ConfigError.ConfigError,
  HttpClient.HttpClient
> => withGate(InstantlyClient.layerConfig(options), rateLimit)
