import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { counts } from "./support/counts.js"

const src = (path: string) => fileURLToPath(new URL(`../src/${path}`, import.meta.url))

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    include: ["test/**/*.test.ts", "examples/**/*.test.ts"],
    // these need the network, or what is not here: npm run test:package, test:runtimes, test:engines
    exclude: ["**/node_modules/**", "test/package/**", "test/runtimes/**", "test/engines/**", "examples/durable/**"],
    reporters: ["default", counts],
    globalSetup: ["test/support/bundle.ts"],
    setupFiles: ["test/setup.ts"],
    // one more than there are cores, because many of the tests wait for sockets and processes
    minWorkers: availableParallelism() + 1,
    maxWorkers: availableParallelism() + 1,
    // To load Effect anew for each file takes longer than most of them do. So no file uses `layer` of @effect/vitest: it
    // changes vitest's own `it`, for the files after it, too.
    isolate: false,
    // for what never ends: a slow machine must not fail them
    hookTimeout: 300_000,
    testTimeout: 300_000
  },
  resolve: {
    alias: [
      { find: /^effect-instantly$/, replacement: src("index.ts") },
      { find: /^effect-instantly\/testing$/, replacement: src("testing/index.ts") },
      { find: /^effect-instantly\/(.*)$/, replacement: src("$1.ts") }
    ]
  }
})
