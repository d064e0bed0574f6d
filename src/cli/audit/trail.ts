/** The rows read from the audit log so far. It can be read twice, because rows may lose the id of a deleted key. */
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { InstantlyClient } from "../../InstantlyClient.js"
import { quickly } from "../instantly/quickly.js"
import { isUnauthorized } from "../instantly/workspace.js"
import * as Progress from "../terminal/progress.js"
import { say } from "../terminal/terminal.js"
import { type Row, rows } from "./log.js"

/** How far the log was read: to its end, or not, or not at all because the API key to call with may not read it. */
export type Reading = "Whole" | "Part" | "Refused"

export interface Trail {
  /** The first moment that matters. */
  readonly since: Option.Option<DateTime.Utc>
  /** Reads the log, at most for so long. */
  readonly read: (options?: {
    readonly atMost?: Duration.DurationInput
    readonly stop?: Effect.Effect<unknown>
  }) => Effect.Effect<Reading, never, InstantlyClient>
  /** The rows of keys. One that was read with the id of its key keeps it. */
  readonly rows: Effect.Effect<ReadonlyArray<Row>>
  /** How many rows of all kinds the last reading saw. */
  readonly count: Effect.Effect<number>
}

export const withCommas = (n: number) => String(n).replaceAll(/\B(?=(\d{3})+$)/g, ",")

const refused = say(
  "The audit log cannot be read: the API key to call with lacks the scope audit_logs:read. You can create one in Instantly that has it."
)

/** Whether the API key to call with may read the log; none if that cannot be found out soon. Says so if not. */
export const isReadable = Stream.runHead(rows(Option.none())).pipe(
  quickly,
  Effect.as(Option.some(true)),
  Effect.catchAll((error) =>
    error._tag === "InsufficientScope" ? Effect.as(refused, Option.some(false)) : Effect.succeedNone
  )
)

/** Says why the log was not read to its end. */
const incomplete = (why: string, reading: Reading = "Part") =>
  Effect.as(say(`The audit log was not read to its end: ${why}`), reading)

/** Makes an empty trail of what happened since then. */
export const make = (since: Option.Option<DateTime.Utc>): Trail => {
  const found = new Map<string, Row>()
  let count = 0
  let last: Row | undefined

  const add = (row: Row) =>
    Effect.sync(() => {
      count += 1
      last = row
      if (Option.isSome(row.keyId)) found.set(row.id, row)
    })
  const line = Effect.sync(() => {
    const day = last === undefined ? "" : ` · at ${DateTime.formatIsoDateUtc(last.at)}`
    return `Reading the audit log · ${withCommas(count)} rows${day}`
  })

  const read: Trail["read"] = ({ atMost = "1 day", stop = Effect.never } = {}) =>
    Effect.gen(function* () {
      count = 0
      yield* Progress.start(line)
      return yield* Stream.runForEach(rows(since), add).pipe(
        Effect.as("Whole" as const),
        Effect.raceFirst(Effect.as(stop, "Stopped" as const)),
        Effect.timeoutTo({ duration: atMost, onSuccess: (end) => end, onTimeout: () => "Late" as const })
      )
    }).pipe(
      Effect.scoped,
      Effect.matchEffect({
        onSuccess: (end) => {
          if (end === "Whole") return Effect.succeed<Reading>("Whole")
          return incomplete(end === "Late" ? "it is long, and the deletion does not wait for it." : "stopped.")
        },
        onFailure: (error) =>
          error._tag === "InsufficientScope"
            ? Effect.as(refused, "Refused" as const)
            : incomplete(error.message, isUnauthorized(error._tag) ? "Refused" : "Part")
      })
    )
  return { since, read, rows: Effect.sync(() => [...found.values()]), count: Effect.sync(() => count) }
}
