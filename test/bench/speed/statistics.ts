/** What several rounds say together: the median and the quartiles around it, and whether that is within a limit. */

/** The value that a share of the sample does not exceed, between two neighbours in proportion. */
export const quantile = (sample: ReadonlyArray<number>, share: number): number => {
  const sorted = [...sample].sort((a, b) => a - b)
  const at = share * (sorted.length - 1)
  const [low = Number.NaN, high = low] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
  return low + (high - low) * (at - Math.floor(at))
}

export const median = (sample: ReadonlyArray<number>): number => quantile(sample, 0.5)

/** How many times as much the first cost as the second, in each round: what slows the machine slows both. */
export const ratios = (sample: ReadonlyArray<number>, reference: ReadonlyArray<number>): ReadonlyArray<number> =>
  sample.map((value, round) => value / (reference[round] ?? Number.NaN))

/** A measure that the design sets: a median that must not exceed a limit. */
export const verdict = (sample: ReadonlyArray<number>, limit: number): "holds" | "falls short" =>
  median(sample) <= limit ? "holds" : "falls short"

/** A median, and the quartiles on both its sides. */
export const spread = (sample: ReadonlyArray<number>, digits: number): string =>
  `${median(sample).toFixed(digits)} (${quantile(sample, 0.25).toFixed(digits)}–${quantile(sample, 0.75).toFixed(digits)})`
