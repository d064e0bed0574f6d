/** How measurements look on a terminal. */
import { Either } from "effect"
import { type Result, throughput } from "./verdict.js"

type Row = ReadonlyArray<string>

const head: Row = [
  "",
  "latency",
  "deletes",
  "rejected: sliding",
  "fixed",
  "worst second",
  "deleted/s",
  "seconds",
  "timers late (p99)"
]

const rowOf = ({ contender, latency, measured }: Result): Row => [
  contender,
  latency,
  ...Either.match(measured, {
    onLeft: (why) => [why],
    onRight: (all) => [
      String(all.requests),
      String(all.sliding),
      String(all.fixed),
      String(all.worstSecond),
      throughput(all).toFixed(1),
      all.seconds.toFixed(1),
      `${all.late.toFixed(0)} ms`
    ]
  })
]

export const table = (results: ReadonlyArray<Result>): string => {
  const rows = [head, ...results.map(rowOf)]
  const complete = rows.filter(({ length }) => length === head.length)
  const widths = head.map((_, column) => Math.max(...complete.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((text, column) => (column < 2 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)))
        .join("  ")
    )
    .join("\n")
}
