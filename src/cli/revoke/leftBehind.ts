/** What a leaked key left behind: read from the audit log before its deletion and after it, and offered for deletion. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { ApiKey, ApiKeyId } from "../../ApiKey.js"
import * as Alive from "../audit/alive.js"
import { type Findings, findingsOf } from "../audit/findings.js"
import * as Report from "../audit/report.js"
import * as Trail from "../audit/trail.js"
import * as Evidence from "../instantly/evidence.js"
import { type Overview, table } from "../instantly/overview.js"
import { readKeys } from "../instantly/workspace.js"
import { say } from "../terminal/terminal.js"
import { codes } from "../usage/exit.js"
import { confirm } from "./confirm.js"
import { askNumbers } from "./leak.js"
import type { Request } from "./request.js"

/** A key did nothing before it was created. The extra day is for clocks, and for time zones of a date. */
const creationOf = (ids: ReadonlyArray<ApiKeyId>, { listing }: Overview): Option.Option<DateTime.Utc> => {
  const keys = Either.getOrElse(listing, () => [])
  const created = ids.map((id) => keys.find((key) => key.id.toLowerCase() === id.toLowerCase())?.createdAt)
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

export interface LeftBehind {
  readonly findings: Findings
  /** All keys of the workspace after the run. */
  readonly keys: ReadonlyArray<ApiKey>
  /** The exit code of reading the audit log. */
  readonly code: number
}

const nothing: LeftBehind = {
  findings: { activities: [], keys: [], webhooks: [] },
  keys: [],
  code: codes.unknown
}

/** Reads the log again, and shows what these keys did and left behind. */
export const after = (ids: ReadonlyArray<ApiKeyId>, trail: Trail.Trail, json: boolean, stop: Effect.Effect<unknown>) =>
  Effect.gen(function* () {
    const code = yield* trail.read({ stop })
    const keys = Either.getOrElse(yield* Effect.either(readKeys), () => [])
    const findings = findingsOf(yield* trail.rows, ids, keys)
    if (code !== codes.unauthorized) {
      yield* say("", `Read ${Trail.withCommas(yield* trail.count)} rows of the audit log.`)
      yield* Report.show(findings, ids, json)
    }
    return { findings, keys, code } satisfies LeftBehind
  })

const marksOf = (keys: ReadonlyArray<ApiKey>, text: string) => keys.map(({ id }) => [id.toLowerCase(), text] as const)

/** The ids of those created keys that a person chooses to delete, too. */
export const offer = ({ findings, keys }: LeftBehind, overview: Overview, request: Request) =>
  Effect.gen(function* () {
    const isOwn = ({ id }: ApiKey) => Option.exists(overview.own, (own) => own.id === id)
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

/** The same without the keys that were deleted since; nothing, if the log was not read. */
export const without = (gone: ReadonlyArray<ApiKeyId>, left: Option.Option<LeftBehind>): LeftBehind => {
  const ids = new Set(gone.map((id) => id.toLowerCase()))
  const all = Option.getOrElse(left, () => nothing)
  return { ...all, keys: all.keys.filter(({ id }) => !ids.has(id.toLowerCase())) }
}
