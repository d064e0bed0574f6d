/** What a leaked key left behind: read from the audit log before its deletion and after it, and offered for deletion. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { type ApiKey, type ApiKeyId, sameId } from "../../ApiKey.js"
import * as Alive from "../audit/alive.js"
import { findingsOf } from "../audit/findings.js"
import * as Report from "../audit/report.js"
import * as Trail from "../audit/trail.js"
import * as Evidence from "../instantly/evidence.js"
import { type Overview, table } from "../instantly/overview.js"
import { readKeys } from "../instantly/workspace.js"
import { askNumbers } from "../terminal/numbers.js"
import { say } from "../terminal/terminal.js"
import { confirm } from "./confirm.js"
import type { Request } from "./request.js"

/** A key did nothing before it was created. The extra day is for clocks, and for time zones of a date. */
const creationOf = (ids: ReadonlyArray<ApiKeyId>, { listing }: Overview): Option.Option<DateTime.Utc> => {
  const keys = Either.getOrElse(listing, () => [])
  const created = ids.map((id) => keys.find((key) => sameId(key.id, id))?.createdAt)
  return Option.map(Option.all(created.map(Option.fromNullable)), (all) =>
    DateTime.subtract(
      all.reduce((one, other) => DateTime.min(one, other)),
      { days: 1 }
    )
  )
}

/** The trail of these keys, not yet read. */
export const trailOf = (ids: ReadonlyArray<ApiKeyId>, overview: Overview, since: Request["since"]) =>
  Trail.make(Option.orElse(since, () => (ids.length === 0 ? Option.none() : creationOf(ids, overview))))

const lowerCase = (keys: ReadonlyArray<ApiKey>) => keys.map(({ id }) => id.toLowerCase())

/** The keys that were listed before the run. */
const listedIn = ({ listing }: Overview) => Either.getOrElse(listing, () => [])

/** In words: what these keys did, by the log as far as it can be read in half a minute. */
export const deedsOf = (ids: ReadonlyArray<ApiKeyId>, overview: Overview, since: Request["since"]) =>
  Effect.gen(function* () {
    const trail = trailOf(ids, overview, since)
    const reading = yield* trail.read({ atMost: "30 seconds" })
    const keys = listedIn(overview)
    const findings = findingsOf(yield* trail.rows, ids, keys)
    return Report.wordsOf({ findings, ids, keys, reading, known: new Set(lowerCase(keys)) })
  })

/** What is known at the end. */
export type LeftBehind = Omit<Alive.Ending, "proof">

/** What is known if the log was not read after the deletion. */
export const notRead = (ids: ReadonlyArray<ApiKeyId>): LeftBehind => ({
  findings: { activities: [], keys: [], webhooks: [] },
  ids,
  keys: [],
  known: new Set(),
  reading: "Refused",
  since: Option.none(),
  isListed: true
})

export interface Before {
  readonly audited: ReadonlyArray<ApiKeyId>
  readonly overview: Overview
  /** How far the log was read before the deletion. */
  readonly reading: Trail.Reading
  /** The ids of which a deletion was sent. */
  readonly sent: ReadonlyArray<ApiKeyId>
}

/** Reads the log again, and shows what these keys did and left behind. */
export const after = (before: Before, trail: Trail.Trail, json: boolean, stop: Effect.Effect<unknown>) =>
  Effect.gen(function* () {
    const { audited, overview, sent } = before
    const reading = yield* trail.read({ stop })
    const listing = yield* Effect.either(readKeys)
    const keys = Either.getOrElse(listing, () => [])
    const known = new Set(lowerCase([...(before.reading === "Whole" ? listedIn(overview) : []), ...keys]))
    // A list can lag: these may have been deleted, and their rows may have lost their ids, before they were read.
    if (before.reading !== "Whole") for (const id of sent) known.delete(id.toLowerCase())
    const left: LeftBehind = {
      findings: findingsOf(yield* trail.rows, audited, keys),
      ids: audited,
      keys,
      known,
      reading,
      since: trail.since,
      isListed: Either.isRight(listing)
    }
    if (reading !== "Refused") {
      yield* say("", `Read ${Trail.withCommas(yield* trail.count)} rows of the audit log.`)
      yield* Report.show({ ...left, keys: [...listedIn(overview), ...keys] }, json)
    }
    return left
  })

const marksOf = (keys: ReadonlyArray<ApiKey>, text: string) => keys.map(({ id }) => [id.toLowerCase(), text] as const)

/** The ids of those created keys that a person chooses to delete, too. */
export const offer = ({ findings, keys }: LeftBehind, overview: Overview, request: Request) =>
  Effect.gen(function* () {
    const isOwn = ({ id }: ApiKey) => Option.exists(overview.own, (own) => sameId(own.id, id))
    const certain = Alive.listed(findings, keys, "Certain").filter((key) => !isOwn(key))
    const perhaps = Alive.listed(findings, keys, "Perhaps").filter((key) => !isOwn(key))
    const ids = [...certain, ...perhaps].map(({ id }) => id)
    if (ids.length === 0 || request.yes || !request.canAsk) return []
    const marks = new Map([
      ...marksOf(perhaps, "perhaps created with the leaked key"),
      ...marksOf(certain, "created with the leaked key")
    ])
    const created: Overview = {
      ...overview,
      listing: Either.right(keys),
      leaked: { ...Evidence.none, marks }
    }
    yield* say("", "These keys are still alive:", ...(yield* table(ids, created, "stderr")))
    const chosen = yield* askNumbers("Type the numbers to delete (such as 1 3), or press Enter to leave them: ", ids)
    if (chosen.length > 0) yield* confirm(chosen, created)
    return chosen
  }).pipe(
    // A person who cancels here has already deleted something.
    Effect.catchTag("Exit", () => Effect.succeed<ReadonlyArray<ApiKeyId>>([]))
  )

/** The same without the keys that the list does not show any more. */
export const without = (gone: ReadonlyArray<ApiKeyId>, left: LeftBehind): LeftBehind => {
  const ids = new Set(gone.map((id) => id.toLowerCase()))
  return { ...left, keys: left.keys.filter(({ id }) => !ids.has(id.toLowerCase())) }
}
