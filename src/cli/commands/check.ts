/** The command `check`. */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { isAccepted, notAccepted } from "../instantly/acceptance.js"
import { rehearsal } from "../instantly/rehearsal.js"
import * as Secret from "../instantly/secret.js"
import { live, Target } from "../instantly/target.js"
import { say } from "../terminal/terminal.js"
import type { Arguments } from "../usage/arguments.js"
import { codes, Exit, ifItWasASecret, usage } from "../usage/exit.js"
import { program } from "../usage/program.js"

const alive = "Instantly accepts this secret: its key is alive."

const work = (args: Arguments, secret: Redacted.Redacted) =>
  Effect.gen(function* () {
    const { address } = yield* Target
    const accepted = yield* Effect.mapError(
      isAccepted(secret),
      ({ message }) =>
        new Exit({
          code: codes.unknown,
          message: `${message}\nThis was at ${address}. It is not known whether the secret is alive.`
        })
    )
    yield* say(`At ${address}: ${accepted ? alive : notAccepted}`)
    if (!accepted) return codes.unknown
    yield* say(`To find and delete it: ${program} revoke --leaked${args.has("rehearse") ? " --rehearse" : ""}`)
    return codes.failed
  })

/** Asks whether a secret is accepted, and returns the exit code. */
export const check = (args: Arguments) =>
  Effect.gen(function* () {
    if (args.words.length > 0) {
      return yield* usage(
        `check takes no arguments: it asks for the secret, or reads it from stdin.\n${ifItWasASecret}`
      )
    }
    const secret = Secret.read("The secret")
    return yield* args.has("rehearse")
      ? // The rehearsal says first which secret to paste.
        Effect.provide(
          Effect.flatMap(secret, (value) => work(args, value)),
          rehearsal
        )
      : Effect.flatMap(secret, (value) => Effect.provide(work(args, value), live(value)))
  })
