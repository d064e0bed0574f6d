/**
 * One call to Instantly: address, credential, headers, time limits, permit, retry and outcome. It is the same for every
 * resource; `ApiKeys` defines the requests, and what their success looks like.
 *
 * @module
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Cause from "effect/Cause"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import type * as Schema from "effect/Schema"
import { exchange } from "./InstantlyClient/attempt.js"
import * as Call from "./InstantlyClient/call.js"
import { NotSent } from "./InstantlyClient/connection.js"
import type { Head } from "./InstantlyClient/errorOf.js"
import * as Limit from "./InstantlyClient/limit.js"
import { retry } from "./InstantlyClient/retrying.js"
import { sendOnce } from "./InstantlyClient/sendOnce.js"
import * as Settings from "./InstantlyClient/settings.js"
import { sign } from "./InstantlyClient/sign.js"
import * as Telemetry from "./InstantlyClient/telemetry.js"
import type { InstantlyError } from "./InstantlyError.js"
import * as NameOf from "./internal/nameOf.js"
import { duration, refuse } from "./internal/parameters.js"
import { RateLimit } from "./RateLimit.js"
import * as RetryPolicy from "./RetryPolicy.js"

/**
 * The functions of {@link InstantlyClient}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Sends a request, and decodes the JSON of a 2xx with `success`; an empty body is `undefined`. Anything else is an
   * {@link InstantlyError}. A 2xx that `success` does not decode, that `confirms` does not confirm, or that is longer
   * than 2 MiB is `InvalidResponse`.
   *
   * `confirms` says whether the JSON of a 2xx proves that the request was carried out. If it does, the outcome is `Applied`,
   * even if `success` does not decode the rest. If it does not, the outcome is `Unknown`, even if `success` decodes it. Without
   * `confirms`, a body that `success` decodes is the proof.
   *
   * The request's URL is a path such as `/api/v2/api-keys`. An absolute URL, a path with `//` or `..`, and a `host` header
   * are `HeldBack`: the API key would go elsewhere.
   *
   * Each attempt takes a permit and has the client's `timeout`; the retry policy decides whether there is another one.
   * Nothing is sent after a 2xx. Nor is a request whose method is not idempotent (POST, PATCH) after an attempt whose
   * outcome is `Unknown`.
   *
   * A request that has an `authorization` header keeps it, and is sent without the client's API key and `workspaceId`.
   *
   * Each attempt runs in its own fiber unless `timeout` is infinite, so changes to FiberRefs made by the `HttpClient` or by
   * `success` do not reach the caller.
   */
  readonly execute: <A, I, R>(
    request: HttpClientRequest.HttpClientRequest,
    success: Schema.Schema<A, I, R>,
    options?: { readonly confirms?: ((json: unknown) => boolean) | undefined }
  ) => Effect.Effect<A, InstantlyError, R>
}

/**
 * The client that every operation goes through.
 *
 * @example
 * ```ts
 * import { HttpClientRequest } from "@effect/platform"
 * import { InstantlyClient } from "effect-instantly"
 * import { Effect, Schema } from "effect"
 *
 * // an operation that this library does not cover
 * const Workspace = Schema.Struct({ id: Schema.String, name: Schema.String })
 *
 * const currentWorkspace = Effect.flatMap(InstantlyClient.InstantlyClient, (client) =>
 *   client.execute(HttpClientRequest.get("/api/v2/workspaces/current"), Workspace)
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
   * The API key to authenticate with, trimmed. If it is an effect, it runs before each attempt, ahead of the wait for a
   * permit. Cache it if it is slow. If it fails, the call is `HeldBack`, and the message shows only the error's tag or
   * class, or the path of a setting.
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
   * How long a whole call may take, with its permits, waits and attempts, unless {@link withDeadline} sets another deadline
   * around the call. It ends with an error that has the outcome; `Effect.timeout` around the call would lose it. Default: no
   * limit.
   */
  readonly deadline?: Duration.DurationInput | undefined
  /** When to try again, unless `RetryPolicy.withRetryPolicy` says otherwise around the call. Default: `standard`. */
  readonly retryPolicy?: RetryPolicy.RetryPolicy | undefined
  /**
   * Wraps the `HttpClient` that sends each attempt. It sees the token. It must leave the body of a response unread,
   * because a body can be read only once. Fail with {@link notSent} if a request was not sent. What it changes in
   * FiberRefs ends with the attempt.
   *
   * A client that sends the request again on its own (`HttpClient.retry`, or one that renews its token after a 401)
   * takes no further permit. Each request counts as an attempt. The outcome is `Unknown` or `Applied`, unless it is
   * certain that the earlier request was not sent. This library sends nothing after a 2xx; if your client does, the
   * outcome is `Unknown`. It is also `Unknown` if your client returns a response that the server did not send, or fails
   * with an error about another request, such as one that fetches a token.
   *
   * Wrap the `HttpClient` here rather than before it is provided. If it was wrapped before, requests that
   * `HttpClient.transform` or `followRedirects` repeats cannot be seen, and `HttpClient.transform` loses the
   * `RequestInit` of the Fetch layer, except that redirects stay off. Requests that are repeated below the `HttpClient`
   * (undici's `RetryAgent`), or in a fiber that does not inherit from the call, cannot be seen either.
   *
   * The platform's own spans and trace headers are off. Turn them on here, with
   * `HttpClient.withTracerDisabledWhen(() => false)` and `HttpClient.withTracerPropagation(true)`.
   */
  readonly transformClient?: ((client: HttpClient.HttpClient) => HttpClient.HttpClient) | undefined
}

