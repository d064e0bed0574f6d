/**
 * Which tests each module's mutants are held to: those that are named after it or after what it is a part of, and those in
 * a folder of that name. What only a test of something else would notice counts as not noticed.
 */
import { relative } from "node:path"
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"
import whole from "../vitest.config.js"

const double = ["testing/InstantlyMock", "testing/Fault", "promises/conformance"]

/** For the modules that other tests look at, too, by the beginning of their path. */
const partOf: Readonly<Record<string, ReadonlyArray<string>>> = {
  "InstantlyClient/": ["promises/wire", "promises/telemetry"],
  InstantlyClient: ["Instantly"],
  "RateLimit/": ["promises/telemetry"],
  "internal/parameters": ["RateLimit", "RetryPolicy"],
  "internal/telemetry": ["promises/telemetry"],
  testing: double
}

const testsOf = (module: string): ReadonlyArray<string> => [
  "index",
  module,
  // what stands behind a door is tested at the door
  module.replace(/\/.*/, ""),
  ...Object.entries(partOf).flatMap(([whole, tests]) => (module.startsWith(whole) ? tests : []))
]

/** Whether a test has this name, or stands in a folder that has. */
const isNamed = (test: string, name: string) => test === name || test.startsWith(`${name}/`)

/** The tests of what is mutated, in the order above: the first that fails ends the run. */
class OfTheModule extends BaseSequencer {
  override async sort(files: Array<TestSpecification>) {
    const { related = [], root } = this.ctx.config
    const tests = related.flatMap((file) => testsOf(relative(`${root}/src`, file).replace(/\.ts$/, "")))
    const place = ({ moduleId }: TestSpecification) => {
      const test = relative(`${root}/test`, moduleId).replace(/\.test\.ts$/, "")
      return tests.findIndex((name) => isNamed(test, name))
    }
    return files.filter((file) => place(file) >= 0).sort((a, b) => place(a) - place(b))
  }
}

export default defineConfig({
  ...whole,
  test: {
    ...whole.test,
    include: ["test/**/*.test.ts"],
    reporters: [],
    setupFiles: ["test/mutation/setup.ts", "test/setup.ts"],
    sequence: { setupFiles: "list", sequencer: OfTheModule },
    isolate: false,
    testTimeout: 10_000
  }
})
