/** What a person decides from: the keys, those among them that matter, and where they are. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { ApiKey, ApiKeyId } from "../../ApiKey.js"
import { printable } from "../terminal/printable.js"
import { rows } from "../terminal/rows.js"
import { columnsOf } from "../terminal/terminal.js"
import { type Listing, reasonOf } from "./workspace.js"

export interface Overview {
  readonly listing: Listing
  /** The key that the tool calls with. */
  readonly own: Option.Option<ApiKey>
  /** The key that the leaked secret belongs to, where the list shows it. */
  readonly leaked: Option.Option<ApiKey>
  /** The address and the workspace. */
  readonly place: string
}

/** What is said of the leaked key and of the tool's own, which can be one. */
const marksOf = ({ leaked, own }: Overview): ReadonlyMap<string, string> => {
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

/** A row for each id, with what the list says about its key. */
export const table = (
  ids: ReadonlyArray<ApiKeyId>,
  overview: Overview,
  stream: "stdout" | "stderr"
): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const { listing } = overview
    if (Either.isLeft(listing))
      return [`The keys cannot be listed (${reasonOf(listing.left)}), so only ids are shown:`, ...ids]
    return rows(ids, new Map(listing.right.map((key) => [key.id.toLowerCase(), key])), {
      now: yield* DateTime.now,
      columns: yield* columnsOf(stream),
      marks: marksOf(overview)
    })
  })

/** A warning where nothing shows which key is the tool's own. */
export const ownUnknown = ({ listing, own }: Overview): ReadonlyArray<string> => {
  if (Option.isSome(own)) return []
  const why = Either.match(listing, {
    onLeft: (error) => `The keys cannot be listed (${reasonOf(error)})`,
    onRight: () => "The list does not show which key this tool calls with"
  })
  return [`${why}: check that the key this tool calls with is not among them.`]
}

/** A warning where the list shows that the leaked secret belongs to none of these. */
export const leakedLeftOut = (ids: ReadonlyArray<ApiKeyId>, { leaked }: Overview): ReadonlyArray<string> =>
  Option.match(leaked, {
    onNone: () => [],
    onSome: ({ id, name }) =>
      ids.some((one) => one.toLowerCase() === id.toLowerCase())
        ? []
        : ["THE LEAKED SECRET BELONGS TO ANOTHER KEY, which is not among them:", `${id}  ${printable(name)}`]
  })
