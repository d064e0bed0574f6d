/** What the figures of a measurement say, and what is required of them. */
import { Schema } from "effect"

/** What the server counted. Engines that share a limit are measured with it, too: they read `rejected`, which is ours. */
export const Report = Schema.Struct({
  ours: Schema.Number,
  rejected: Schema.Number,
  others: Schema.Number,
  othersRejected: Schema.Number,
  /** Seconds from our first request to our last one. */
  arriving: Schema.Number,
  /** How many of ours were admitted in each of these seconds. */
  admittedBySecond: Schema.Array(Schema.Number),
  /** By how many milliseconds the timers of the server were late: 99 in 100 of them by no more. */
  late: Schema.Number
})

export type Report = typeof Report.Type

/** The least value that this share of them does not exceed. */
export const percentile = (values: ReadonlyArray<number>, share: number): number =>
  [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)] ?? 0

const percent = (part: number, whole: number) => (whole === 0 ? 0 : (100 * part) / whole)

/** Our admitted requests, of those that the others leave. */
export const ofFree = ({ arriving, others, ours, rejected }: Report) =>
  percent(ours - rejected, 100 * arriving - others)

export const oursRejected = (report: Report) => percent(report.rejected, report.ours)

export const othersRejected = (report: Report) => percent(report.othersRejected, report.others)

/** In which second after the others had stopped we were back at 88 a second. */
export const backAfter = ({ admittedBySecond }: Report, othersFor: number) =>
  1 + admittedBySecond.slice(othersFor).findIndex((admitted) => admitted >= 88)

export interface Required {
  /** Percent. */
  readonly ofFree?: number
  /** Percent. */
  readonly rejected?: number
  /** Seconds. */
  readonly back?: number
}

/** What a measurement falls short of. A rejection is one on any machine; a busy one has no time to keep a pace. */
export const shortOf = (report: Report, required: Required, othersFor: number): ReadonlyArray<string> => {
  const back = backAfter(report, othersFor)
  const isSlow = [
    ...(ofFree(report) < (required.ofFree ?? 0) ? [`less than ${required.ofFree} % of what is free`] : []),
    ...(required.back !== undefined && !(back >= 1 && back <= required.back)
      ? [`not back at 88 a second within ${required.back} seconds`]
      : [])
  ]
  return [
    ...isSlow.map((what) => (report.late > 5 ? `${what}, but the machine is too busy` : what)),
    ...(oursRejected(report) > (required.rejected ?? 100) ? [`more than ${required.rejected} % of ours rejected`] : [])
  ]
}
