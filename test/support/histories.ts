import { expect } from "@effect/vitest"
import { FastCheck } from "effect"

const { CI, HISTORIES, SEED } = process.env

/** Whether everything is tried at its full number. */
export const isWhole = CI !== undefined && CI !== ""

/**
 * How many random histories a law is tried on: all of them where `CI` is set, as in `.ci/run`, else a twentieth, so that
 * `npm test` is quick for a newcomer. More, and others, with `HISTORIES=100000 SEED=2 npm test`.
 */
export const histories = (all: number): number => Number(HISTORIES ?? (isWhole ? all : Math.ceil(all / 20)))

/** How many of anything else a test takes, by the same rule. */
export const scaled = (all: number): number => (isWhole ? all : Math.ceil(all / 20))

/** The command that tries the same histories of the test that is running once more. */
const command = (seed: number): string => {
  const { currentTestName = "", testPath = "" } = expect.getState()
  const pattern = currentTestName.replaceAll(" > ", " ").replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")
  return [
    ...(isWhole ? ["CI=true"] : []),
    ...(HISTORIES === undefined ? [] : [`HISTORIES=${HISTORIES}`]),
    `SEED=${seed} npx vitest run --config test/vitest.config.ts`,
    testPath.slice(process.cwd().length + 1),
    `-t '${pattern.replaceAll("'", "'\\''")}'`
  ].join(" ")
}

/** What holds for all histories: they are those of `SEED`, and one that breaks its law says how to repeat it. */
export const repeatable: FastCheck.GlobalParameters = {
  ...(SEED === undefined ? {} : { seed: Number(SEED) }),
  reporter: (result) => {
    if (result.failed) {
      const message = `${FastCheck.defaultReportMessage(result)}\n\nTo repeat it:\n${command(result.seed)}\n`
      throw new Error(message, { cause: result.errorInstance })
    }
  }
}
