/** What leaves for the server, seen at the innermost client: a client of the app's may send again, or hide a response. */
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { Call } from "./call.js"
import * as Connection from "./connection.js"

type Exchange = Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>

/** Watches each request where it leaves, those that the app's client makes itself included. */
export class Departures extends Context.Reference<Departures>()("effect-instantly/Departures", {
  defaultValue: () => ({ watch: (_: HttpClientRequest.HttpClientRequest, exchange: Exchange): Exchange => exchange })
}) {}

/**
 * Whether two requests are the same one. An app's client may have given it another URL or another credential. If it changed
 * both, nothing distinguishes it from another request.
 */
export const isSame = (self: HttpClientRequest.HttpClientRequest, that: HttpClientRequest.HttpClientRequest): boolean =>
  self.method === that.method &&
  (self.url === that.url || self.headers["authorization"] === that.headers["authorization"])

/** Counts how often the request of one attempt leaves, and writes into the call what that means. */
export const count = (call: Call, request: HttpClientRequest.HttpClientRequest) =>
  Effect.map(Ref.make(0), (departed) => {
    const watch = (leaving: HttpClientRequest.HttpClientRequest, exchange: Exchange): Exchange =>
      isSame(request, leaving)
        ? Ref.getAndUpdate(departed, (n) => n + 1).pipe(
            Effect.tap((before) => Effect.when(call.resend, () => before > 0)),
            Effect.zipRight(exchange),
            Effect.tapBoth({
              onFailure: ({ cause, reason }) =>
                Effect.when(
                  Ref.update(departed, (n) => n - 1),
                  () => reason === "InvalidUrl" || Connection.isNeverSent(cause)
                ),
              onSuccess: ({ status }) => call.observe(status)
            })
          )
        : exchange
    return {
      watching: Effect.provideService(Departures, { watch }),
      /** Whether a request has left that may have arrived. */
      any: Effect.map(Ref.get(departed), (n) => n > 0)
    }
  })
