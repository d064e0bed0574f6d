/**
 * Instantly in memory, behind `HttpClient` or on a socket: it creates, lists and deletes API keys as Instantly does, with
 * its authentication, scopes, plans, limits and errors. How an exchange fails is left to `Fault`.
 *
 * What nobody knows of Instantly is an option with a default that is stated. It reads `Clock`, and draws from a seeded
 * `Random`: the same requests at the same times are answered the same way.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { Scope as ApiKeyScope } from "../ApiKey.js"
import { ApiKeyId } from "../ApiKey.js"
import type { Script } from "./Fault.js"
import * as Transport from "./InstantlyMock/adapters.js"
import type { Incoming } from "./InstantlyMock/exchange.js"
import * as Identity from "./InstantlyMock/identity.js"
import * as Recorder from "./InstantlyMock/recorder.js"
import * as Server from "./InstantlyMock/server.js"
import * as Window from "./InstantlyMock/window.js"

/**
 * What a double is like.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** What ids, secrets, random faults and random delays are drawn from. Default: 0. */
  readonly seed?: number
  /** The limits of a workspace. Default: Instantly's, 100 in a second and 6,000 in a minute. */
  readonly limits?: ReadonlyArray<{ readonly limit: number; readonly window: Duration.DurationInput }>
  /**
   * How a limit is counted: in any window, or from one round time to the next. Requests that are refused do not count.
   * Which one Instantly does is not known. Default: sliding, which is the stricter.
   */
  readonly window?: "sliding" | "fixed"
  /** Whether a 429 says how long to wait. Instantly does not document it. Default: no. */
  readonly retryAfter?: boolean
  /** Which workspace `x-as-workspace` charges a request to. Not known. Default: the one it acts on. */
  readonly chargedWorkspace?: "caller" | "target"
  /** What list and delete answer for a secret. Not known. Default: the whole secret, which is the hardest to keep. */
  readonly shownSecret?: "whole" | "masked" | "empty"
  /** How late a creation or deletion shows in lists. Not known. Default: not at all. */
  readonly listLag?: Duration.DurationInput
  /** How long a deleted key still authenticates. Not known. Default: not at all. */
  readonly revocationLag?: Duration.DurationInput
  /** Whether the last page of a list has a cursor too. It has been seen. Default: yes. */
  readonly cursorOnLastPage?: boolean
  /** What goes wrong, from the start. */
  readonly faults?: ReadonlyArray<Script>
}

/**
 * A request as it arrived, and what became of it. The secrets of its keys are replaced by `<redacted>` in the path, the
 * query and every header but those that name the client and the content.
 *
 * @since 0.1.0
 * @category models
 */
export interface Arrival extends Recorder.Arrival {}

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
 * What one does to a double, and asks of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The workspace that is there from the start, with a paid plan. */
  readonly workspaceId: string
  /** Makes a workspace; `admin` is the one whose keys may act on it with `x-as-workspace`. */
  readonly createWorkspace: (options?: { readonly paid?: boolean; readonly admin?: string }) => Effect.Effect<string>
  /** Changes whether a workspace has an active plan. */
  readonly setPaid: (paid: boolean, workspaceId?: string) => Effect.Effect<void>
  /** Makes a key as a person does in Instantly's settings; with all scopes and a made-up name unless said otherwise. */
  readonly createApiKey: (options?: {
    readonly name?: string
    readonly scopes?: ReadonlyArray<ApiKeyScope>
    readonly workspaceId?: string
    readonly secret?: Redacted.Redacted
  }) => Effect.Effect<CreatedApiKey>
  /** Deletes a key behind the client's back, as another program would. */
  readonly deleteApiKey: (id: ApiKeyId) => Effect.Effect<void>
  /** The keys that exist, oldest first. */
  readonly apiKeys: Effect.Effect<ReadonlyArray<CreatedApiKey>>
  /** The requests that arrived, in their order. */
  readonly arrivals: Effect.Effect<ReadonlyArray<Arrival>>
  /** The most requests that any window of this length held, refused ones included. */
  readonly worstWindow: (window: Duration.DurationInput) => Effect.Effect<number>
  /** Adds faults. Of several, the one that was added first is asked first; a request that it takes, the others do not see. */
  readonly script: (...scripts: ReadonlyArray<Script>) => Effect.Effect<void>
  /** The double behind `HttpClient`, with no socket. */
  readonly httpClient: HttpClient.HttpClient
  /** The double for any `HttpServer`. */
  readonly httpApp: Effect.Effect<HttpServerResponse.HttpServerResponse, never, HttpServerRequest.HttpServerRequest>
}

