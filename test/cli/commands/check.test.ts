import { describe, expect, it } from "@effect/vitest"
import { Effect, Option, Redacted, Schema } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { served } from "../../../examples/embedded/served.js"
import { Secret } from "../../../src/cli/instantly/acceptance.js"
import { atDouble, bundled, nowhere, pasteRehearsed, tool } from "../../support/tool.js"

bundled()

/** `check` of this secret at the double on a socket, without any other key. */
const check = (input: string, args: ReadonlyArray<string> = []) =>
  Effect.gen(function* () {
    const { INSTANTLY_BASE_URL } = yield* atDouble
    return yield* tool(["check", ...args], { environment: { INSTANTLY_BASE_URL }, input })
  })

const decode = Schema.decodeUnknownSync(Schema.parseJson(Secret))

/** A secret that has the shape of a real one, and is nobody's. */
const neverIssued = btoa("019e18e2-78d4-7322-941a-7384d8969c61:madeup999999")

describe("check", () => {
  it.live("is 1 for a key without the scope to list keys, and shows the scopes that a refusal lists", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const key = yield* mock.createApiKey({ scopes: ["campaigns:all", "leads:all"] })
      const { code, output, stdout } = yield* check(Redacted.value(key.secret))
      expect(output).toContain("THE SECRET IS ALIVE. Instantly says only that it lacks a scope.")
      expect(output).toContain("Its scopes: campaigns:all, leads:all.")
      expect(output).toContain("To find and delete its key:\n  effect-instantly revoke --leaked")
      expect(code).toBe(1)
      expect(decode(stdout)).toMatchObject({ state: "Accepted", isWhole: true, scopes: Option.some(key.scopes) })
    }).pipe(Effect.provide(served()))
  )

  it.live("is 1 for a key that lists keys, whose scopes another refusal lists", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const key = yield* mock.createApiKey({ scopes: ["api_keys:read"] })
      const { code, output } = yield* check(Redacted.value(key.secret))
      expect(output).toContain("With it, Instantly lists the keys of its workspace.\nIts scopes: api_keys:read.")
      expect(code).toBe(1)
    }).pipe(Effect.provide(served()))
  )

  it.live("says so where no refusal lists scopes", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const all = yield* mock.createApiKey()
      expect((yield* check(Redacted.value(all.secret))).output).toContain(
        "It can list API keys and read the audit log. Its other scopes"
      )
      const some = yield* mock.createApiKey({ scopes: ["leads:all"] })
      expect((yield* check(Redacted.value(some.secret))).output).toContain("Instantly did not list its scopes.")
    }).pipe(Effect.provide(served({ listsFoundScopes: false })))
  )

  it.live("is 0 for a whole secret that is refused as one that never was", () =>
    Effect.gen(function* () {
      const { code, output, stdout } = yield* check(neverIssued)
      expect(output).toContain("Instantly refuses it in the same words as a made-up secret.\nIt is dead.")
      expect(code).toBe(0)
      expect(decode(stdout)).toMatchObject({ state: "Refused", isWhole: true })
    }).pipe(Effect.provide(served()))
  )

  it.live("is 3, with a hint, for a part of a living secret", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const key = yield* mock.createApiKey()
      const { code, output, stdout } = yield* check(Redacted.value(key.secret).slice(0, -2))
      expect(output).toContain("It may not be whole: it has 66 of 68 characters.")
      expect(output).not.toContain("dead")
      expect(code).toBe(3)
      expect(decode(stdout)).toMatchObject({ state: "Refused", isWhole: false })
    }).pipe(Effect.provide(served()))
  )

  it.live("is 3 where a deleted key is refused in other words than one that never was", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const key = yield* mock.createApiKey()
      yield* mock.deleteApiKey(key.id)
      const { code, output, stdout } = yield* check(Redacted.value(key.secret))
      expect(output).toContain("It is not known whether the secret is alive.")
      expect(code).toBe(3)
      expect(decode(stdout)).toMatchObject({ state: "Unknown" })
    }).pipe(Effect.provide(served({ revokedKeyMessage: "Key was revoked" })))
  )

  it.live("is 3 where the plan is checked before the key", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const key = yield* mock.createApiKey()
      yield* mock.setPaid(false)
      expect((yield* check(Redacted.value(key.secret))).code).toBe(3)
    }).pipe(Effect.provide(served({ planChecked: "beforeKey" })))
  )

  it.live("is 3 where Instantly cannot be asked, and names the address", () =>
    Effect.gen(function* () {
      const { INSTANTLY_BASE_URL } = nowhere
      const { code, output } = yield* tool(["check"], { environment: { INSTANTLY_BASE_URL }, input: "made-up" })
      expect(output).toContain(`This was at ${INSTANTLY_BASE_URL}. It is not known whether the secret is alive.`)
      expect(code).toBe(3)
    })
  )

  it.live("ends although its stdin is held open", () =>
    Effect.gen(function* () {
      const { code } = yield* tool(["check", "--rehearse"], { open: true, steps: [pasteRehearsed("pipe")] })
      expect(code).toBe(1)
    })
  )

  it.live("takes no secret as an argument, and none that is empty: exit code 2", () =>
    Effect.gen(function* () {
      const { code, output } = yield* tool(["check", "made-up-secret"])
      expect(output).toContain("If you gave a secret, it has leaked now. Run the command without it")
      expect(code).toBe(2)
      expect(yield* check("")).toMatchObject({ code: 2, output: expect.stringContaining("The secret is empty.") })
    }).pipe(Effect.provide(served()))
  )

  it.live.each([
    { form: (secret: string) => `Authorization: Bearer ${secret}`, words: "Authorization:, Bearer" },
    { form: (secret: string) => `x-instantly-api-key: ${secret}\r`, words: "x-instantly-api-key:" },
    { form: (secret: string) => `https://mcp.instantly.ai/mcp/${encodeURIComponent(secret)}`, words: "the address" },
    { form: (secret: string) => `"apiKey": "${secret}",`, words: "a name in JSON, the quotes" },
    {
      form: (secret: string) =>
        `curl https://api.instantly.ai/api/v2/leads -H "Authorization: Bearer ${secret}" -X POST`,
      words: "the curl command, Authorization:, Bearer"
    },
    { form: (secret: string) => `export KEY='${secret}';`, words: "NAME=, the quotes" }
  ])("leaves out what people paste around a secret, and says so: $words", ({ form, words }) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const key = yield* mock.createApiKey({ scopes: ["leads:all"] })
      const { code, output } = yield* check(form(Redacted.value(key.secret)))
      expect(output).toContain("The secret: the text around it was left out (")
      expect(output).toContain(words)
      expect(code).toBe(1)
    }).pipe(Effect.provide(served()))
  )
})
