/** The look at the list after a run: a journal can be wrong, and so can be what a server says. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ApiKey } from "../ApiKey.js"
import type { Receipt } from "../Revocation.js"
import { codes } from "./ended.js"
import { forSomeSeconds } from "./leaked.js"
import { printable } from "./printable.js"
import { tell } from "./terminal.js"
import { readKeys, reasonOf } from "./workspace.js"

class StillListed extends Data.TaggedError("StillListed")<{ readonly keys: ReadonlyArray<ApiKey> }> {}

/** A response of success that could not be read may come from something else on the way, such as a proxy. */
const isUnread = (receipt: Receipt) => receipt._tag === "Deleted" && Option.isNone(receipt.name)

/** Says that nobody looked, and why. Returns the exit code. */
export const notChecked = (receipts: ReadonlyArray<Receipt>, why = "") =>
  Effect.gen(function* () {
    yield* tell(`It was not checked whether they are gone${why}.`)
    const unread = receipts.filter(isUnread).length
    if (unread === 0) return codes.gone
    yield* tell(
      `The response could not be read for ${unread} of them, so it may not be Instantly's, and they may still be there: list the keys.`
    )
    return codes.unknown
  })

/**
 * Lists the keys, and again for some seconds while one is there that should be gone, by these receipts. Returns the exit
 * code.
 */
export const look = (receipts: ReadonlyArray<Receipt>) =>
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
        onSuccess: () => Effect.as(tell("The list of keys was checked: none of them is on it."), codes.gone),
        onFailure: (error) =>
          error._tag === "StillListed"
            ? Effect.as(
                tell(
                  "STILL LISTED, though it should be gone:",
                  ...error.keys.map(({ id, name }) => `${id}  ${printable(name)}`),
                  "The journal is wrong, or the list is late. List the keys again, and delete without --journal what is still there."
                ),
                codes.failed
              )
            : notChecked(receipts, `: the keys cannot be listed (${reasonOf(error)})`)
      })
    )
  })
