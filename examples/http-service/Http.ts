/** How the service responds: each of Instantly's errors becomes a response of its own. */
import { HttpApiBuilder, HttpApiError } from "@effect/platform"
import { Duration, Effect, Layer, Option } from "effect"
import { type ApiKey, ApiKeys } from "effect-instantly"
import { Api, Busy, Misconfigured, NoResponse, Revoked, Unconfirmed } from "./Api.js"
import { AuthorizationLive } from "./authorization.js"

/**
 * Deletes a key, and logs what became of it. A caller who hangs up does not interrupt this: the request may have left, and
 * nobody else would know the outcome. The client's `deadline` still ends it.
 */
const revoke = (id: ApiKey.ApiKeyId) =>
  ApiKeys.delete(id).pipe(
    Effect.tapBoth({
      onSuccess: () => Effect.annotateLogs(Effect.logInfo("deleted"), { outcome: "Applied" }),
      onFailure: ({ _tag, outcome }) => Effect.annotateLogs(Effect.logWarning(_tag), { outcome })
    }),
    Effect.annotateLogs({ id }),
    Effect.uninterruptible
  )

/** How many deletions can be under way. The workspace's limit allows about 90 a second. */
const atOnce = 1000

/**
 * `HttpApiError` has tags of the same names (`NotFound`, `BadRequest`, …). All of Instantly's errors are handled right at
 * the call, before any of the service's own can be among them. Where both kinds come together, a tag does not tell them
 * apart: use `InstantlyError.isInstantlyError` or `instanceof`.
 */
const KeysLive = HttpApiBuilder.group(Api, "keys", (handlers) =>
  Effect.gen(function* () {
    const deletions = yield* Effect.makeSemaphore(atOnce)
    // When the service is shut down, the client and its gate stay open until each deletion has its outcome.
    yield* Effect.addFinalizer(() => deletions.take(atOnce))
    return handlers.handle("revoke", ({ path }) =>
      deletions
        .withPermits(1)(revoke(path.id))
        .pipe(
          Effect.map(({ id, name }) => new Revoked({ id, name })),
          Effect.catchIf(
            (error) => error.outcome === "Applied",
            () => Effect.succeed(new Revoked({ id: path.id, name: null }))
          ),
          // The outcome comes first, whatever the error: after a lost response a 404 proves nothing, and a 401 may mean that
          // this very call deleted the key it authenticates with.
          Effect.catchIf(
            (error) => error.outcome === "Unknown" && error._tag !== "TransportError",
            ({ message, outcome }) => new Unconfirmed({ message, outcome })
          ),
          Effect.catchTags({
            BadRequest: () => new HttpApiError.BadRequest(),
            NotFound: () => new HttpApiError.NotFound(),
            Unauthorized: ({ message }) => new Misconfigured({ message, because: "credential" }),
            PaymentRequired: ({ message }) => new Misconfigured({ message, because: "plan" }),
            InsufficientScope: ({ message }) => new Misconfigured({ message, because: "scope" }),
            HeldBack: ({ message }) => new Misconfigured({ message, because: "settings" }),
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

/** The service, for any HTTP server and any Instantly. It reads `SERVICE_TOKEN` from the configuration. */
export const ApiLive = HttpApiBuilder.api(Api).pipe(Layer.provide(KeysLive), Layer.provide(AuthorizationLive))
