/** The rows read from the audit log so far. It can be read twice, because rows may lose the id of a deleted key. */
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { InstantlyClient } from "../../InstantlyClient.js"
import { isUnauthorized } from "../instantly/workspace.js"
import * as Progress from "../terminal/progress.js"
import { say } from "../terminal/terminal.js"
import { codes } from "../usage/exit.js"
import { type Row, rows } from "./log.js"

export interface Trail {
  /** Says so if the log cannot be read, because a scope is missing. */
  readonly probe: Effect.Effect<void, never, InstantlyClient>
  /** Reads the log, at most for so long, and returns the exit code: 0 if it was read whole. */
  readonly read: (options?: {
    readonly atMost?: Duration.DurationInput
    readonly stop?: Effect.Effect<unknown>
  }) => Effect.Effect<number, never, InstantlyClient>
  /** The rows of keys. One that was read with the id of its key keeps it. */
  readonly rows: Effect.Effect<ReadonlyArray<Row>>
  /** How many rows of all kinds the last reading saw. */
  readonly count: Effect.Effect<number>
}

export const withCommas = (n: number) => String(n).replaceAll(/\B(?=(\d{3})+$)/g, ",")

/** Says why the log was not read to its end. */
const incomplete = (why: string, code: number = codes.unknown) =>
  Effect.as(say(`The audit log was not read to its end: ${why}`), code)

/** Makes an empty trail of what happened since then. */
export const make = (since: Option.Option<DateTime.Utc>): Trail => {
  const found = new Map<string, Row>()
  let count = 0
  let last: Row | undefined
  let isRefused = false

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

  const refused = Effect.suspend(() => {
    isRefused = true
    return Effect.as(
      say(
        "The audit log cannot be read: the API key to call with lacks the scope audit_logs:read. You can create one in Instantly that \
has it."
      ),
      codes.unauthorized
    )
  })
  const probe = Stream.runHead(rows(since)).pipe(
    Effect.catchTag("InsufficientScope", () =>
      Effect.zipRight(
        refused,
        say("After a deletion its rows may no longer name the key. Then an audit with another API key finds less.")
      )
    ),
    Effect.ignore
  )
  const read: Trail["read"] = ({ atMost = "1 day", stop = Effect.never } = {}) =>
    Effect.gen(function* () {
      // It would be refused again.
      if (isRefused) return "Refused" as const
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
          if (end === "Whole") return Effect.succeed<number>(codes.gone)
          if (end === "Refused") return Effect.succeed(codes.unauthorized)
          return incomplete(end === "Late" ? "it is long, and the deletion does not wait for it." : "stopped.")
        },
        onFailure: (error) =>
          error._tag === "InsufficientScope"
            ? refused
            : incomplete(error.message, isUnauthorized(error._tag) ? codes.unauthorized : codes.unknown)
      })
    )
  return { probe, read, rows: Effect.sync(() => [...found.values()]), count: Effect.sync(() => count) }
}
