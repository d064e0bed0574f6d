/** A leaked secret: whether it is active, which key it belongs to, and whether it is dead at the end. */
import { Data, DateTime, Effect, Either, Redacted, Schedule } from "effect"
import { ApiKeys } from "effect-instantly"
import { codes, Ended, ofError, usage } from "./ended.js"
import { secretOnStdin } from "./input.js"
import { ask, askHidden, canAsk, tell } from "./terminal.js"
import { describe, type Known } from "./workspace.js"

/** Reads the secret without showing it. It is never an argument: the shell would keep that, and `ps` would show it. */
export const readSecret = Effect.gen(function* () {
  const line = (yield* canAsk) ? yield* askHidden("The leaked secret (it is not shown): ") : yield* secretOnStdin
  const secret = line.trim()
  // A token with a space in it is never sent.
  if (!/^[\x21-\x7e]+$/.test(secret)) return yield* usage("That line does not hold a secret.")
  return Redacted.make(secret)
})

const isActive = (secret: Redacted.Redacted) => Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.isActive(secret))

/** Ends the tool if the secret is dead already. */
export const mustBeAlive = (secret: Redacted.Redacted) =>
  Effect.filterOrFail(
    Effect.mapError(isActive(secret), ofError),
    (active) => active,
    () => new Ended({ code: codes.gone, message: "The secret is dead already: Instantly does not accept it." })
  )

/** No list shows which secret belongs to which key, so the person has to choose. */
export const choose = (known: Known) =>
  Effect.gen(function* () {
    const keys = yield* Effect.mapError(known, ofError)
    const now = yield* DateTime.now
    yield* tell("The secret is accepted. Which key is it?", ...keys.map((key, i) => `${i + 1}  ${describe(now)(key)}`))
    const answer = yield* ask("Type its number, or several, such as 1 3: ")
    const numbers = answer.split(/[\s,]+/).filter((word) => word !== "")
    return yield* Effect.forEach(numbers, (word) => {
      const key = /^\d+$/.test(word) ? keys[Number(word) - 1] : undefined
      return key === undefined ? usage(`Choose numbers from 1 to ${keys.length}.`) : Effect.succeed(key.id)
    })
  })

class StillActive extends Data.TaggedError("StillActive") {}

/** Asks for some seconds until the secret is refused: Instantly does not document how long a deletion takes to apply. */
export const prove = (secret: Redacted.Redacted) =>
  isActive(secret).pipe(
    Effect.filterOrFail(
      (active) => !active,
      () => new StillActive()
    ),
    Effect.retry({
      schedule: Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(5)),
      while: ({ _tag }) => _tag === "StillActive"
    }),
    Effect.either,
    Effect.flatMap(
      Either.match({
        onRight: () => Effect.as(tell("The secret is dead: Instantly does not accept it any more."), codes.gone),
        onLeft: (error) =>
          error._tag === "StillActive"
            ? Effect.as(
                tell(
                  "The secret IS STILL ACCEPTED: it belongs to another key, or it dies later. Try again in a minute."
                ),
                codes.failed
              )
            : Effect.as(tell(error.message, "It is not known whether the secret is dead."), codes.unknown)
      })
    )
  )
