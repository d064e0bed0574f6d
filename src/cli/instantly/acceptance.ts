/** Whether Instantly accepts a secret. */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { ApiKeys } from "../../ApiKeys.js"

export const isAccepted = (secret: Redacted.Redacted) => Effect.flatMap(ApiKeys, (apiKeys) => apiKeys.isActive(secret))

/** Nothing documents what a whole key looks like, so nobody can tell a dead one from half of one. */
export const notAccepted = "Instantly does not accept this secret: its key is dead, or it was not pasted whole."
