import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { hostileName, hostileNamePrinted, runExample } from "../test/support/example.js"
import { served } from "./embedded/served.js"

describe("examples/audit.ts", () => {
  it.live("prints what a key did, and the keys that were created with it, from all pages", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const leaked = yield* mock.createApiKey({ name: "leaked" })
      const { keys } = yield* mock.playThief(leaked, { keyNames: [hostileName] })
      // so many rows of other keys that there is a second page
      yield* Effect.forEach(Array.from({ length: 250 }), () => mock.recordActivity({ type: 34 }))
      const { code, output } = yield* runExample("examples/audit.ts", [leaked.id])
      expect(output.match(/ activity \d+ from "203.0.113.66" "curl\/8.5.0"/g)).toEqual([
        ' activity 18 from "203.0.113.66" "curl/8.5.0"',
        ' activity 34 from "203.0.113.66" "curl/8.5.0"',
        ' activity 37 from "203.0.113.66" "curl/8.5.0"'
      ])
      expect(output).toContain(`  created ${hostileNamePrinted} ${keys[0]?.id}`)
      expect(code).toBe(0)
    }).pipe(Effect.provide(served()))
  )

  it.live("says so if the log has nothing of a key", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const idle = yield* mock.createApiKey({ name: "idle" })
      expect(yield* runExample("examples/audit.ts", [idle.id])).toEqual({
        code: 0,
        output: "nothing in the audit log\n"
      })
    }).pipe(Effect.provide(served()))
  )
})
