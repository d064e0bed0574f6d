/**
 * What is verified after a run, because a journal can be wrong, and so can what a server says: that the keys are gone from the
 * list, and that a secret is dead.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type { ApiKey } from "../../ApiKey.js"
import type { Receipt } from "../../Revocation.js"
import { isAccepted } from "../instantly/acceptance.js"
import { readKeys, reasonOf } from "../instantly/workspace.js"
import { printable } from "../terminal/printable.js"
import { say } from "../terminal/terminal.js"
import { codes } from "../usage/exit.js"
import { program } from "../usage/program.js"

class StillListed extends Data.TaggedError("StillListed")<{ readonly keys: ReadonlyArray<ApiKey> }> {}

class StillAccepted extends Data.TaggedError("StillAccepted") {}

/** A deletion, or a list, may take a while to apply: Instantly does not document how long. */
const forSomeSeconds = Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(5))

/** A response of success that could not be read may come from something else on the way, such as a proxy. */
const isUnread = (receipt: Receipt) => receipt._tag === "Deleted" && Option.isNone(receipt.name)

/** Says that the list was not checked, and why. Returns the exit code. */
export const notVerified = (receipts: ReadonlyArray<Receipt>, why = "") =>
  Effect.gen(function* () {
    yield* say(`It was not checked whether they are gone${why}.`)
    const unread = receipts.filter(isUnread).length
    if (unread === 0) return codes.gone
    yield* say(
      `The response could not be read for ${unread} of them, so it may not be Instantly's, and they may still be there: list the keys.`
    )
    return codes.unknown
  })

/**
 * Lists the keys, and again for some seconds while one is there that should be gone, by these receipts. Returns the exit
 * code.
 */
export const verifyGone = (receipts: ReadonlyArray<Receipt>) =>
  Effect.gen(function* () {
    if (receipts.length === 0) return codes.gone
    const gone = new Set(receipts.map(({ id }) => id.toLowerCase()))
    return yield* readKeys.pipe(
      Effect.map((keys) => keys.filter(({ id }) => gone.has(id.toLowerCase()))),
      Effect.filterOrFail(
        (keys) => keys.length === 0,
        (keys) => new StillListed({ keys })
      ),
      Effect.retry({ schedule: forSomeSeconds, while: ({ _tag }) => _tag === "StillListed" }),
      Effect.matchEffect({
        onSuccess: () => Effect.as(say("The list of keys was checked: none of them is on it."), codes.gone),
        onFailure: (error) =>
          error._tag === "StillListed"
            ? Effect.as(
                say(
                  "STILL LISTED, though it should be gone:",
                  ...error.keys.map(({ id, name }) => `${id}  ${printable(name)}`),
                  "The journal is wrong, or the list is late. List the keys again, and delete without --journal what is still there."
                ),
                codes.failed
              )
            : notVerified(receipts, `: the keys cannot be listed (${reasonOf(error)})`)
      })
    )
  })

/**
 * Checks for some seconds until the secret is refused. It was accepted before; `what` names it. Returns the exit code.
 */
export const verifyDead = (secret: Redacted.Redacted, what: string) =>
  isAccepted(secret).pipe(
    Effect.filterOrFail(
      (active) => !active,
      () => new StillAccepted()
    ),
    Effect.retry({ schedule: forSomeSeconds, while: ({ _tag }) => _tag === "StillAccepted" }),
    Effect.matchEffect({
      onSuccess: () =>
        Effect.as(say(`${what} is dead: Instantly accepted it before, and does not accept it any more.`), codes.gone),
      onFailure: (error) =>
        error._tag === "StillAccepted"
          ? Effect.as(
              say(
                `${what} IS STILL ACCEPTED: it belongs to another key, or it dies later.`,
                `Check again in a minute: ${program} check`
              ),
              codes.failed
            )
          : Effect.as(say(error.message, "It is not known whether it is dead."), codes.unknown)
    })
  )