/**
 * The settings of a client. All but `retryPolicy` and `transformClient` can be a value or a `Config`. If `apiKey`,
 * `baseUrl` or `workspaceId` is left out, it is read from `INSTANTLY_API_KEY`, `INSTANTLY_BASE_URL` or
 * `INSTANTLY_WORKSPACE_ID`.
 *
 * @since 0.1.0
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
 * The error for a `transformClient` that did not send a request, such as an open circuit breaker. The attempt ends as a
 * `TransportError` with the reason `NotSent`, whose message shows `detail`, unless the request has already left. The
 * retry policy decides whether there is another attempt.
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
 * @since 0.1.0
 * @category errors
 */
export const notSent = (request: HttpClientRequest.HttpClientRequest, detail: string): HttpClientError.RequestError =>
  new HttpClientError.RequestError({ request, reason: "Transport", cause: new NotSent({ message: detail }) })

/**
 * Sets the deadline of every call inside an effect, in place of the client's: how long the whole call may take, with its
 * permits, waits and attempts. If several are set, the one nearest to the call wins. The call ends with an error that has the
 * outcome; `Effect.timeout` around it would lose it.
 *
 * Throws a `RangeError` unless the duration is longer than zero.
 *
 * @example
 * ```ts
 * import { ApiKeys, InstantlyClient, type ApiKey } from "effect-instantly"
 *
 * const revoke = (id: ApiKey.ApiKeyId) => ApiKeys.delete(id).pipe(InstantlyClient.withDeadline("30 seconds"))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 * @function
 */
export const withDeadline: {
  (deadline: Duration.DurationInput): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(effect: Effect.Effect<A, E, R>, deadline: Duration.DurationInput): Effect.Effect<A, E, R>
} = dual(2, <A, E, R>(effect: Effect.Effect<A, E, R>, input: Duration.DurationInput): Effect.Effect<A, E, R> => {
  const deadline = duration("withDeadline", input)
  if (Duration.equals(deadline, Duration.zero)) refuse("withDeadline", "a duration longer than zero", input)
  return Effect.provideService(effect, Limit.CurrentDeadline, Option.some(deadline))
})

/** Takes a permit. A custom gate may die, or interrupt itself; the call still reports its outcome. */
const permit = (gate: Context.Tag.Service<RateLimit>, call: Call.Call) =>
  Effect.catchAllCause(gate.acquire, (cause) =>
    call.holdBack(
      Option.match(Cause.failureOption(cause), {
        onNone: () => `the gate failed with ${NameOf.ofCause(cause)}`,
        onSome: ({ message }) => message
      })
    )
  )

/** Reports a response to the gate. If the gate fails there, that is logged once. */
const observing = (gate: Context.Tag.Service<RateLimit>) =>
  Effect.map(Ref.make(false), (isWarned) => {
    const warn = (cause: Cause.Cause<never>) =>
      Effect.unlessEffect(
        Effect.logWarning(`the gate failed with ${NameOf.ofCause(cause)} when it observed a response`),
        Ref.getAndSet(isWarned, true)
      )
    return (head: Head): Effect.Effect<void> =>
      Effect.catchAllCause(
        Effect.suspend(() => gate.observe(head)),
        warn
      )
  })

const makeFrom = (
  config: Effect.Effect<Settings.Settings, ConfigError.ConfigError>,
  { transformClient }: Pick<Options, "transformClient">
): Effect.Effect<Service, ConfigError.ConfigError, HttpClient.HttpClient | RateLimit> =>
  Effect.gen(function* () {
    const settings = yield* Settings.catchThrown("the ConfigProvider", config)
    const gate = yield* RateLimit
    const client = yield* HttpClient.HttpClient
    const httpClient = yield* Settings.catchThrown(
      "transformClient",
      Effect.sync(() => sendOnce(client, transformClient))
    )
    const observe = yield* observing(gate)
    const inSpan = Telemetry.spanTo(settings.baseUrl)

    const execute: Service["execute"] = (request, schema, { confirms } = {}) =>
      Effect.gen(function* () {
        const policy = Option.getOrElse(yield* RetryPolicy.CurrentRetryPolicy, () => settings.retryPolicy)
        const deadline = Option.getOrElse(yield* Limit.CurrentDeadline, () => settings.deadline)
        const call = yield* Call.start(request, deadline)

        const attempt = Effect.gen(function* () {
          const signed = yield* Effect.catchAll(sign(request, settings), call.holdBack)
          yield* permit(gate, call)
          yield* call.unlessSucceeded
          return yield* exchange(call, {
            httpClient,
            request: signed,
            timeout: settings.timeout,
            observe,
            success: { schema, confirms }
          })
        })
        return yield* attempt.pipe(
          Effect.tapError(call.settle),
          retry(policy, call),
          Limit.within(deadline, call.lapse(`the deadline of the call is ${Duration.format(deadline)}`)),
          Limit.interruptedOnly,
          inSpan(call)
        )
      })

    return InstantlyClient.of({ execute })
  })

/**
 * Makes a client from an `HttpClient` and a gate. Fails with a `ConfigError` if a setting is missing or wrong.
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
