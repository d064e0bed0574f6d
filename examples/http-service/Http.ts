/** How the service responds: each error of Instantly's becomes a response of its own. */
import { HttpApiBuilder, HttpApiError } from "@effect/platform"
import { Duration, Effect, Layer, Option } from "effect"
import { ApiKeys } from "effect-instantly"
import { Api, Busy, Misconfigured, NoResponse, Revoked, Unconfirmed } from "./Api.js"

/**
 * `HttpApiError` has tags of the same names (`NotFound`, `BadRequest`, …). They are told apart by place: Instantly's errors
 * are all handled on the call that gives them, before any of the service's own can be among them. Where both have come
 * together, `InstantlyError.isInstantlyError` and `instanceof` tell them apart, a tag does not.
 */
const KeysLive = HttpApiBuilder.group(Api, "keys", (handlers) =>
  Effect.gen(function* () {
    const apiKeys = yield* ApiKeys.ApiKeys
    return handlers.handle("revoke", ({ path }) =>
      apiKeys.delete(path.id).pipe(
        Effect.map(({ id, name }) => new Revoked({ id, name })),
        // What may have been done is told first, whatever the error: after a lost response a 404 proves nothing, and a 401 may
        // mean that this very call deleted the key it authenticates with.
        Effect.catchIf(
          (error) => error.outcome !== "NotApplied" && error._tag !== "TransportError",
          ({ message, outcome }) => new Unconfirmed({ message, outcome })
        ),
        Effect.catchTags({
          BadRequest: () => new HttpApiError.BadRequest(),
          NotFound: () => new HttpApiError.NotFound(),
          Unauthorized: ({ message }) => new Misconfigured({ message, because: "credential" }),
          PaymentRequired: ({ message }) => new Misconfigured({ message, because: "plan" }),
          Forbidden: ({ message }) => new Misconfigured({ message, because: "scope" }),
          TooManyRequests: ({ message, retryAfter }) =>
            new Busy({
              message,
              retryAfterSeconds: Duration.toSeconds(Option.getOrElse(retryAfter, () => "1 minute"))
            }),
          ServerError: ({ message, outcome }) => new Unconfirmed({ message, outcome }),
          UnexpectedStatus: ({ message, outcome }) => new Unconfirmed({ message, outcome }),
          InvalidResponse: ({ message, outcome }) => new Unconfirmed({ message, outcome }),
          TransportError: ({ message, outcome }) => new NoResponse({ message, outcome })
        })
      )
    )
  })
)

/** The service, for any HTTP server and any Instantly. */
export const ApiLive = HttpApiBuilder.api(Api).pipe(Layer.provide(KeysLive))
