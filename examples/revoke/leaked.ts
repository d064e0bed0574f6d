/** A leaked secret: whether it is alive, which key may be its own, and whether it is dead at the end. */
import { Data, DateTime, Effect, Either, Redacted, Schedule } from "effect"
import { ApiKeys } from "effect-instantly"
import { codes, Ended, ofError, usage } from "./ended.js"
import { secretOnStdin } from "./input.js"
import { ask, askHidden, canAsk, tell } from "./terminal.js"
import { describe, type Known } from "./workspace.js"

/** Reads it without showing it: a secret is never an argument, which the shell would keep and `ps` would show. */
export const readSecret = Effect.gen(function* () {
  const line = (yield* canAsk) ? yield* askHidden("The leaked secret (it is not shown): ") : yield* secretOnStdin
  const secret = line.trim()
  // more than one word would not even be sent
  if (!/^[\x21-\x7e]+$/.test(secret)) return yield* usage("There is no secret in that line.")
  return Redacted.make(secret)
})

const isActive = (secret: Redacted.Redacted) => Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.isActive(secret))

/** Ends where there is nothing left to do. */
export const mustBeAlive = (secret: Redacted.Redacted) =>
  Effect.filterOrFail(
    Effect.mapError(isActive(secret), ofError),
    (active) => active,
    () => new Ended({ code: codes.gone, message: "The secret is dead already: Instantly does not accept it." })
  )

/** No list tells which secret belongs to which key, so the person says it. */
export const choose = (known: Known) =>
  Effect.gen(function* () {
    const keys = yield* Effect.mapError(known, ofError)
    const now = yield* DateTime.now
    yield* tell("The secret is accepted. Which key is it?", ...keys.map((key, i) => `${i + 1}  ${describe(now)(key)}`))
    const answer = yield* ask("Numbers, such as 1 or 1 3: ")
    const numbers = answer.split(/[\s,]+/).filter((word) => word !== "")
    return yield* Effect.forEach(numbers, (word) => {
      const key = /^\d+$/.test(word) ? keys[Number(word) - 1] : undefined
      return key === undefined ? usage(`The list has the numbers 1 to ${keys.length}.`) : Effect.succeed(key.id)
    })
  })

class StillActive extends Data.TaggedError("StillActive") {}

/** Asks until the secret is refused, for some seconds: how long Instantly takes is not documented. */
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
                tell("The secret IS STILL ACCEPTED: it is another key's, or dies later. Ask again."),
                codes.failed
              )
            : Effect.as(tell(error.message, "Whether the secret is dead is not known."), codes.unknown)
      })
    )
  )
