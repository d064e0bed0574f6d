/** How measurements look on a terminal. */
import { spread, verdict } from "./statistics.js"

export type Row = ReadonlyArray<string>

export const table = (head: Row, rows: ReadonlyArray<Row>): string => {
  const line = (cells: Row) => `| ${cells.join(" | ")} |`
  return [line(head), line(head.map(() => "---")), ...rows.map(line), ""].join("\n")
}

/** A measure that must not exceed a limit. */
export interface Rule {
  readonly measure: string
  /** One value for each round. */
  readonly sample: ReadonlyArray<number>
  readonly atMost: number
  /** Digits that are shown behind the point. Default: 2. */
  readonly digits?: number
  /** What falls short on a busy machine proves nothing. */
  readonly isTooBusy?: boolean
}

export const holds = ({ atMost, sample }: Rule): boolean => verdict(sample, atMost) === "holds"

const verdictOf = (rule: Rule): string =>
  rule.isTooBusy && !holds(rule) ? "the machine is too busy" : verdict(rule.sample, rule.atMost)

export const verdicts = (rules: ReadonlyArray<Rule>): string =>
  table(
    ["measure", "median (quartiles)", "at most", "verdict"],
    rules.map((rule) => [rule.measure, spread(rule.sample, rule.digits ?? 2), String(rule.atMost), verdictOf(rule)])
  )
