/** What is required of this library where others use the limit, too, and whether measurements meet it. */

import { isTooBusy, type Verdict, worst } from "../verdict.js"

/** What the server counted, in so many seconds. */
export interface Shared {
  readonly ours: number
  readonly oursRejected: number
  readonly others: number
  readonly othersRejected: number
  readonly seconds: number
  /** By how many milliseconds the timers of the server were late: 99 in 100 of them by no more. */
  readonly late: number
}

/** What was measured of one contender, beside so many requests a second of others. */
export interface Cell {
  readonly contender: string
  readonly load: number
  readonly measured: Shared
}

/** Our admitted requests, of those that the others leave, in percent. */
export const ofFree = ({ others, ours, oursRejected, seconds }: Shared) =>
  (100 * (ours - oursRejected)) / (100 * seconds - others)

/** Percent of our requests that are rejected. */
export const rejected = ({ ours, oursRejected }: Shared) => (ours === 0 ? 0 : (100 * oursRejected) / ours)

/** Percent of the others' requests that are rejected. */
export const othersRejected = (measured: Shared) =>
  measured.others === 0 ? 0 : (100 * measured.othersRejected) / measured.others

export interface Requirement {
  readonly says: string
  readonly loads: ReadonlyArray<number>
  /** Whether it is one of a pace, which a busy machine does not prove. */
  readonly isOfPace: boolean
  /** `closed` is the same measurement of a gate that closes for a second. */
  readonly holds: (measured: Shared, closed: Shared | undefined) => boolean
}

export const loads = [0, 10, 40, 70]

export const requirements: ReadonlyArray<Requirement> = [
  {
    says: "at least 85 % of what the others leave, at each load",
    loads,
    isOfPace: true,
    holds: (measured) => ofFree(measured) >= 85
  },
  { says: "at least 90 a second, alone", loads: [0], isOfPace: true, holds: (measured) => ofFree(measured) >= 90 },
  { says: "no rejection, alone", loads: [0], isOfPace: false, holds: ({ oursRejected }) => oursRejected === 0 },
  {
    says: "at most 3 % of ours rejected, with others at up to 40 a second",
    loads: [0, 10, 40],
    isOfPace: false,
    holds: (measured) => rejected(measured) <= 3
  },
  {
    says: "a smaller share of the others' rejected than by a gate that closes for a second",
    loads: [10, 40, 70],
    isOfPace: false,
    holds: (measured, closed) => closed === undefined || othersRejected(measured) < othersRejected(closed)
  }
]

/** The worst of what the measurements of `adapting` say of a requirement, compared with those of `closing`. */
export const judge = (
  requirement: Requirement,
  cells: ReadonlyArray<Cell>,
  adapting: string,
  closing: string
): Verdict => {
  const find = (contender: string, load: number) =>
    cells.find((cell) => cell.contender === contender && cell.load === load)?.measured
  const each = requirement.loads.flatMap((load): ReadonlyArray<Verdict> => {
    const measured = find(adapting, load)
    if (measured === undefined) return []
    if (requirement.holds(measured, find(closing, load))) return ["holds"]
    return [requirement.isOfPace && isTooBusy(measured) ? "the machine is too busy" : "falls short"]
  })
  return worst(each)
}
