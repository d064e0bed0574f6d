/**
 * One call to Instantly: address, credentials, headers, timeout, permit, retry, outcome. It knows no resource: which
 * request is sent, and how its success is read, is left to `ApiKeys`.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { ParseError } from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Attempt from "./InstantlyClient/attempt.js"
import * as Call from "./InstantlyClient/call.js"
import * as Retrying from "./InstantlyClient/retrying.js"
import * as Wire from "./InstantlyClient/sendOnce.js"
import * as Settings from "./InstantlyClient/settings.js"
import * as Trace from "./InstantlyClient/span.js"
import type { InstantlyError } from "./InstantlyError.js"
import { RateLimit } from "./RateLimit.js"
import { CurrentRetryPolicy } from "./RetryPolicy/current.js"
import * as RetryPolicy from "./RetryPolicy.js"

/**
 * What {@link InstantlyClient} does.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Sends a request, whose URL is a path such as `/api/v2/api-keys`, and reads a 2xx with `decodeSuccess`; any other
   * answer, and none, is an {@link InstantlyError}. A success that `decodeSuccess` cannot read is `InvalidResponse`.
   *
   * Each attempt takes a permit and has the client's `timeout`; the retry policy decides whether there is another. After
   * a 2xx there never is, nor, for a method that is not idempotent (POST, PATCH), after an attempt whose outcome is
   * `Unknown`.
   *
   * A request that brings an `authorization` of its own is sent with that: neither the client's API key nor its
   * `workspaceId` goes with it.
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
   * The API key to authenticate with, trimmed. As an effect it is asked for before each attempt's permit: where asking
   * is slow, cache it.
   */
  readonly apiKey: Redacted.Redacted | Effect.Effect<Redacted.Redacted>
  /** Where the API is: HTTPS, or HTTP on a loopback address. Default: `https://api.instantly.ai`. */
  readonly baseUrl?: string | undefined
  /** The sub workspace to act on, with the API key of an admin workspace (`x-as-workspace`). */
  readonly workspaceId?: string | undefined
  /** The app's name, such as `my-app/1.0`, to follow the library's in the `User-Agent`. */
  readonly userAgent?: string | undefined
  /** How long one attempt may take, from sending until the body is read. Default: 15 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
  /**
   * How long a call may take, with its permits, waits and attempts. It ends with an error that knows the outcome, which
   * `Effect.timeout` around the call would lose. Default: no limit.
   */
  readonly deadline?: Duration.DurationInput | undefined
  /** When to try again, unless `RetryPolicy.withRetryPolicy` says otherwise around the call. Default: `standard`. */
  readonly retryPolicy?: RetryPolicy.RetryPolicy | undefined
  /**
   * Wraps the `HttpClient` that sends each attempt. It sees the token. What it repeats or redirects on its own is
   * outside of what this library promises.
   *
   * Neither the platform's own spans nor trace headers are made unless they are asked for here, by
   * `HttpClient.withTracerDisabledWhen(() => false)` and `HttpClient.withTracerPropagation(true)`.
   */
  readonly transformClient?: ((client: HttpClient.HttpClient) => HttpClient.HttpClient) | undefined
}

/** How long the gate closes on a 429 that does not say. */
const unaskedPause = Duration.seconds(1)

const makeNamed = (options: Options, names?: Settings.Names) =>
  Effect.gen(function* () {
    const { deadline, signature, timeout, token } = yield* Settings.check(options, names)
    const rateLimit = yield* RateLimit
    const httpClient = Wire.prepare(yield* HttpClient.HttpClient, options.transformClient)

    const onTooManyRequests = (retryAfter: Option.Option<Duration.Duration>) =>
      rateLimit.pause(Option.getOrElse(retryAfter, () => unaskedPause))
    const inSpan = Trace.toServer(signature.baseUrl)

    const execute: Service["execute"] = (request, decodeSuccess) =>
      Effect.gen(function* () {
        const startedAt = yield* Clock.currentTimeMillis
        const path = Wire.pathOf(request)
        const call = yield* Ref.make(Call.begin(request.method, path, startedAt))
        const ownPolicy = yield* CurrentRetryPolicy
        const policy = Option.getOrElse(ownPolicy, () => options.retryPolicy ?? RetryPolicy.standard)

        const signed = Wire.sign(request, signature, token).pipe(
          Effect.catchAllCause(() => Attempt.holdBack(call, "the API key it needs is not to be had, or unusable"))
        )
        const permitted = Effect.catchAll(rateLimit.acquire, ({ message }) => Attempt.holdBack(call, message))
        const attempt = Effect.zipLeft(signed, permitted).pipe(
          Effect.flatMap((request) =>
            Attempt.exchange(call, { httpClient, request, timeout, onTooManyRequests, decodeSuccess })
          ),
          Effect.tapError(() => Attempt.update(call, Call.settle))
        )

        const untilItEnds = attempt.pipe(
          Effect.retry(Retrying.supervise(policy, startedAt + Duration.toMillis(deadline))),
          Attempt.within(call, deadline, "the deadline of the call")
        )

        return yield* inSpan(untilItEnds, call, request.method, path)
      })

    return InstantlyClient.of({ execute })
  })

/**
 * Makes a client of an `HttpClient` and a gate. Fails where a setting is missing or wrong.
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
): Effect.Effect<Service, ConfigError.ConfigError, HttpClient.HttpClient | RateLimit> => makeNamed(options)

/**
 * Provides a client with these settings. Fails where one is missing or wrong.
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
 * As {@link layer}, with what `options` leaves out read from the configuration: `INSTANTLY_API_KEY`, and where they are
 * set `INSTANTLY_BASE_URL` and `INSTANTLY_WORKSPACE_ID`.
 *
 * @example
 * ```ts
 * import { InstantlyClient } from "effect-instantly"
 *
 * const client = InstantlyClient.layerConfig({ userAgent: "my-app/1.0", deadline: "30 seconds" })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Partial<Options> = {}
): Layer.Layer<InstantlyClient, ConfigError.ConfigError, HttpClient.HttpClient | RateLimit> =>
  Layer.effect(
    InstantlyClient,
    Effect.gen(function* () {
      const read = (name: string) => Effect.map(Config.option(Config.string(name)), Option.getOrUndefined)
      return yield* makeNamed(
        {
          ...options,
          // `Config.redacted` would hide what is wrong, too.
          apiKey: options.apiKey ?? Redacted.make(yield* Config.string("INSTANTLY_API_KEY")),
          baseUrl: options.baseUrl ?? (yield* read("INSTANTLY_BASE_URL")),
          workspaceId: options.workspaceId ?? (yield* read("INSTANTLY_WORKSPACE_ID"))
        },
        {
          apiKey: options.apiKey === undefined ? "INSTANTLY_API_KEY" : "apiKey",
          baseUrl: options.baseUrl === undefined ? "INSTANTLY_BASE_URL" : "baseUrl",
          workspaceId: options.workspaceId === undefined ? "INSTANTLY_WORKSPACE_ID" : "workspaceId"
        }
      )
    })
  )
