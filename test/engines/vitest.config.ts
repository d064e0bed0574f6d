import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import base from "../vitest.config.js"

/** What needs a real engine, which `npm test` leaves out: `redis-server`, or PostgreSQL. */
export default defineConfig({
  ...base,
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    ...base.test,
    include: ["test/engines/*.test.ts", "examples/durable/*.test.ts"],
    exclude: [],
    // for what never ends: a slow machine must not fail them
    hookTimeout: 1_200_000,
    testTimeout: 1_200_000,
    // `layer` of @effect/vitest changes vitest's own `it`
    isolate: true,
    // some of them measure time, and others start many processes
    fileParallelism: false
  }
})
