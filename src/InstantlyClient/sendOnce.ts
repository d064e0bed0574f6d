/** An `HttpClient` that sends a request once, and adds nothing on its own. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { constTrue, identity } from "effect/Function"
import * as Option from "effect/Option"
import { Departures } from "./departures.js"

/**
 * Keeps `Fetch` to one request. A redirect would repeat a DELETE at another address. When Bun's `fetch` loses a kept
 * connection, it silently sends the request again, although the first one may have been carried out; `keepalive: false`
 * keeps none. Other runtimes behave as before.
 */
const once = { redirect: "manual", keepalive: false } as const satisfies RequestInit

/**
 * Reports each departure, and adds these settings to those that `Fetch` has from the app. It uses `mapRequestEffect`,
 * because a client that sends again (`HttpClient.retry`) runs it anew each time, and a `FiberRef`, because Fetch's
 * layer merges the context that it was provided with inside of whatever is provided around a request.
 */
const leaving = HttpClient.mapRequestEffect((request: HttpClientRequest.HttpClientRequest) =>
  Effect.gen(function* () {
    const { leave } = yield* Departures
    yield* leave(request)
    yield* FiberRef.update(FiberRef.currentContext, (context) => {
      const own = Option.getOrElse(Context.getOption(context, FetchHttpClient.RequestInit), () => ({}))
      return Context.add(context, FetchHttpClient.RequestInit, { ...own, ...once })
    })
    return request
  })
)

/**
 * A client that gives `Fetch` these settings for one request (`mapInputContext` ends what is set within it), and whose
 * exchanges are watched. `HttpClient.transform` would run outside of the settings, so only `execute` is passed on.
 */
const closed = (client: HttpClient.HttpClient): HttpClient.HttpClient => {
  const { execute } = leaving(client)
  return HttpClient.makeWith(
    (request: Effect.Effect<HttpClientRequest.HttpClientRequest>) =>
      Effect.mapInputContext(
        Effect.gen(function* () {
          const { watch } = yield* Departures
          const sent = yield* request
          return yield* watch(sent, execute(sent))
        }),
        identity<Context.Context<never>>
      ),
    Effect.succeed
  )
}

/** A client that follows no redirect, and makes neither spans nor trace headers unless `transform` turns them on. */
export const sendOnce = (
  client: HttpClient.HttpClient,
  transform: (client: HttpClient.HttpClient) => HttpClient.HttpClient = identity
): HttpClient.HttpClient =>
  transform(closed(client)).pipe(HttpClient.withTracerDisabledWhen(constTrue), HttpClient.withTracerPropagation(false))
