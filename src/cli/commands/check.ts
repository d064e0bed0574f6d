/** The command `check`: whether a secret is alive, and what it can do. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Acceptance from "../instantly/acceptance.js"
import { rehearsal } from "../instantly/rehearsal.js"
import * as Secret from "../instantly/secret.js"
import { live, Target } from "../instantly/target.js"
import { say, sayCommand } from "../terminal/terminal.js"
import type { Arguments } from "../usage/arguments.js"
import { codes, ifItWasASecret, usage } from "../usage/exit.js"
import { commandLine } from "../usage/program.js"

const work = (args: Arguments, secret: Redacted.Redacted) =>
  Effect.gen(function* () {
    const { address } = yield* Target
    const isWhole = Option.isNone(Secret.hintOf(secret))
    const checked = yield* Effect.either(Acceptance.check(secret))
    yield* Acceptance.show(secret, Either.getOrElse(checked, Acceptance.unknown), args.has("json"))
    if (Either.isLeft(checked)) {
      yield* say(checked.left.message, `This was at ${address}. It is not known whether the secret is alive.`)
      return codes.unknown
    }
    if (checked.right.state === "Refused") {
      yield* say(`At ${address}: ${checked.right.proof}`, Acceptance.meaningOfRefusal(secret))
      return isWhole ? codes.gone : codes.unknown
    }
    const rehearse = args.has("rehearse") ? ["--rehearse"] : []
    yield* say(`At ${address}: THE SECRET IS ALIVE. ${checked.right.proof}`, Acceptance.inWords(checked.right))
    yield* sayCommand("To find and delete its key:", commandLine("revoke", "--leaked", ...rehearse))
    return codes.failed
  })

/** Checks whether a secret is accepted, and returns the exit code. */
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
