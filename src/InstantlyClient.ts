/**
 * One call to Instantly: address, credential, headers, time limits, permit, retry and outcome. It knows no resource:
 * `ApiKeys` says which request is sent, and how its success is read.
 *
 * @module
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Cause from "effect/Cause"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { ParseError } from "effect/ParseResult"
import type * as Redacted from "effect/Redacted"
import { exchange } from "./InstantlyClient/attempt.js"
import * as Call from "./InstantlyClient/call.js"
import { NotSent } from "./InstantlyClient/connection.js"
import type { Head } from "./InstantlyClient/head.js"
import * as Retrying from "./InstantlyClient/retrying.js"
import { sendOnce } from "./InstantlyClient/sendOnce.js"
import * as Settings from "./InstantlyClient/settings.js"
import { sign } from "./InstantlyClient/sign.js"
import * as Span from "./InstantlyClient/span.js"
import type { InstantlyError } from "./InstantlyError.js"
import * as NameOf from "./internal/nameOf.js"
import { RateLimit } from "./RateLimit.js"
import * as RetryPolicy from "./RetryPolicy.js"

/**
 * What {@link InstantlyClient} does.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Sends a request, and reads a 2xx with `decodeSuccess`. Anything else is an {@link InstantlyError}; a 2xx that
   * `decodeSuccess` cannot read, or that is longer than 8 MiB, is `InvalidResponse`.
   *
   * The request's URL is a path such as `/api/v2/api-keys`. An absolute URL, a path with `//` or `..`, and a `host` header
   * are `HeldBack`: the API key would go elsewhere.
   *
   * Each attempt takes a permit and has the client's `timeout`; the retry policy decides whether there is another one.
   * There is none after a 2xx, and none for a method that is not idempotent (POST, PATCH) after an attempt whose outcome
   * is `Unknown`.
   *
   * A request with an `authorization` header of its own is sent with that one, and without the client's API key and
   * `workspaceId`.
   *
   * Each attempt runs in a fiber of its own, unless `timeout` is infinite. What the `HttpClient` or `decodeSuccess` sets in a
   * `FiberRef` ends with the attempt, and does not reach the caller.
   */
  readonly execute: <A>(
    request: HttpClientRequest.HttpClientRequest,
    decodeSuccess: (
      response: HttpClientResponse.HttpClientResponse
    ) => Effect.Effect<A, HttpClientError.ResponseError | ParseError>
  ) => Effect.Effect<A, InstantlyError>
}

/**
 * The client that every operation goes through.
 *
 * @example
 * ```ts
 * import { HttpClientRequest, HttpClientResponse } from "@effect/platform"
 * import { InstantlyClient } from "effect-instantly"
 * import { Effect, Schema } from "effect"
 *
 * // an operation that this library does not cover
 * const Workspace = Schema.Struct({ id: Schema.String, name: Schema.String })
 *
 * const currentWorkspace = Effect.flatMap(InstantlyClient.InstantlyClient, (client) =>
 *   client.execute(
 *     HttpClientRequest.get("/api/v2/workspaces/current"),
 *     HttpClientResponse.schemaBodyJson(Workspace)
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 * @category tags
 */
export class InstantlyClient extends Context.Tag("effect-instantly/InstantlyClient")<InstantlyClient, Service>() {}

