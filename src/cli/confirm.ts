/** The questions before keys are deleted. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { ApiKey, ApiKeyId } from "../ApiKey.js"
import { cancelled } from "./ended.js"
import { rows } from "./rows.js"
import { ask, columnsOf, tell } from "./terminal.js"
import { type Known, reasonOf } from "./workspace.js"

/** What a person decides from. */
export interface Seen {
  readonly known: Known
  /** The key that the tool calls with. */
  readonly own: Option.Option<ApiKey>
  /** The key that the leaked secret belongs to, where the list shows it. */
  readonly leaked: Option.Option<ApiKey>
  /** The address and the workspace. */
  readonly place: string
}

const markOf = (text: string) => (key: ApiKey) => [key.id.toLowerCase(), text] as const

/** Each id with what is known about its key. */
export const preview = (
  ids: ReadonlyArray<ApiKeyId>,
  { known, leaked, own }: Seen,
  stream: "stdout" | "stderr"
): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    if (Either.isLeft(known))
      return [`The keys cannot be listed (${reasonOf(known.left)}), so only ids are shown:`, ...ids]
    return rows(ids, new Map(known.right.map((key) => [key.id.toLowerCase(), key])), {
      now: yield* DateTime.now,
      columns: yield* columnsOf(stream),
      marks: new Map([
        ...Option.toArray(Option.map(leaked, markOf("the leaked secret is this one's"))),
        ...Option.toArray(Option.map(own, markOf("this tool calls with it")))
      ])
    })
  })

/** What is said of the tool's own key where nobody can tell which one it is. */
export const ownUnknown = ({ known, own }: Seen): ReadonlyArray<string> => {
  if (Option.isSome(own)) return []
  const why = Either.match(known, {
    onLeft: (error) => `The keys cannot be listed (${reasonOf(error)})`,
    onRight: () => "The list does not show which key this tool calls with"
  })
  return [`${why}: check that the key this tool calls with is not among them.`]
}

/** Asks whether the tool's own key is to be deleted, too. */
export const confirmOwn = (key: ApiKey, seen: Seen) =>
  Effect.gen(function* () {
    yield* tell(
      "This tool calls with one of these keys. Once that is deleted, nothing more can be deleted with it:",
      ...(yield* preview([key.id], seen, "stderr"))
    )
    return (yield* ask('Type "own" to delete it as the last one, or anything else to leave it: ')) === "own"
  })

export const confirm = (ids: ReadonlyArray<ApiKeyId>, seen: Seen) =>
  Effect.gen(function* () {
    yield* tell("", `To delete at ${seen.place}:`, ...(yield* preview(ids, seen, "stderr")), ...ownUnknown(seen))
    const wanted = `delete ${ids.length}`
    const orYes = ids.length === 1 ? " (or yes)" : ""
    const answer = yield* ask(`A deleted key cannot be restored. Type "${wanted}"${orYes} to go on: `)
    if (answer !== wanted && !(ids.length === 1 && answer === "yes")) return yield* cancelled
  })
