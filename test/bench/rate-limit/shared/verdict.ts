/** What is required of this library where others use the limit, too, and whether measurements meet it. */

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

export interface Verdict {
  readonly says: string
  /** Nothing, where it was not measured. */
  readonly holds: boolean | undefined
}

/** What is required of `adapting`; `closing` is what it is compared with. */
export const verdicts = (cells: ReadonlyArray<Cell>, adapting: string, closing: string): ReadonlyArray<Verdict> => {
  const find = (contender: string, load: number) =>
    cells.find((cell) => cell.contender === contender && cell.load === load)?.measured
  const loads = [...new Set(cells.map(({ load }) => load))]
  const all = (holds: (measured: Shared, load: number) => boolean | undefined, some = loads) => {
    const each = some.flatMap((load) => {
      const measured = find(adapting, load)
      return measured === undefined ? [] : [holds(measured, load)]
    })
    return each.length === 0 || each.includes(undefined) ? undefined : each.every((one) => one)
  }
  return [
    {
      says: `${adapting}: at least 85 % of what the others leave, at each load`,
      holds: all((one) => ofFree(one) >= 85)
    },
    {
      says: `${adapting}: at most 3 % of ours rejected, with others at up to 40 a second`,
      holds: all(
        (one) => rejected(one) <= 3,
        loads.filter((load) => load <= 40)
      )
    },
    {
      says: `${adapting}: no rejection, and at least 90 a second, alone`,
      holds: all(
        (one) => one.oursRejected === 0 && ofFree(one) >= 90,
        loads.filter((load) => load === 0)
      )
    },
    {
      says: `${adapting}: a smaller share of the others' rejected than by ${closing}`,
      holds: all(
        (one, load) => {
          const closed = find(closing, load)
          return closed && othersRejected(one) < othersRejected(closed)
        },
        loads.filter((load) => load > 0)
      )
    }
  ]
}
