/**
 * How well the tests notice a mistake: each mutant of a module is held to the tests of that module. It is no part of what is
 * installed for development. This fetches it, leaves `package.json` and the lock file as they are, and takes about an hour:
 *
 *   npm install --no-save @stryker-mutator/core@9.5.1 @stryker-mutator/vitest-runner@9.5.1
 *   npx stryker run test/mutation/stryker.config.mjs
 *
 * For one module, add `--mutate src/RetryPolicy.ts`. `npm ci` removes it again.
 */
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
