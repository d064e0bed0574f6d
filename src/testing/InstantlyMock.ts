/**
 * Instantly in memory, behind `HttpClient` or on a socket. It creates, lists and deletes API keys and keeps an audit
 * log as Instantly does, with Instantly's authentication, scopes, plans, limits and errors. It has no other endpoints:
 * use `Fault.respond` for those, and the other faults for what goes wrong on the way.
 *
 * Where Instantly documents nothing, there is an option. Where the live API has been seen to differ from its
 * documentation, the double follows the live API by default. It reads `Clock` and draws from a seeded `Random`, so the
 * same requests at the same times get the same responses.
 *
 * In a test run by `VirtualTime.run`, all waits end at once, also under `it.effect`.
 *
 * @example
 * ```ts
 * import { ApiKeys, Instantly } from "effect-instantly"
 * import { Fault, InstantlyMock, VirtualTime } from "effect-instantly/testing"
 * import { Effect, Redacted } from "effect"
 *
 * const secret = Redacted.make("made-up")
 * const test = Effect.gen(function* () {
 *   const mock = yield* InstantlyMock.InstantlyMock
 *   yield* mock.createApiKey({ secret, scopes: ["api_keys:delete"] }) // the key to call with
 *   const leaked = yield* mock.createApiKey({ name: "leaked" })
 *   yield* mock.script(Fault.next(Fault.loseResponse))
 *   const error = yield* Effect.flip(ApiKeys.delete(leaked.id))
 *   return [error._tag, error.outcome] // NotFound, Unknown
 * }).pipe(Effect.provide(Instantly.layer({ apiKey: secret })), Effect.provide(InstantlyMock.layer()), VirtualTime.run)
 * ```
 *
 * @module
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Scopes } from "../ApiKey.js"
import { ApiKey, ApiKeyId } from "../ApiKey.js"
import type { Script } from "./Fault.js"
import * as Adapters from "./InstantlyMock/adapters.js"
import * as AuditLog from "./InstantlyMock/auditLog.js"
import type { Incoming } from "./InstantlyMock/exchange.js"
import * as Identity from "./InstantlyMock/identity.js"
import * as Keys from "./InstantlyMock/keys.js"
import { behaviourOf, type Options, windowMillis } from "./InstantlyMock/options.js"
import * as Recorder from "./InstantlyMock/recorder.js"
import * as Server from "./InstantlyMock/server.js"
import * as Thief from "./InstantlyMock/thief.js"
import * as Window from "./InstantlyMock/window.js"

export type { Activity } from "./InstantlyMock/auditLog.js"
export type { Options } from "./InstantlyMock/options.js"
export type { Theft } from "./InstantlyMock/thief.js"

/**
 * The record of one request: what was sent, what the server did, and what came back. The secrets of the double's keys are
 * replaced by `<redacted>` in the path, in the query and in all headers.
 *
 * @since 0.1.0
 * @category models
 */
export interface Arrival {
  /**
   * When the server handled the request, in milliseconds since 1970. If the request did not reach the server: when it was
   * sent.
   */
  readonly at: number
  /** The method, such as `DELETE`. */
  readonly method: string
  /** The path, still encoded, with its query. */
  readonly path: string
  /** The headers of the request. `authorization` is always `<redacted>`. */
  readonly headers: Readonly<Record<string, string>>
  /** The status of the response that the client received. None if no response came, or none yet. */
  readonly status: Option.Option<number>
  /** Whether the server did what the request was for, such as deleting a key, whatever the client received. */
  readonly applied: boolean
  /**
   * Why the server responded as it did: "deleted", "already deleted", "scope api_keys:delete is missing". The response itself
   * may say less. "did not arrive" if the request did not reach the server, "the fault responded" if a fault did so instead.
   */
  readonly reason: string
  /** The name of the fault that happened to the request. None if there was no fault. */
  readonly fault: Option.Option<string>
}

/**
 * A key that the double made, and its secret.
 *
 * @since 0.1.0
 * @category models
 */
export interface CreatedApiKey {
  readonly id: ApiKeyId
  readonly secret: Redacted.Redacted
  readonly name: string
  readonly scopes: ReadonlyArray<string>
  readonly workspaceId: string
}

