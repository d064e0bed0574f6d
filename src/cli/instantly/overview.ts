/** What a person decides from: the keys, those among them that matter, and where they are. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { type ApiKey, type ApiKeyId, sameId } from "../../ApiKey.js"
import { printable } from "../terminal/printable.js"
import { rows } from "../terminal/rows.js"
import { columnsOf } from "../terminal/terminal.js"
import type { Abilities } from "./acceptance.js"
import { type Evidence, fits } from "./evidence.js"
import { type Listing, reasonOf } from "./workspace.js"

export interface Overview {
  readonly listing: Listing
  /** The key that the tool calls with. */
  readonly own: Option.Option<ApiKey>
  /** What that key can do. */
  readonly abilities: Abilities
  /** Which key a leaked secret belongs to. */
  readonly leaked: Evidence
  /** The address and the workspace. */
  readonly place: string
}

/** Whether the audit log may be readable. */
export const canAudit = ({ abilities }: Overview) => abilities.reads.get("audit_logs") !== false

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
  stream: "stdout" | "stderr",
  { isNumbered = true } = {}
): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const { listing } = overview
    if (Either.isLeft(listing))
      return [`The keys cannot be listed (${reasonOf(listing.left)}), so only ids are shown:`, ...ids]
    return rows(ids, new Map(listing.right.map((key) => [key.id.toLowerCase(), key])), {
      now: yield* DateTime.now,
      columns: yield* columnsOf(stream),
      marks: marksOf(overview),
      isNumbered
    })
  })

/** A warning if one of these can be the tool's own, and nothing shows which. */
export const ownUnknown = (
  ids: ReadonlyArray<ApiKeyId>,
  { abilities, listing, own }: Overview
): ReadonlyArray<string> => {
  if (Option.isSome(own)) return []
  const warning = (why: string) => [`${why}. If it is one of these, nothing more can be deleted with it.`]
  return Either.match(listing, {
    onLeft: (error) =>
      warning(`The keys cannot be listed (${reasonOf(error)}), so nothing shows which one this tool calls with`),
    onRight: (keys) => {
      const given = new Set(ids.map((id) => id.toLowerCase()))
      const canBe = keys.some((key) => given.has(key.id.toLowerCase()) && fits(key, abilities))
      return canBe ? warning("The list does not show which key this tool calls with") : []
    }
  })
}

/** The key that the leaked secret certainly belongs to, if it is none of these. */
export const leakedLeftOut = (ids: ReadonlyArray<ApiKeyId>, { leaked }: Overview): Option.Option<ApiKey> =>
  Option.filter(leaked.key, ({ id }) => !ids.some((one) => sameId(one, id)))

/** A warning if the leaked secret can belong to none of these. */
export const mismatchOf = (ids: ReadonlyArray<ApiKeyId>, overview: Overview): ReadonlyArray<string> => {
  const leftOut = leakedLeftOut(ids, overview)
  if (Option.isSome(leftOut)) {
    const { id, name } = leftOut.value
    return ["THE LEAKED SECRET BELONGS TO ANOTHER KEY, which is not among them:", `${printable(name, 38)}  ${id}`]
  }
  const { candidates, isNarrowed, key } = overview.leaked
  if (Option.isSome(key) || !isNarrowed) return []
  const keys = Either.getOrElse(overview.listing, () => [])
  const isAmong = (some: ReadonlyArray<ApiKey>, id: ApiKeyId) => some.some((one) => sameId(one.id, id))
  // Nothing is known of a key that is not listed.
  const canBe = ids.some((id) => isAmong(candidates, id) || !isAmong(keys, id))
  return canBe ? [] : ["THE LEAKED SECRET BELONGS TO ANOTHER KEY: by its scopes, it can be none of them."]
}

/** What the secret itself shows about its workspace. */
export const originOf = ({ leaked }: Overview): ReadonlyArray<string> =>
  Option.match(leaked.elsewhere, {
    onNone: () => (leaked.isOfThisWorkspace ? ["The leaked secret is of this workspace."] : []),
    onSome: (uuid) => [
      `THE LEAKED SECRET SEEMS TO BE OF ANOTHER WORKSPACE: ${uuid} stands in it, which is neither this workspace's id nor that of a \
key here. Check that this tool calls with a key of the same workspace.`
    ]
  })
