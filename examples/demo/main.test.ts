import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { expectPlain } from "../../test/support/example.js"
import { madeUpSecret } from "../../test/support/leaks.js"
import { run } from "../../test/support/process.js"

describe("npm run demo", () => {
  it.live(
    "deletes a key, shows NotFound, waits out a 429, loses a response, hides every secret, and fits 80 columns",
    () =>
      Effect.gen(function* () {
        const { code, output } = yield* run("examples/demo/main.ts", [])
        expect(code, output).toBe(0)
        for (const words of [
          '✓ deleted "leaked"',
          "✗ NotFound",
          "outcome NotApplied · 1 attempt",
          "That attempt may have deleted the key.",
          "outcome Unknown · 2 attempts",
          "deleted (loseResponse)",
          "secret <redacted>"
        ]) {
          expect(output).toContain(words)
        }
        expect(output).toMatch(/✓ deleted "throttled" after \d+s/)
        expect(output).not.toMatch(madeUpSecret)
        expect(output.split("\n").filter((line) => line.length > 80)).toEqual([])
        expectPlain(output)
      })
  )
})