/**
 * The functions of a double.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The workspace that is there from the start, with a paid plan. */
  readonly workspaceId: string
  /** Creates a workspace. Keys of the workspace `admin` may act on it with `x-as-workspace`. */
  readonly createWorkspace: (options?: { readonly paid?: boolean; readonly admin?: string }) => Effect.Effect<string>
  /** Changes whether a workspace has an active plan. */
  readonly setPaid: (paid: boolean, workspaceId?: string) => Effect.Effect<void>
  /**
   * Creates a key, as a person does in Instantly's settings. By default it has all scopes, is created now, and the rest is made
   * up. Its secret has the shape of a real one: base64 of `<UUID>:madeup…`, which always contains `Om1hZGV1`.
   */
  readonly createApiKey: (options?: {
    readonly name?: string
    readonly scopes?: Scopes
    readonly workspaceId?: string
    readonly secret?: Redacted.Redacted
    /** In milliseconds since 1970. */
    readonly at?: number
  }) => Effect.Effect<CreatedApiKey>
  /** Deletes a key without a request, as if another program had done it. */
  readonly deleteApiKey: (id: ApiKeyId) => Effect.Effect<void>
  /** Adds a row to the audit log of a workspace. */
  readonly recordActivity: (activity: AuditLog.Activity, workspaceId?: string) => Effect.Effect<void>
  /**
   * Plays the visit of a thief who has found a key: creates keys, exports leads and creates webhooks, all of which the
   * audit log shows. Returns the keys and the ids of the webhooks.
   */
  readonly playThief: (
    leaked: CreatedApiKey,
    options?: Thief.Theft
  ) => Effect.Effect<{
    readonly keys: ReadonlyArray<CreatedApiKey>
    readonly webhookIds: ReadonlyArray<string>
  }>
  /** The keys that exist, oldest first. */
  readonly apiKeys: Effect.Effect<ReadonlyArray<CreatedApiKey>>
  /** The record of all requests, in the order in which they were sent. With a delay, a later one may arrive first. */
  readonly arrivals: Effect.Effect<ReadonlyArray<Arrival>>
  /**
   * The most requests that arrived in any window of this length, rejected ones included. Throws a `RangeError` unless the
   * window is finite and longer than zero.
   */
  readonly worstWindow: (window: Duration.DurationInput) => Effect.Effect<number>
  /**
   * Adds scripts after those that are there. For each request, the first script that takes it decides what happens.
   * Dies with a `RangeError` if a script could never take a request, because an earlier one takes them all: see
   * `Fault.Script`.
   */
  readonly script: (...scripts: ReadonlyArray<Script>) => Effect.Effect<void>
  /** The double as an `HttpClient`, with no socket. */
  readonly httpClient: HttpClient.HttpClient
  /** The double for any `HttpServer`. */
  readonly httpApp: Effect.Effect<HttpServerResponse.HttpServerResponse, never, HttpServerRequest.HttpServerRequest>
}

/**
 * A double of Instantly.
 *
 * @since 0.1.0
 * @category tags
 */
export class InstantlyMock extends Context.Tag("effect-instantly/testing/InstantlyMock")<InstantlyMock, Service>() {}

