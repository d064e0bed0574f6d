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
import { longestSuccess } from "./body.js"
import { capped } from "./cappedFetch.js"

/**
 * Keeps `Fetch` to one request. A redirect would repeat a DELETE at another address. Bun's `fetch` sends a request again,
 * without telling anybody, when it loses a kept connection, although the first request may have been carried out: with
 * `keepalive: false` there is none to lose. Other runtimes behave as before.
 */
const once = { redirect: "manual", keepalive: false } as const satisfies RequestInit

/**
 * Gives `Fetch` these settings and a cap just before the request leaves, inside everything the app provides, so that the
 * rest of it stays.
 */
const settingFetch = HttpClient.mapRequestEffect((request: HttpClientRequest.HttpClientRequest) =>
  Effect.as(
    FiberRef.update(FiberRef.currentContext, (context) => {
      const init = Option.getOrElse(Context.getOption(context, FetchHttpClient.RequestInit), () => ({}))
      const fetch = Option.getOrElse(Context.getOption(context, FetchHttpClient.Fetch), () => globalThis.fetch)
      return context.pipe(
        Context.add(FetchHttpClient.RequestInit, { ...init, ...once }),
        Context.add(FetchHttpClient.Fetch, capped(longestSuccess, fetch, request))
      )
    }),
    request
  )
)

/** Sets what a request needs of FiberRefs, all at once: each change copies what the fiber has of them. */
const set = (
  context: Context.Context<never>,
  isDisabled: Predicate.Predicate<HttpClientRequest.HttpClientRequest>,
  propagates: boolean
) =>
  Effect.updateFiberRefs((fiberId, fiberRefs) =>
    FiberRefs.updateManyAs(fiberRefs, {
      entries: [
        [FiberRef.currentContext, [[fiberId, context]]],
        [HttpClient.currentTracerDisabledWhen, [[fiberId, isDisabled]]],
        [HttpClient.currentTracerPropagation, [[fiberId, propagates]]]
      ]
    })
  )

/** Turns the platform's spans and trace headers off for a request, and afterwards undoes that and what `Fetch` was given. */
const untraced = HttpClient.transformResponse(<A, E, R>(sent: Effect.Effect<A, E, R>) =>
  Effect.withFiberRuntime<A, E, R>((fiber) => {
    const context = fiber.getFiberRef(FiberRef.currentContext)
    const before = set(
      context,
      fiber.getFiberRef(HttpClient.currentTracerDisabledWhen),
      fiber.getFiberRef(HttpClient.currentTracerPropagation)
    )
    return Effect.onExit(Effect.zipRight(set(context, constTrue, false), sent), () => before)
  })
)

/** A client that follows no redirect, and makes neither spans nor trace headers unless `transform` asks for them. */
export const sendOnce = (
  client: HttpClient.HttpClient,
  transform: (client: HttpClient.HttpClient) => HttpClient.HttpClient = identity
): HttpClient.HttpClient => transform(client).pipe(settingFetch, untraced)