/**
 * The settings of a client.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The API key to authenticate with, trimmed. An effect is run before each attempt, before it waits for a
   * permit: where asking is slow, cache it. If it fails, the call is `HeldBack`, and its message names the error by its
   * tag, its class or a setting's path alone.
   */
  readonly apiKey: Redacted.Redacted | Effect.Effect<Redacted.Redacted, unknown>
  /** Where the API is: HTTPS, or HTTP on a loopback address. Default: `https://api.instantly.ai`. */
  readonly baseUrl?: string | undefined
  /** The sub workspace to act on, with the API key of an admin workspace (`x-as-workspace`). */
  readonly workspaceId?: string | undefined
  /** The app's name, such as `my-app/1.0`. It follows the library's in the `User-Agent`. */
  readonly userAgent?: string | undefined
  /** How long one attempt may take, from sending until the body is read; more than 24 days is no limit. Default: 15 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
  /**
   * How long a whole call may take, with its permits, waits and attempts. It ends with an error that knows the outcome;
   * `Effect.timeout` around the call would lose it. Default: no limit.
   */
  readonly deadline?: Duration.DurationInput | undefined
  /** When to try again, unless `RetryPolicy.withRetryPolicy` says otherwise around the call. Default: `standard`. */
  readonly retryPolicy?: RetryPolicy.RetryPolicy | undefined
  /**
   * Wraps the `HttpClient` that sends each attempt. It sees the token. This library promises nothing about what it repeats
   * or redirects on its own. {@link notSent} is how it says that it did not send a request. If it fails with the error of
   * another request, such as one that fetches a token, the outcome is `Unknown`. What it sets in a `FiberRef` ends with the
   * attempt. It must leave the body of a response unread, because a body can be read only once.
   *
   * Wrap the `HttpClient` here rather than before it is provided: what wraps it there by `HttpClient.transform` hides the
   * `RequestInit` that Fetch's layer was provided with, and redirects are then turned off without the rest of it.
   *
   * The platform's own spans and trace headers are off. Turn them on here, by
   * `HttpClient.withTracerDisabledWhen(() => false)` and `HttpClient.withTracerPropagation(true)`.
   */
  readonly transformClient?: ((client: HttpClient.HttpClient) => HttpClient.HttpClient) | undefined
}

/**
 * The settings of a client, each as a value or as a `Config`. What is left out of `apiKey`, `baseUrl` and `workspaceId`
 * is read from `INSTANTLY_API_KEY`, `INSTANTLY_BASE_URL` and `INSTANTLY_WORKSPACE_ID`.
 *
 * @since 0.2.0
 * @category models
 */
export interface ConfigOptions extends Pick<Options, "retryPolicy" | "transformClient"> {
  readonly apiKey?: Options["apiKey"] | Config.Config<Redacted.Redacted> | undefined
  readonly baseUrl?: string | Config.Config<string> | undefined
  readonly workspaceId?: string | Config.Config<string> | undefined
  readonly userAgent?: string | Config.Config<string> | undefined
  readonly timeout?: Duration.DurationInput | Config.Config<Duration.DurationInput> | undefined
  readonly deadline?: Duration.DurationInput | Config.Config<Duration.DurationInput> | undefined
}

/**
 * The error with which `transformClient` says that it did not send a request, such as a circuit breaker that is open. The
 * call then knows that this attempt changed nothing: it is a `TransportError` with the reason `NotSent`, whose message
 * shows `detail`. The retry policy decides whether there is another attempt.
 *
 * @example
 * ```ts
 * import { HttpClient } from "@effect/platform"
 * import { InstantlyClient } from "effect-instantly"
 * import { Effect } from "effect"
 *
 * declare const isOpen: Effect.Effect<boolean>
 *
 * const transformClient = (client: HttpClient.HttpClient) =>
 *   HttpClient.transform(client, (send, request) =>
 *     Effect.if(isOpen, {
 *       onTrue: () => Effect.fail(InstantlyClient.notSent(request, "the circuit is open")),
 *       onFalse: () => send
 *     })
 *   )
 * ```
 *
 * @since 0.2.0
 * @category errors
 */
export const notSent = (request: HttpClientRequest.HttpClientRequest, detail: string): HttpClientError.RequestError =>
  new HttpClientError.RequestError({ request, reason: "Transport", cause: new NotSent({ message: detail }) })

