/**
 * Everything together, with the default policies: the one layer that an app provides.
 *
 * @module
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as ApiKeys from "./ApiKeys.js"
import * as InstantlyClient from "./InstantlyClient.js"
import { finiteMillis } from "./internal/parameters.js"
import * as RateLimit from "./RateLimit.js"

/**
 * The services that the layers of this module provide.
 *
 * @since 0.1.0
 * @category models
 */
export type Provided = ApiKeys.ApiKeys | InstantlyClient.InstantlyClient | RateLimit.RateLimit

/**
 * A gate that runs a policy.
 *
 * @since 0.1.0
 * @category models
 */
export interface PolicyOptions<R = never> {
  /** When requests may leave. Default: `RateLimit.instantly`. */
  readonly rateLimit?: RateLimit.RateLimitPolicy<R> | undefined
  /** The longest time for which one 429 closes the gate, whatever the server asks for. Default: 1 minute. */
  readonly maxPause?: RateLimit.Options["maxPause"] | undefined
  /**
   * How the gate slows down after 429s, so that other programs in the workspace get their share; `false` if only the policy
   * decides. Default: as `RateLimit.adaptive` does.
   */
  readonly yields?: RateLimit.Options["yields"] | undefined
  readonly gate?: undefined
}

/**
 * A gate of your own, such as `RedisRateLimit.layer`.
 *
 * @since 0.1.0
 * @category models
 */
export interface OwnGateOptions<E = never, R = never> {
  /** The gate that requests pass. */
  readonly gate: Layer.Layer<RateLimit.RateLimit, E, R>
  readonly rateLimit?: undefined
  readonly maxPause?: undefined
  readonly yields?: undefined
}

/**
 * The gate that requests pass: a policy for the library's own gate, or a gate of your own.
 *
 * @since 0.1.0
 * @category models
 */
export type GateOptions<E = never, R = never> = PolicyOptions<R> | OwnGateOptions<E, R>

/**
 * The settings of the client and of the gate.
 *
 * @since 0.1.0
 * @category models
 */
export type Options<E = never, R = never> = InstantlyClient.Options & GateOptions<E, R>

/**
 * The settings of the client, most of which can also be a `Config`, and those of the gate.
 *
 * @since 0.1.0
 * @category models
 */
export type ConfigOptions<E = never, R = never> = InstantlyClient.ConfigOptions & GateOptions<E, R>

/** A wrong setting of the gate is a `ConfigError`, as for any other setting: it names the setting, never its value. */
const wrong = (name: "maxPause" | "rateLimit" | "yields", problem: string) =>
  ConfigError.InvalidData([name], `${name} ${problem}`)

const check = (name: "maxPause" | "yields", make: () => unknown) =>
  Effect.try({ try: make, catch: () => wrong(name, "is out of bounds") })

/** Untyped code may pass the options of a quota. */
const checkSchedule = (policy: unknown) =>
  Schedule.isSchedule(policy)
    ? Effect.void
    : Effect.fail(wrong("rateLimit", "must be a Schedule, such as RateLimit.quota({ … })"))

const gateOf = <E, R>({
  gate,
  maxPause = "1 minute",
  rateLimit = RateLimit.instantly,
  yields = {}
}: GateOptions<E, R>): Layer.Layer<RateLimit.RateLimit, E | ConfigError.ConfigError, R> =>
  gate ??
  Layer.unwrapEffect(
    Effect.map(
      Effect.all([
        checkSchedule(rateLimit),
        check("maxPause", () => finiteMillis("maxPause", maxPause)),
        check("yields", () => yields === false || RateLimit.adaptive(yields))
      ]),
      () => RateLimit.layer(rateLimit, { maxPause, yields })
    )
  )

const withGate = <E, E2, R2>(
  client: Layer.Layer<InstantlyClient.InstantlyClient, E, HttpClient.HttpClient | RateLimit.RateLimit>,
  options: GateOptions<E2, R2>
) =>
  // `ApiKeys.layer` is one value: a `LayerMap` would build it once, for the first client, and share it.
  Layer.fresh(ApiKeys.layer).pipe(Layer.provideMerge(client), Layer.provideMerge(gateOf(options)))

// One signature, so that a wrong option is reported once. `NoInfer`, because a `LayerMap.Service` would infer `any` from what
// it expects of its layers.

/**
 * Provides all of this library for one workspace, over an `HttpClient` of your choice. Fails with a `ConfigError` if a
 * setting is missing or wrong.
 *
 * Provide it once. Two layers mean two gates, which together can exceed the workspace's limit.
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
 * @function
 */
export const layer = <E = never, R = never>(
  options: Options<E, R>
): Layer.Layer<Provided, ConfigError.ConfigError | NoInfer<E>, HttpClient.HttpClient | NoInfer<R>> =>
  withGate(InstantlyClient.layer(options), options)

/**
 * As {@link layer}, with settings from the configuration: see {@link InstantlyClient.ConfigOptions}. If `apiKey`,
 * `baseUrl` or `workspaceId` is left out, it is read from `INSTANTLY_API_KEY`, `INSTANTLY_BASE_URL` or
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
 * @function
 */
export const layerConfig = <E = never, R = never>(
  options: ConfigOptions<E, R> = {}
): Layer.Layer<Provided, ConfigError.ConfigError | NoInfer<E>, HttpClient.HttpClient | NoInfer<R>> =>
  withGate(InstantlyClient.layerConfig(options), options)
