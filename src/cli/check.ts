/** The command `check`. */
import * as Effect from "effect/Effect"
import type { Given } from "./arguments.js"
import { codes, Ended, usage } from "./ended.js"
import { isAccepted, notAccepted, readSecret } from "./leaked.js"
import * as Secret from "./secret.js"
import { live, rehearsal, Target } from "./target.js"
import { tell } from "./terminal.js"

const alive = "Instantly accepts this secret: its key is alive. To find and delete it: effect-instantly revoke --leaked"

/** Asks whether a secret is accepted, and returns the exit code. */
export const check = (given: Given) =>
  Effect.gen(function* () {
    if (given.words.length > 0) return yield* usage(`check takes no arguments. ${Secret.ofArgument}`)
    const secret = yield* readSecret("The secret")
    const ask = Effect.gen(function* () {
      const { address } = yield* Target
      const accepted = yield* Effect.mapError(
        isAccepted(secret),
        ({ message }) => new Ended({ code: codes.unknown, message: `${message}\nIt is not known whether it is alive.` })
      )
      yield* tell(`${address}: ${accepted ? alive : notAccepted}`)
      return accepted ? codes.failed : codes.unknown
    })
    return yield* given.has("rehearse") ? Effect.provide(ask, rehearsal) : Effect.provide(ask, live(secret))
  })
