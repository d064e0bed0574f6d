/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  mutate: [
    "src/**/*.ts",
    // re-exports
    "!src/cli/**",
    "!src/index.ts",
    "!src/testing/index.ts",
    // data
    "!src/ApiKey/knownScopes.ts"
  ],
  testRunner: "vitest",
  vitest: { configFile: "test/mutation/vitest.config.ts" },
  plugins: ["@stryker-mutator/vitest-runner", "./test/mutation/table.mjs"],
  reporters: ["table", "json", "html"],
  jsonReporter: { fileName: "reports/mutation/mutation.json" },
  htmlReporter: { fileName: "reports/mutation/mutation.html" },
  incrementalFile: "reports/mutation/incremental.json",
  tempDirName: ".stryker-tmp",
  coverageAnalysis: "perTest",
  concurrency: 2,
  thresholds: { high: 95, low: 85, break: 85 }
}
