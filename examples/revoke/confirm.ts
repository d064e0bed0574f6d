/** The last question before keys are deleted. */
import { Effect } from "effect"
import type { ApiKey } from "effect-instantly"
import { cancelled } from "./ended.js"
import { ask, tell } from "./terminal.js"
import { type Known, preview } from "./workspace.js"

export const confirm = (ids: ReadonlyArray<ApiKey.ApiKeyId>, known: Known) =>
  Effect.gen(function* () {
    yield* tell(...(yield* preview(ids, known)))
    const wanted = `delete ${ids.length}`
    const orYes = ids.length === 1 ? " (or yes)" : ""
    const answer = yield* ask(`A deleted key cannot be restored. Type "${wanted}"${orYes} to go on: `)
    if (answer !== wanted && !(ids.length === 1 && answer === "yes")) return yield* cancelled
  })
