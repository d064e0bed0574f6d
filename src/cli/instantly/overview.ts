/** What a person decides from: the keys, those among them that matter, and where they are. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { ApiKey, ApiKeyId } from "../../ApiKey.js"
import { printable } from "../terminal/printable.js"
import { rows } from "../terminal/rows.js"
import { columnsOf } from "../terminal/terminal.js"
import type * as Evidence from "./evidence.js"
import { type Listing, reasonOf } from "./workspace.js"

export interface Overview {
  readonly listing: Listing
  /** The key that the tool calls with. */
  readonly own: Option.Option<ApiKey>
  /** Which key a leaked secret belongs to. */
  readonly leaked: Evidence.Evidence
  /** The address and the workspace. */
  readonly place: string
}

/** Notes on some keys. The leaked key and the tool's own can be the same. */
const marksOf = ({ leaked, own }: Overview): ReadonlyMap<string, string> => {
  if (Option.isNone(own)) return leaked.marks
  const id = own.value.id.toLowerCase()
  const text = "this tool calls with it"
  const before = leaked.marks.get(id)
  return new Map([...leaked.marks, [id, before === undefined ? text : `${before}; ${text}`]])
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

/** A warning if nothing shows which key is the tool's own. */
export const ownUnknown = ({ listing, own }: Overview): ReadonlyArray<string> => {
  if (Option.isSome(own)) return []
  const why = Either.match(listing, {
    onLeft: (error) => `The keys cannot be listed (${reasonOf(error)})`,
    onRight: () => "The list does not show which key this tool calls with"
  })
  return [`${why}.`, "Check that the key this tool calls with is not among them."]
}

/** The key that the leaked secret certainly belongs to, if it is none of these. */
export const leakedLeftOut = (ids: ReadonlyArray<ApiKeyId>, { leaked }: Overview): Option.Option<ApiKey> =>
  Option.filter(leaked.key, ({ id }) => !ids.some((one) => one.toLowerCase() === id.toLowerCase()))

/** A warning about it. */
export const warningOf = Option.match({
  onNone: (): ReadonlyArray<string> => [],
  onSome: ({ id, name }: ApiKey) => [
    "THE LEAKED SECRET BELONGS TO ANOTHER KEY, which is not among them:",
    `${printable(name, 38)}  ${id}`
  ]
})

/** What the secret itself shows about its workspace. */
export const originOf = ({ leaked }: Overview): ReadonlyArray<string> =>
  Option.match(leaked.elsewhere, {
    onNone: () => (leaked.isOfThisWorkspace ? ["The leaked secret is of this workspace."] : []),
    onSome: (uuid) => [
      `THE LEAKED SECRET SEEMS TO BE OF ANOTHER WORKSPACE: ${uuid} stands in it, which is neither this workspace's id nor that of a \
key here. Check that this tool calls with a key of the same workspace.`
    ]
  })
