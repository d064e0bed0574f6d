/**
 * How keys are shown for a person to decide from: the name first, the id last, and no line longer than the terminal is wide,
 * where the rest of a name could look like a row of its own. A name is cleaned and in quotes, so it cannot forge a row.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type { ApiKey, ApiKeyId } from "../../ApiKey.js"
import { cleaned, printable } from "./printable.js"

export interface Layout {
  readonly now: DateTime.Utc
  /** How many columns a line has. */
  readonly columns: number
  /** Whether a person can choose among them. */
  readonly isNumbered: boolean
  /** Notes on some keys, by id. */
  readonly marks: ReadonlyMap<string, string>
}

const ageOf = (createdAt: DateTime.Utc, now: DateTime.Utc) => {
  const { days, hours, minutes } = Duration.parts(Duration.millis(Math.max(0, DateTime.distance(createdAt, now))))
  if (days > 0) return `${days} d`
  return hours > 0 ? `${hours} h` : `${minutes} min`
}

/** How many columns a text takes at most: what is neither Latin, Greek nor Cyrillic can take two. */
const widthOf = (text: string) => [...text].reduce((sum, character) => sum + (character < "\u1100" ? 1 : 2), 0)

/** The text as it is printed, in so many columns. */
const fit = (text: string, columns: number) => {
  let longest = Math.min(60, Math.max(1, columns - 2))
  let shown = printable(text, longest)
  while (widthOf(shown) > columns && longest > 1) {
    longest -= 1
    shown = printable(text, longest)
  }
  return shown
}

/** As many whole scopes as fit, at least one, and how many more there are. */
const scopesOf = (scopes: ReadonlyArray<string>, columns: number) => {
  const all = scopes.map((scope) => cleaned(scope, 30))
  const shown = (n: number) => [...all.slice(0, n), ...(n < all.length ? [`+${all.length - n} more`] : [])].join(" ")
  let n = all.length
  while (n > 1 && widthOf(JSON.stringify(shown(n))) > columns) n -= 1
  return fit(shown(n), columns)
}

/** From so many columns on, a key is one line. */
const wide = 140
const columnsOfScopes = 40

/** A key: its number or a dash, its note, its name, age, scopes and id. */
export const row = (key: ApiKey, number: string, { columns, marks, now }: Layout): string => {
  const mark = marks.get(key.id.toLowerCase())
  const start = mark === undefined ? `${number}  ` : `${number}  [${mark}] `
  const age = `${ageOf(key.createdAt, now).padStart(6)}  `
  const end = `  ${key.id}`
  if (columns >= wide) {
    const facts = `  ${age}${scopesOf(key.scopes, columnsOfScopes)}${end}`
    return `${start}${fit(key.name, columns - start.length - facts.length - 1)}${facts}`
  }
  const indent = " ".repeat(number.length + 2)
  const scopes = scopesOf(key.scopes, columns - indent.length - age.length - end.length - 1)
  return `${start}${fit(key.name, columns - start.length - 1)}\n${indent}${age}${scopes}${end}`
}

/** Keys; an id that is not in the workspace has its row, too. Their numbers begin with 1. */
export const rows = (
  ids: ReadonlyArray<ApiKeyId>,
  byId: ReadonlyMap<string, ApiKey>,
  layout: Layout
): ReadonlyArray<string> => {
  const digits = String(ids.length).length
  return ids.map((id, index) => {
    const number = layout.isNumbered ? String(index + 1).padStart(digits) : "-"
    const key = byId.get(id.toLowerCase())
    return key === undefined ? `${number}  not in this workspace  ${id}` : row(key, number, layout)
  })
}
