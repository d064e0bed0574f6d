/** Whether everything is tried at its full number. */
export const isWhole = process.env["CI"] !== undefined && process.env["CI"] !== ""

/**
 * How many random histories a law is tried on: all of them where `CI` is set, as in `.ci/run`, else a tenth, so that
 * `npm test` is quick for a newcomer. More, and others, with `HISTORIES=100000 SEED=2 npm test`.
 */
export const histories = (all: number): number =>
  Number(process.env["HISTORIES"] ?? (isWhole ? all : Math.ceil(all / 10)))

/** How many of anything else a test takes, by the same rule. */
export const scaled = (all: number): number => (isWhole ? all : Math.ceil(all / 10))
