import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { counts } from "../support/counts.js"

/** The tests of the package, which `npm test` leaves out: they install it, and its peers, from the registry. */
export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    include: ["test/package/*.test.ts"],
    globalSetup: ["test/support/build.ts", "test/package/pack.ts"],
    // each starts many processes
    fileParallelism: false,
    reporters: ["default", counts],
    testTimeout: 180_000,
    hookTimeout: 300_000
  }
})
