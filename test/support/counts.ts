import type { Reporter } from "vitest/node"

/** Ends the report with one plain line of counts, and names before it what was skipped. */
export const counts: Reporter = {
  onTestRunEnd: (modules) => {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const inState = (state: "passed" | "failed" | "skipped") => tests.filter((test) => test.result().state === state)
    for (const test of inState("skipped")) console.log(`skipped: ${test.fullName}`)
    const [passed, failed, skipped] = [inState("passed"), inState("failed"), inState("skipped")]
    console.log(`${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`)
  }
}
