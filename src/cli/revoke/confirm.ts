/** The questions before keys are deleted. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ApiKey, ApiKeyId } from "../../ApiKey.js"
import { mismatchOf, type Overview, originOf, ownUnknown, table } from "../instantly/overview.js"
import { ask, say } from "../terminal/terminal.js"
import { cancelled } from "../usage/exit.js"

const isNo = (answer: string) => answer === "" || /^no?$/i.test(answer)

/** Asks whether the tool's own key is to be deleted, too. */
export const confirmOwn = (key: ApiKey, overview: Overview) =>
  Effect.gen(function* () {
    yield* say(
      "This tool calls with one of these keys. Once that is deleted, nothing more can be deleted with it:",
      ...(yield* table([key.id], overview, "stderr", { isNumbered: false }))
    )
    for (;;) {
      const answer = yield* ask('Press Enter to leave it, or type "own" to delete it as the last one: ')
      if (isNo(answer)) return false
      if (answer.toLowerCase() === "own") return true
    }
  })

export const confirm = (ids: ReadonlyArray<ApiKeyId>, overview: Overview) =>
  Effect.gen(function* () {
    const warning = mismatchOf(ids, overview)
    yield* say(
      "",
      "To be deleted at",
      `${overview.place}:`,
      ...(yield* table(ids, overview, "stderr", { isNumbered: false })),
      ...(Option.isSome(overview.leaked.elsewhere) ? originOf(overview) : []),
      ...warning,
      ...ownUnknown(ids, overview),
      "A deleted key cannot be restored."
    )
    const keys = ids.length === 1 ? "key" : "keys"
    // A short word is not enough for a key that the leak is not about.
    const words = `delete ${ids.length} ${warning.length > 0 ? `other ${keys}` : keys}`
    const wanted = ids.length === 1 && warning.length === 0 ? [words, "yes"] : [words]
    const typed = wanted.map((text) => `"${text}"`).join(" or ")
    for (;;) {
      const answer = yield* ask(`Enter deletes nothing. Type ${typed} to go on: `)
      if (isNo(answer)) return yield* cancelled
      if (wanted.includes(answer.toLowerCase())) return
      yield* say(`Type it as shown: ${typed}.`)
    }
  })
