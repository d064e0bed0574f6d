/** The command `check`. */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { Given } from "./arguments.js"
import { codes, Ended, usage } from "./ended.js"
import { isAccepted, notAccepted, readSecret } from "./leaked.js"
import * as Secret from "./secret.js"
import { live, rehearsal, Target } from "./target.js"
import { tell } from "./terminal.js"

const alive = "Instantly accepts this secret: its key is alive."

const work = (given: Given, secret: Redacted.Redacted) =>
  Effect.gen(function* () {
    const { address } = yield* Target
    const accepted = yield* Effect.mapError(
      isAccepted(secret),
      ({ message }) =>
        new Ended({
          code: codes.unknown,
          message: `${message}\nThis was at ${address}. It is not known whether the secret is alive.`
        })
    )
    yield* tell(`At ${address}: ${accepted ? alive : notAccepted}`)
    if (!accepted) return codes.unknown
    yield* tell(`To find and delete it: effect-instantly revoke --leaked${given.has("rehearse") ? " --rehearse" : ""}`)
    return codes.failed
  })

/** Asks whether a secret is accepted, and returns the exit code. */
export const check = (given: Given) =>
  Effect.gen(function* () {
    if (given.words.length > 0) {
      return yield* usage(
        `check takes no arguments: it asks for the secret, or reads it from stdin.\n${Secret.ofArgument}`
      )
    }
    const secret = readSecret("The secret")
    return yield* given.has("rehearse")
      ? // The rehearsal says first which secret to paste.
        Effect.provide(
          Effect.flatMap(secret, (value) => work(given, value)),
          rehearsal
        )
      : Effect.flatMap(secret, (value) => Effect.provide(work(given, value), live(value)))
  })