/**
 * Instantly's double.
 *
 * @example
 * ```ts
 * import { ApiKeys, Instantly } from "effect-instantly"
 * import { Fault, InstantlyMock } from "effect-instantly/testing"
 * import { Effect, Layer } from "effect"
 *
 * const test = Effect.gen(function* () {
 *   const mock = yield* InstantlyMock.InstantlyMock
 *   const caller = yield* mock.createApiKey({ scopes: ["api_keys:delete"] })
 *   const leaked = yield* mock.createApiKey({ name: "leaked" })
 *   yield* mock.script(Fault.next(Fault.loseResponse))
 *   const error = yield* Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.delete(leaked.id)).pipe(
 *     Effect.flip,
 *     Effect.provide(Instantly.layer({ apiKey: caller.secret }))
 *   )
 *   return [error._tag, error.outcome] // NotFound, Unknown
 * }).pipe(Effect.provide(InstantlyMock.layer()))
 * ```
 *
 * @since 0.1.0
 * @category tags
 */
export class InstantlyMock extends Context.Tag("effect-instantly/testing/InstantlyMock")<InstantlyMock, Service>() {}

const behaviourOf = (options: Options): Server.Behaviour => ({
  limits: (
    options.limits ?? [
      { limit: 100, window: "1 second" },
      { limit: 6000, window: "1 minute" }
    ]
  ).map(({ limit, window }) => ({ limit, window: Duration.toMillis(window) })),
  window: options.window ?? "sliding",
  retryAfter: options.retryAfter ?? false,
  chargedWorkspace: options.chargedWorkspace ?? "target",
  shownSecret: options.shownSecret ?? "whole",
  listLag: Duration.toMillis(options.listLag ?? 0),
  revocationLag: Duration.toMillis(options.revocationLag ?? 0),
  cursorOnLastPage: options.cursorOnLastPage ?? true
})

const asCreated = (key: Server.StoredKey): CreatedApiKey => ({
  id: ApiKeyId.make(key.id),
  secret: Redacted.make(key.secret),
  name: key.name,
  scopes: key.scopes,
  workspaceId: key.workspaceId
})

/**
 * Makes a double. What it was asked to do, it does even where the client no longer waits, as a server would; it ends with
 * its scope.
 *
 * @example
 * ```ts
 * import { InstantlyMock } from "effect-instantly/testing"
 * import { Effect } from "effect"
 *
 * const mock = Effect.scoped(Effect.flatMap(InstantlyMock.make({ seed: 7 }), ({ apiKeys }) => apiKeys))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Service, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const random = Random.make(options.seed ?? 0)
    const identity = Identity.make(options.seed ?? 0)
    const server = Server.make(behaviourOf(options))
    const fresh = (now: number) => () => ({ id: identity.uuid(now), secret: identity.secret() })
    const recorder = Recorder.make({
      scope,
      secrets: server.secrets,
      handle: (incoming, now) => server.handle(incoming, now, fresh(now))
    })
    const serve = (incoming: Incoming) => Effect.withRandom(recorder.serve(incoming), random)
    const script = (...scripts: ReadonlyArray<Script>) =>
      Effect.withRandom(
        Effect.forEach(scripts, ({ prepare }) => Effect.map(prepare, recorder.add), { discard: true }),
        random
      )
    yield* script(...(options.faults ?? []))

    const workspaceId = identity.uuid(0)
    server.workspaces.set(workspaceId, { id: workspaceId, paid: true, admin: undefined })

    return InstantlyMock.of({
      workspaceId,
      createWorkspace: ({ admin, paid = true } = {}) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const id = identity.uuid(now)
          server.workspaces.set(id, { id, paid, admin })
          return id
        }),
      setPaid: (paid, id = workspaceId) =>
        Effect.sync(() => {
          const workspace = server.workspaces.get(id)
          if (workspace !== undefined) server.workspaces.set(id, { ...workspace, paid })
        }),
      createApiKey: ({ name = "made-up key", scopes = ["all:all"], secret, workspaceId: owner = workspaceId } = {}) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const made = fresh(now)()
          const key: Server.StoredKey = {
            id: made.id,
            name,
            scopes,
            secret: secret === undefined ? made.secret : Redacted.value(secret),
            workspaceId: owner,
            createdAt: now,
            deletedAt: Option.none()
          }
          server.addKey(key)
          return asCreated(key)
        }),
      deleteApiKey: (id) => Effect.map(Clock.currentTimeMillis, (now) => server.deleteKey(id, now)),
      apiKeys: Effect.sync(() => server.existing().map(asCreated)),
      arrivals: recorder.arrivals,
      worstWindow: (window) =>
        Effect.map(recorder.arrivals, (arrivals) =>
          Window.worst(
            arrivals.filter(({ reason }) => reason !== Recorder.notArrived).map(({ at }) => at),
            Duration.toMillis(window)
          )
        ),
      script,
      httpClient: Transport.httpClient(serve),
      httpApp: Transport.httpApp(serve)
    })
  })

/**
 * Provides a double, and `HttpClient` by it.
 *
 * @example
 * ```ts
 * import { InstantlyMock } from "effect-instantly/testing"
 *
 * const InstantlyTest = InstantlyMock.layer({ retryAfter: true })
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
 * The double for any `HttpServer`: what a program that reads its address finds there is Instantly.
 *
 * A fault on a socket breaks the connection for real. `Fault.refuse` cannot, and is `Fault.loseRequest` there.
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
