/** The questions before keys are deleted. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { ApiKey, ApiKeyId } from "../ApiKey.js"
import { cancelled } from "./ended.js"
import { printable } from "./printable.js"
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

/** What is said of the leaked key and of the tool's own, which can be one. */
const marksOf = ({ leaked, own }: Seen): ReadonlyMap<string, string> => {
  const marks = new Map<string, string>()
  for (const [key, text] of [
    [leaked, "the leaked secret is this one's"],
    [own, "this tool calls with it"]
  ] as const) {
    if (Option.isNone(key)) continue
    const id = key.value.id.toLowerCase()
    const before = marks.get(id)
    marks.set(id, before === undefined ? text : `${before}; ${text}`)
  }
  return marks
}

/** Each id with what is known about its key. */
export const preview = (
  ids: ReadonlyArray<ApiKeyId>,
  seen: Seen,
  stream: "stdout" | "stderr"
): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const { known } = seen
    if (Either.isLeft(known))
      return [`The keys cannot be listed (${reasonOf(known.left)}), so only ids are shown:`, ...ids]
    return rows(ids, new Map(known.right.map((key) => [key.id.toLowerCase(), key])), {
      now: yield* DateTime.now,
      columns: yield* columnsOf(stream),
      marks: marksOf(seen)
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

/** A warning where the list shows that the leaked secret belongs to none of these. */
export const leakedLeftOut = (ids: ReadonlyArray<ApiKeyId>, { leaked }: Seen): ReadonlyArray<string> =>
  Option.match(leaked, {
    onNone: () => [],
    onSome: ({ id, name }) =>
      ids.some((one) => one.toLowerCase() === id.toLowerCase())
        ? []
        : ["THE LEAKED SECRET BELONGS TO ANOTHER KEY, which is not among them:", `${id}  ${printable(name)}`]
  })

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
    yield* tell(
      "",
      `To delete at ${seen.place}:`,
      ...(yield* preview(ids, seen, "stderr")),
      ...leakedLeftOut(ids, seen),
      ...ownUnknown(seen),
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
