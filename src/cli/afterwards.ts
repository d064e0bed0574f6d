/** The look at the list after a run: a journal can be wrong, and so can be what a server says. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { ApiKey, ApiKeyId } from "../ApiKey.js"
import { codes } from "./ended.js"
import { forSomeSeconds } from "./leaked.js"
import { printable } from "./printable.js"
import { tell } from "./terminal.js"
import { readKeys, reasonOf } from "./workspace.js"

class StillListed extends Data.TaggedError("StillListed")<{ readonly keys: ReadonlyArray<ApiKey> }> {}

/** Lists the keys, and again for some seconds while one is there that should be gone. Returns the exit code. */
export const look = (ids: ReadonlyArray<ApiKeyId>) =>
  Effect.gen(function* () {
    if (ids.length === 0) return codes.gone
    const gone = new Set(ids.map((id) => id.toLowerCase()))
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
            : Effect.as(
                tell(`It was not checked whether they are gone: the keys cannot be listed (${reasonOf(error)}).`),
                codes.gone
              )
      })
    )
  })
