import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { served } from "../../examples/embedded/served.js"
import { absent, atDouble, bundled, live, nowhere, sent, tool } from "../support/tool.js"

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

describe("check", () => {
  it.live("needs no other key: 1 where the secret is alive, 3 where it is not accepted, or cut short", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const { INSTANTLY_BASE_URL } = yield* atDouble
      const key = yield* mock.createApiKey({ scopes: ["leads:all"] })
      const secret = Redacted.value(key.secret)
      const check = (input: string) => tool(["check"], { environment: { INSTANTLY_BASE_URL }, input })
      const alive = yield* check(secret)
      expect(alive).toMatchObject({ code: 1, output: expect.stringContaining("its key is alive") })
      expect(alive.output).toContain(INSTANTLY_BASE_URL)
      const cut = yield* check(secret.slice(0, -2))
      expect(cut).toMatchObject({ code: 3, output: expect.stringContaining("dead, or it was not pasted whole") })
      expect(yield* check("")).toMatchObject({ code: 2, output: expect.stringContaining("The secret is empty.") })
    }).pipe(Effect.provide(served()))
  )

  it.live("ends although its stdin is held open", () =>
    Effect.gen(function* () {
      const { code } = yield* tool(["check", "--rehearse"], { input: "made-up-and-leaked\n", open: true })
      expect(code).toBe(1)
    })
  )

  it.live("is 3 where Instantly cannot be asked, and names the address", () =>
    Effect.gen(function* () {
      const { INSTANTLY_BASE_URL } = nowhere
      const { code, output } = yield* tool(["check"], { environment: { INSTANTLY_BASE_URL }, input: "made-up" })
      expect(output).toContain(`This was at ${INSTANTLY_BASE_URL}. It is not known whether the secret is alive.`)
      expect(code).toBe(3)
    })
  )

  it.live("takes no secret as an argument: exit code 2", () =>
    Effect.gen(function* () {
      const { code, output } = yield* tool(["check", "made-up-secret"])
      expect(output).toContain("If you gave a secret, it has leaked now: rotate that key")
      expect(code).toBe(2)
    })
  )
})
