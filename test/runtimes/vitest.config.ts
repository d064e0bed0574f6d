import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import base from "../vitest.config.js"

/** The suite of the runtimes, which `npm test` leaves out: it needs what `test/runtimes/package.json` pins. */
export default defineConfig({
  ...base,
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    ...base.test,
    include: ["test/runtimes/*.test.ts"],
    exclude: [],
    globalSetup: ["test/support/build.ts"],
    hookTimeout: 90_000
  }
})
