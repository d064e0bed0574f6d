import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { served } from "../../../examples/embedded/served.js"
import { atDouble, bundled, nowhere, tool } from "../../support/tool.js"

bundled()

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
