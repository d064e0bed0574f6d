import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { absent, bundled, live, sent } from "../../test/support/tool.js"
import { served } from "../embedded/served.js"

bundled()

describe("--leaked", () => {
  it.live("of a secret that is dead says so, and deletes nothing", () =>
    Effect.gen(function* () {
      const { code, output } = yield* live(["--leaked", absent, "--yes"], { input: "made-up-secret-of-nobody\n" })
      expect(output).toContain("The secret is dead already")
      expect(code).toBe(0)
      expect(yield* sent).toEqual([])
    }).pipe(Effect.provide(served()))
  )

  it.live("asks again while a deleted key still works", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const leaked = yield* mock.createApiKey()
      const { code, output } = yield* live(["--leaked", leaked.id, "--yes"], { input: Redacted.value(leaked.secret) })
      expect(output).toContain("The secret is dead: ")
      expect(code).toBe(0)
      const asked = (yield* mock.arrivals).filter(({ method }) => method === "GET").map(({ status }) => status)
      expect(asked.length).toBeGreaterThan(2)
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
