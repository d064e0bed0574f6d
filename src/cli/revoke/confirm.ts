/** The questions before keys are deleted. */
import * as Effect from "effect/Effect"
import type { ApiKey, ApiKeyId } from "../../ApiKey.js"
import { leakedLeftOut, type Overview, ownUnknown, table } from "../instantly/overview.js"
import { ask, say } from "../terminal/terminal.js"
import { cancelled } from "../usage/exit.js"

/** Asks whether the tool's own key is to be deleted, too. */
export const confirmOwn = (key: ApiKey, overview: Overview) =>
  Effect.gen(function* () {
    yield* say(
      "This tool calls with one of these keys. Once that is deleted, nothing more can be deleted with it:",
      ...(yield* table([key.id], overview, "stderr"))
    )
    return (yield* ask('Type "own" to delete it as the last one, or anything else to leave it: ')) === "own"
  })

export const confirm = (ids: ReadonlyArray<ApiKeyId>, overview: Overview) =>
  Effect.gen(function* () {
    yield* say(
      "",
      `To delete at ${overview.place}:`,
      ...(yield* table(ids, overview, "stderr")),
      ...leakedLeftOut(ids, overview),
      ...ownUnknown(overview),
      "A deleted key cannot be restored."
    )
    const wanted = ids.length === 1 ? ["delete 1", "yes"] : [`delete ${ids.length}`]
    const typed = wanted.map((text) => `"${text}"`).join(" or ")
    for (;;) {
      const answer = yield* ask(`Press Enter to delete nothing, or type ${typed} to go on: `)
      if (answer === "" || /^no?$/i.test(answer)) return yield* cancelled
      if (wanted.includes(answer)) return
    }
  })
