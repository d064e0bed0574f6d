/** How a request leaves: its address and headers, and an `HttpClient` that does nothing of its own accord. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { constTrue, identity } from "effect/Function"
import * as Option from "effect/Option"

/**
 * What keeps `Fetch` to one request. A redirect would repeat a DELETE at another address. And where Bun's loses a kept
 * connection, it sends the request again and tells nobody, though the first may have been carried out: a connection of its
 * own is not lost that way. To other runtimes `keepalive: false` says nothing new.
 */
const sendOnce = { redirect: "manual", keepalive: false } as const satisfies RequestInit

/**
 * `Fetch`'s `RequestInit` is changed where the request is about to leave, inside everything that the app provides: so
 * whatever else the app says there keeps its effect.
 */
const withoutRepetition = HttpClient.mapRequestEffect((request: HttpClientRequest.HttpClientRequest) =>
  Effect.as(
    FiberRef.update(FiberRef.currentContext, (context) => {
      const init = Option.getOrElse(Context.getOption(context, FetchHttpClient.RequestInit), () => ({}))
      return Context.add(context, FetchHttpClient.RequestInit, { ...init, ...sendOnce })
    }),
    request
  )
)

/** Ends that change of the context with the request. */
const restoringContext = HttpClient.transformResponse(Effect.mapInputContext(identity<Context.Context<never>>))

/** A client that follows no redirect, sends a request once, and makes neither spans nor trace headers unless `transform` asks it to. */
export const prepare = (
  client: HttpClient.HttpClient,
  transform: (client: HttpClient.HttpClient) => HttpClient.HttpClient = identity
) =>
  transform(client).pipe(
    withoutRepetition,
    restoringContext,
    HttpClient.withTracerPropagation(false),
    HttpClient.withTracerDisabledWhen(constTrue)
  )

export interface Signature {
  readonly baseUrl: string
  readonly userAgent: string
  readonly workspaceId: Option.Option<string>
}

/** Addresses a request, and signs it, unless it brings a credential of its own: fails where that or the token is unusable. */
export const sign = <E>(
  request: HttpClientRequest.HttpClientRequest,
  signature: Signature,
  token: Effect.Effect<string, E>
): Effect.Effect<HttpClientRequest.HttpClientRequest, E | string> => {
  const own = Option.fromNullable(request.headers["authorization"])
  const credentials = Option.match(own, {
    onNone: (): Effect.Effect<Record<string, string>, E | string> =>
      Effect.map(token, (bearer) => ({
        authorization: `Bearer ${bearer}`,
        ...Option.match(signature.workspaceId, { onNone: () => ({}), onSome: (id) => ({ "x-as-workspace": id }) })
      })),
    onSome: (authorization) =>
      Effect.succeed({ authorization }).pipe(
        Effect.filterOrFail(
          () => /^[\x21-\x7e]+ [\x21-\x7e]+$/.test(authorization),
          () => "not a credential that fits a header"
        )
      )
  })
  return Effect.map(credentials, (signed) =>
    request.pipe(
      // A path that lacks its slash must not become part of the host.
      HttpClientRequest.updateUrl((path) => `${signature.baseUrl}${path.startsWith("/") ? "" : "/"}${path}`),
      HttpClientRequest.setHeaders({ accept: "application/json", "user-agent": signature.userAgent, ...signed })
    )
  )
}

/** The path of a request, without its query. */
export const pathOf = (request: HttpClientRequest.HttpClientRequest): string => request.url.replace(/[?#].*$/s, "")

/** A path with its ids named instead of given, so that all calls of an operation share it. */
export const templateOf = (path: string): string =>
  path.replace(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi, "{id}")