const makeFrom = (
  config: Effect.Effect<Settings.Settings, ConfigError.ConfigError>,
  { retryPolicy = RetryPolicy.standard, transformClient }: Pick<Options, "retryPolicy" | "transformClient">
): Effect.Effect<Service, ConfigError.ConfigError, HttpClient.HttpClient | RateLimit> =>
  Effect.gen(function* () {
    const settings = yield* Settings.orThrown("the ConfigProvider", config)
    const rateLimit = yield* RateLimit
    const client = yield* HttpClient.HttpClient
    const httpClient = yield* Settings.orThrown(
      "transformClient",
      Effect.sync(() => sendOnce(client, transformClient))
    )
    const inSpan = Span.toServer(settings.baseUrl)

    // A gate of the app's own may die. The call still tells what it has done.
    const permit = (call: Call.Call) =>
      rateLimit.acquire.pipe(
        Effect.catchAll(({ message }) => call.holdBack(message)),
        Effect.catchAllDefect((defect) => call.holdBack(`the gate failed with ${NameOf.ofDefect(defect)}`))
      )
    let isWarned = false
    const warn = (cause: Cause.Cause<never>) =>
      Effect.suspend(() => {
        if (isWarned) return Effect.void
        isWarned = true
        return Effect.logWarning(`the gate failed with ${NameOf.ofCause(cause)} when it heard of a response`)
      })
    const hear = (head: Head) =>
      Effect.catchAllCause(
        Effect.suspend(() => rateLimit.observe(head)),
        warn
      )

    const execute: Service["execute"] = (request, decodeSuccess) =>
      Effect.flatMap(RetryPolicy.CurrentRetryPolicy, (policy) =>
        Effect.flatMap(Call.start(request, settings.deadline), (call) => {
          const attempt = sign(request, settings).pipe(
            Effect.catchAll((problem) => call.holdBack(problem)),
            Effect.zipLeft(permit(call)),
            Effect.flatMap((request) =>
              exchange(call, { httpClient, request, timeout: settings.timeout, hear, decodeSuccess })
            ),
            Effect.tapError((error) => Effect.sync(() => call.settle(error)))
          )
          const untilItEnds = Retrying.retry(
            attempt,
            Option.getOrElse(policy, () => retryPolicy),
            call
          )
          return inSpan(call.beforeDeadline(untilItEnds), call)
        })
      )

    return InstantlyClient.of({ execute })
  })

/**
 * Makes a client from an `HttpClient` and a gate. Fails with a `ConfigError` if a setting is missing or wrong.
 *
 * @example
 * ```ts
 * import { InstantlyClient } from "effect-instantly"
 * import { Redacted } from "effect"
 *
 * const client = InstantlyClient.make({ apiKey: Redacted.make("made-up"), timeout: "5 seconds" })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options
): Effect.Effect<Service, ConfigError.ConfigError, HttpClient.HttpClient | RateLimit> =>
  makeFrom(Settings.given(options), options)

/**
 * Provides a client with these settings. Fails with a `ConfigError` if one is missing or wrong.
 *
 * @example
 * ```ts
 * import { FetchHttpClient } from "@effect/platform"
 * import { InstantlyClient, RateLimit } from "effect-instantly"
 * import { Layer, Redacted } from "effect"
 *
 * const client = InstantlyClient.layer({ apiKey: Redacted.make("made-up") }).pipe(
 *   Layer.provide([FetchHttpClient.layer, RateLimit.layer(RateLimit.instantly)])
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<InstantlyClient, ConfigError.ConfigError, HttpClient.HttpClient | RateLimit> =>
  Layer.effect(InstantlyClient, make(options))

/**
 * As {@link layer}, with settings that can be read from the configuration: see {@link ConfigOptions}.
 *
 * @example
 * ```ts
 * import { InstantlyClient } from "effect-instantly"
 * import { Config } from "effect"
 *
 * const client = InstantlyClient.layerConfig({
 *   apiKey: Config.redacted("ACME_KEY"),
 *   userAgent: "my-app/1.0",
 *   deadline: "30 seconds"
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: ConfigOptions = {}
): Layer.Layer<InstantlyClient, ConfigError.ConfigError, HttpClient.HttpClient | RateLimit> =>
  Layer.effect(InstantlyClient, makeFrom(Settings.configured(options), options))
