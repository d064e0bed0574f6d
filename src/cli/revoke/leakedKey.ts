/** Which key a leaked secret belongs to. Lists need not show that, so the person chooses. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { isAccepted, notAccepted } from "../instantly/acceptance.js"
import { type Overview, table } from "../instantly/overview.js"
import { endWith } from "../instantly/workspace.js"
import { ask, say } from "../terminal/terminal.js"
import { cancelled, codes, Exit } from "../usage/exit.js"

/** Ends the tool unless the secret is accepted. */
export const mustBeAlive = (secret: Redacted.Redacted) =>
  Effect.filterOrFail(
    Effect.catchAll(isAccepted(secret), endWith),
    (active) => active,
    () => new Exit({ code: codes.unknown, message: `${notAccepted}\nNothing was deleted.` })
  )

/** Shows all keys, and returns the ids of those that the person chooses. */
export const choose = (overview: Overview) =>
  Effect.gen(function* () {
    const keys = yield* Effect.catchAll(overview.listing, endWith)
    const ids = keys.map(({ id }) => id)
    yield* say(
      "",
      `The secret is accepted. Which key at ${overview.place} is it?`,
      ...(yield* table(ids, overview, "stderr"))
    )
    for (;;) {
      const answer = yield* ask("Type its number, or several, such as 1 3, or press Enter to delete nothing: ")
      const numbers = answer.split(/[\s,]+/).filter((word) => word !== "")
      if (numbers.length === 0) return yield* cancelled
      const chosen = Option.all(
        numbers.map((word) => Option.fromNullable(/^\d+$/.test(word) ? ids[Number(word) - 1] : null))
      )
      if (Option.isSome(chosen)) return chosen.value
      yield* say(`The numbers are 1 to ${keys.length}.`)
    }
  })
