/** Who may call the service: whoever sends the token in `SERVICE_TOKEN`. */
import { createHash, timingSafeEqual } from "node:crypto"
import { HttpApiError } from "@effect/platform"
import { Config, Effect, Layer, Redacted } from "effect"
import { Authorization } from "./Api.js"

// A request without a header has an empty token, so an empty setting would let everybody in.
const serviceToken = Config.redacted(Config.nonEmptyString("SERVICE_TOKEN"))

/** Digests have one length, which is what `timingSafeEqual` asks for: how long it takes says nothing about the token. */
const digest = (token: Redacted.Redacted) => createHash("sha256").update(Redacted.value(token)).digest()

export const AuthorizationLive = Layer.effect(
  Authorization,
  Effect.map(serviceToken, (token) => {
    const expected = digest(token)
    return {
      bearer: (given) =>
        timingSafeEqual(digest(given), expected) ? Effect.void : Effect.fail(new HttpApiError.Unauthorized())
    }
  })
)
