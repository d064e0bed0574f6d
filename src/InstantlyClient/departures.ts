/** The requests that leave for the server, seen at the innermost client: the app's client may send again, or hide a response. */
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { Call } from "./call.js"
import * as Connection from "./connection.js"
import { pathOf } from "./sign.js"

type Request = HttpClientRequest.HttpClientRequest
type Exchange = Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>

/** Watches the requests of one attempt as they leave, including those that the app's client makes itself. */
export class Departures extends Context.Reference<Departures>()("effect-instantly/Departures", {
  defaultValue: () => ({
    /** A request leaves now. */
    leave: (_: Request): Effect.Effect<void> => Effect.void,
    /** How the exchange of a request ends. */
    watch: (_: Request, exchange: Exchange): Exchange => exchange
  })
}) {}

/**
 * Whether a request is the call's own. The app's client may have given it another host, and another credential. If it
 * changed the path and the credential, nothing distinguishes it from another request.
 */
export const isOf = (call: Call, own: Request, that: Request): boolean =>
  own.method === that.method &&
  (pathOf(that.url).endsWith(call.path) || own.headers["authorization"] === that.headers["authorization"])

/** Counts how often the request of one attempt leaves, and records in the call what that means. */
export const count = (call: Call, own: Request) =>
  Effect.gen(function* () {
    const departed = yield* Ref.make(0)
    const statuses = yield* Ref.make<ReadonlyArray<number>>([])
    const leave = (request: Request) =>
      isOf(call, own, request)
        ? Effect.flatMap(
            Ref.getAndUpdate(departed, (n) => n + 1),
            (before) => call.leave(before > 0)
          )
        : Effect.void
    const watch = (request: Request, exchange: Exchange): Exchange =>
      isOf(call, own, request)
        ? Effect.tapBoth(exchange, {
            // Only a departure can fail to connect. A client that was wrapped before may hold a request back ahead of it.
            onFailure: ({ cause, reason, request: failed }) =>
              Effect.when(
                Ref.update(departed, (n) => n - 1),
                () =>
                  isOf(call, own, failed) &&
                  !Connection.saysNotSent(cause) &&
                  (reason === "InvalidUrl" || Connection.isNeverSent(cause))
              ),
            onSuccess: ({ status }) =>
              Effect.zipRight(
                Ref.update(statuses, (all) => [...all, status]),
                call.observe(status)
              )
          })
        : exchange
    return {
      watching: Effect.provideService(Departures, { leave, watch }),
      /** Whether the request has left, and may have arrived. */
      any: Effect.map(Ref.get(departed), (n) => n > 0),
      /** The statuses of the responses that came. */
      statuses: Ref.get(statuses)
    }
  })
