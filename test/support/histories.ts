/**
 * How many random histories a law is tried on: all of them where `CI` is set, as in `.ci/run`, else a fraction, so that
 * `npm test` is quick for a newcomer. More, and others, with `HISTORIES=100000 SEED=2 npm test`.
 */
const isWhole = process.env["CI"] !== undefined && process.env["CI"] !== ""

export const histories = (all: number): number =>
  Number(process.env["HISTORIES"] ?? (isWhole ? all : Math.ceil(all / 5)))
