/** A leaked secret: whether it is accepted, which key it belongs to, and whether it is dead at the end. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { ApiKeys } from "../ApiKeys.js"
import { preview, type Seen } from "./confirm.js"
import { cancelled, codes, Ended } from "./ended.js"
import { secretOnStdin } from "./input.js"
import * as Secret from "./secret.js"
import { ask, askHidden, canAsk, tell } from "./terminal.js"
import { endWith } from "./workspace.js"

/** Reads a secret without showing it: at the terminal, or from one line of stdin. */
export const readSecret = (what: string) =>
  Effect.gen(function* () {
    const line = (yield* canAsk) ? yield* askHidden(`${what} (it is not shown): `) : yield* secretOnStdin
    return yield* Secret.from(what, line)
  })

export const isAccepted = (secret: Redacted.Redacted) => Effect.flatMap(ApiKeys, (apiKeys) => apiKeys.isActive(secret))

/** Nothing documents what a whole key looks like, so nobody can tell a dead one from half of one. */
export const notAccepted = "Instantly does not accept this secret: its key is dead, or it was not pasted whole."

/** Ends the tool unless the secret is accepted. */
export const mustBeAlive = (secret: Redacted.Redacted) =>
  Effect.filterOrFail(
    Effect.catchAll(isAccepted(secret), endWith),
    (active) => active,
    () => new Ended({ code: codes.unknown, message: `${notAccepted}\nNothing was deleted.` })
  )

/** Instantly's list may not show which secret belongs to which key, so the person chooses. */
export const choose = (seen: Seen) =>
  Effect.gen(function* () {
    const keys = yield* Effect.catchAll(seen.known, endWith)
    const ids = keys.map(({ id }) => id)
    yield* tell(
      "",
      `The secret is accepted. Which key at ${seen.place} is it?`,
      ...(yield* preview(ids, seen, "stderr"))
    )
    for (;;) {
      const answer = yield* ask("Type its number, or several, such as 1 3, or press Enter to delete nothing: ")
      const numbers = answer.split(/[\s,]+/).filter((word) => word !== "")
      if (numbers.length === 0) return yield* cancelled
      const chosen = Option.all(
        numbers.map((word) => Option.fromNullable(/^\d+$/.test(word) ? ids[Number(word) - 1] : null))
      )
      if (Option.isSome(chosen)) return chosen.value
      yield* tell(`The numbers are 1 to ${keys.length}.`)
    }
  })

class StillAccepted extends Data.TaggedError("StillAccepted") {}

/** A deletion, or a list, may take a while to apply: Instantly does not document how long. */
export const forSomeSeconds = Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(5))

/** Asks for some seconds until the secret is refused. It was accepted before; `what` names it. */
export const prove = (secret: Redacted.Redacted, what: string) =>
  isAccepted(secret).pipe(
    Effect.filterOrFail(
      (active) => !active,
      () => new StillAccepted()
    ),
    Effect.retry({ schedule: forSomeSeconds, while: ({ _tag }) => _tag === "StillAccepted" }),
    Effect.either,
    Effect.flatMap(
      Either.match({
        onRight: () =>
          Effect.as(
            tell(`${what} is dead: Instantly accepted it before, and does not accept it any more.`),
            codes.gone
          ),
        onLeft: (error) =>
          error._tag === "StillAccepted"
            ? Effect.as(
                tell(
                  `${what} IS STILL ACCEPTED: it belongs to another key, or it dies later.`,
                  "Ask again in a minute: effect-instantly check"
                ),
                codes.failed
              )
            : Effect.as(tell(error.message, "It is not known whether it is dead."), codes.unknown)
      })
    )
  )
