import { appendFileSync } from "node:fs"
import type { Reporter } from "vitest/node"

/**
 * Ends the report with one plain line of counts, and names before it what was skipped. What fails outside of a test, such as
 * a file that cannot be loaded, counts as failed, too. Where `COUNTS` names a file, the counts are appended to it: `.ci/run`
 * adds them up.
 */
export const counts: Reporter = {
  onTestRunEnd: (modules, unhandledErrors) => {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const inState = (state: "passed" | "failed" | "skipped") => tests.filter((test) => test.result().state === state)
    for (const test of inState("skipped")) console.log(`skipped: ${test.fullName}`)
    const suites = modules.flatMap((module) => [module, ...module.children.allSuites()])
    const outside = suites.flatMap((suite) => suite.errors()).length + unhandledErrors.length
    const passed = inState("passed").length
    const failed = inState("failed").length + outside
    const skipped = inState("skipped").length
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
    const file = process.env["COUNTS"]
    if (file !== undefined && file !== "") appendFileSync(file, `${passed} ${failed} ${skipped}\n`)
  }
}
