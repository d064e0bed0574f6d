import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { served } from "../../../examples/embedded/served.js"
import { absent, bundled, live, sent } from "../../support/tool.js"

bundled()

describe("--leaked", () => {
  it.live("of a secret that is not accepted guesses nothing, and deletes nothing", () =>
    Effect.gen(function* () {
      const { code, output } = yield* live(["--leaked", absent, "--yes"], { input: "made-up-secret-of-nobody\n" })
      expect(output).toContain("its key is dead, or it was not pasted whole")
      expect(code).toBe(3)
      expect(yield* sent).toEqual([])
    }).pipe(Effect.provide(served()))
  )

  it.live("takes a secret from quotes and a line of a shell script, says so, and asks while a deleted key works", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const leaked = yield* mock.createApiKey()
      const { code, output } = yield* live(["--leaked", leaked.id, "--yes"], {
        input: `export INSTANTLY_API_KEY="${Redacted.value(leaked.secret)}";\r\n`
      })
      expect(output).toContain("This was left out: export, NAME=, a semicolon at its end, the quotes around it.")
      expect(output).toContain("The secret is dead: ")
      expect(code).toBe(0)
      const asked = (yield* mock.arrivals).filter(({ method }) => method === "GET").map(({ status }) => status)
      expect(asked.length).toBeGreaterThan(4)
    }).pipe(Effect.provide(served({ revocationLag: "2 seconds" })))
  )

  it.live("says that a secret is still accepted: exit code 1", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const leaked = yield* mock.createApiKey()
      const other = yield* mock.createApiKey()
      const { code, output } = yield* live(["--leaked", other.id, "--yes"], { input: Redacted.value(leaked.secret) })
      expect(output).toContain("STILL ACCEPTED")
      expect(code).toBe(1)
    }).pipe(Effect.provide(served()))
  )
})