/**
 * A key as a value, for a stub of `ApiKeys`. It exists in no double. Each field that is left out has a made-up default, which is
 * always the same. Throws a `ParseError` if a field is not valid.
 *
 * @example
 * ```ts
 * import { ApiKeys } from "effect-instantly"
 * import { InstantlyMock } from "effect-instantly/testing"
 * import { Effect, Layer } from "effect"
 *
 * const ApiKeysTest = Layer.mock(ApiKeys.ApiKeys, {
 *   delete: (id) => Effect.succeed(InstantlyMock.apiKey({ id, name: "leaked" }))
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const apiKey = (fields: Partial<ApiKey> = {}): ApiKey => {
  const { createdAt = Schema.decodeSync(Schema.DateTimeUtc)("2026-01-01T00:00:00Z") } = fields
  return new ApiKey({
    id: ApiKeyId.make("00000000-0000-7000-8000-000000000001"),
    name: "made-up key",
    scopes: ["all:all"],
    key: Redacted.make(btoa("00000000-0000-7000-8000-000000000002:madeup000000")),
    organizationId: "00000000-0000-7000-8000-000000000002",
    createdAt,
    updatedAt: createdAt,
    ...fields
  })
}

const created = (key: Keys.StoredKey): CreatedApiKey => ({
  id: ApiKeyId.make(key.id),
  secret: Redacted.make(key.secret),
  name: key.name,
  scopes: key.scopes,
  workspaceId: key.workspaceId
})

/**
 * Makes a double, which ends with its scope. As a server does, it carries a request out even if the client no longer waits.
 *
 * Throws a `RangeError` if a limit, a window or a lag is out of bounds. Dies with a `RangeError` if one of the `faults`
 * could never take a request: see `Fault.Script`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Service, never, Scope.Scope> => {
  const behaviour = behaviourOf(options)
  const seed = options.seed ?? 0
  return Effect.gen(function* () {
    const random = Random.make(seed)
    const identity = Identity.make(seed)
    const keys = Keys.make(identity, behaviour.uuidInSecret)
    const auditLog = AuditLog.make(keys, identity, behaviour)
    const { add, arrivals, serve } = Recorder.make({
      scope: yield* Effect.scope,
      handle: Server.make(keys, auditLog, behaviour),
      givenSecrets: keys.givenSecrets
    })
    const serveSeeded = (incoming: Incoming) => Effect.withRandom(serve(incoming), random)
    const script = (...scripts: ReadonlyArray<Script>) =>
      Effect.withRandom(Effect.forEach(scripts, add, { discard: true }), random)
    yield* script(...(options.faults ?? []))
    const workspaceId = keys.createWorkspace({ paid: true, admin: undefined }, 0)

    return InstantlyMock.of({
      workspaceId,
      createWorkspace: ({ admin, paid = true } = {}) =>
        Effect.map(Clock.currentTimeMillis, (now) => keys.createWorkspace({ paid, admin }, now)),
      setPaid: (paid, id = workspaceId) => Effect.sync(() => keys.setPaid(id, paid)),
      createApiKey: ({
        at,
        name = "made-up key",
        scopes = ["all:all"],
        secret,
        workspaceId: owner = workspaceId
      } = {}) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const fields = { name, scopes, secret: secret && Redacted.value(secret), workspaceId: owner }
          const key = keys.create(fields, at ?? now)
          auditLog.keyCreated(AuditLog.person, key, key.createdAt)
          return created(key)
        }),
      deleteApiKey: (id) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const key = keys.delete(id, now)
          if (key !== undefined) auditLog.keyDeleted(AuditLog.person, key, now)
        }),
      recordActivity: (activity, owner = workspaceId) =>
        Effect.map(Clock.currentTimeMillis, (now) => auditLog.record(owner, activity, now)),
      playThief: (leaked, options = {}) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const { keys: made, webhookIds } = Thief.visit(
            { auditLog, identity, keys },
            leaked,
            options,
            options.at ?? now
          )
          return { keys: made.map(created), webhookIds }
        }),
      apiKeys: Effect.sync(() => keys.existing().map(created)),
      arrivals,
      worstWindow: (window) => {
        const millis = windowMillis("InstantlyMock: worstWindow", window)
        return Effect.map(arrivals, (all) =>
          Window.worst(
            all.filter(({ reason }) => reason !== Recorder.notArrived).map(({ at }) => at),
            millis
          )
        )
      },
      script,
      httpClient: Adapters.httpClient(serveSeeded),
      httpApp: Adapters.httpApp(serveSeeded)
    })
  })
}

/**
 * Provides a double, and the double as the `HttpClient`. Throws and dies as {@link make} does.
 *
 * @example
 * ```ts
 * import { InstantlyMock } from "effect-instantly/testing"
 *
 * const InstantlyTest = InstantlyMock.layer({ limits: [{ limit: 5, window: "1 second" }], retryAfter: true })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<InstantlyMock | HttpClient.HttpClient> =>
  Layer.scopedContext(
    Effect.map(make(options), (mock) =>
      Context.make(InstantlyMock, mock).pipe(Context.add(HttpClient.HttpClient, mock.httpClient))
    )
  )

/**
 * The double for any `HttpServer`, for programs that reach Instantly at an address.
 *
 * On a socket, a fault breaks the real connection. `Fault.refuse` cannot, and works like `Fault.loseRequest`.
 *
 * @example
 * ```ts
 * import { HttpServer } from "@effect/platform"
 * import { InstantlyMock } from "effect-instantly/testing"
 *
 * const served = HttpServer.serve(InstantlyMock.httpApp) // a layer that needs an HttpServer and InstantlyMock
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const httpApp: Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  never,
  InstantlyMock | HttpServerRequest.HttpServerRequest
> = Effect.flatMap(InstantlyMock, (mock) => mock.httpApp)
