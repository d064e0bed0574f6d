/** An `HttpClient` that sends a request once, and adds nothing on its own. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import { constTrue, identity } from "effect/Function"
import * as Option from "effect/Option"
import type * as Predicate from "effect/Predicate"

/**
 * Keeps `Fetch` to one request. A redirect would repeat a DELETE at another address. Bun's `fetch` sends a request again,
 * without telling anybody, when it loses a kept connection, although the first request may have been carried out: with
 * `keepalive: false` there is none to lose. Other runtimes behave as before.
 */
const once = { redirect: "manual", keepalive: false } as const satisfies RequestInit

/** Adds these settings to those that `Fetch` has from the app. */
const settingFetch = HttpClient.mapRequestEffect((request: HttpClientRequest.HttpClientRequest) =>
  Effect.as(
    FiberRef.update(FiberRef.currentContext, (context) => {
      const own = Option.getOrElse(Context.getOption(context, FetchHttpClient.RequestInit), () => ({}))
      return Context.add(context, FetchHttpClient.RequestInit, { ...own, ...once })
    }),
    request
  )
)

/**
 * A client that gives `Fetch` these settings, and undoes that after each request. They are added where `Fetch` reads them,
 * inside what its layer was provided with. `HttpClient.transform` would take them out of there, and they would replace
 * those of the layer: so the client is closed to it, and only `execute` is used.
 */
const closed = (client: HttpClient.HttpClient): HttpClient.HttpClient => {
  const { execute } = settingFetch(client)
  return HttpClient.makeWith(
    (request: Effect.Effect<HttpClientRequest.HttpClientRequest>) =>
      Effect.withFiberRuntime((fiber) => {
        const before = fiber.getFiberRef(FiberRef.currentContext)
        return Effect.onExit(Effect.flatMap(request, execute), () => FiberRef.set(FiberRef.currentContext, before))
      }),
    Effect.succeed
  )
}

/** Sets what a request needs of FiberRefs, both at once: each change copies what the fiber has of them. */
const set = (isDisabled: Predicate.Predicate<HttpClientRequest.HttpClientRequest>, propagates: boolean) =>
  Effect.updateFiberRefs((fiberId, fiberRefs) =>
    FiberRefs.updateManyAs(fiberRefs, {
      entries: [
        [HttpClient.currentTracerDisabledWhen, [[fiberId, isDisabled]]],
        [HttpClient.currentTracerPropagation, [[fiberId, propagates]]]
      ]
    })
  )

/** Turns the platform's spans and trace headers off for a request, and afterwards undoes that. */
const untraced = HttpClient.transformResponse(<A, E, R>(sent: Effect.Effect<A, E, R>) =>
  Effect.withFiberRuntime<A, E, R>((fiber) => {
    const before = set(
      fiber.getFiberRef(HttpClient.currentTracerDisabledWhen),
      fiber.getFiberRef(HttpClient.currentTracerPropagation)
    )
    return Effect.onExit(Effect.zipRight(set(constTrue, false), sent), () => before)
  })
)

/** A client that follows no redirect, and makes neither spans nor trace headers unless `transform` asks for them. */
export const sendOnce = (
  client: HttpClient.HttpClient,
  transform: (client: HttpClient.HttpClient) => HttpClient.HttpClient = identity
): HttpClient.HttpClient => untraced(transform(closed(client)))
