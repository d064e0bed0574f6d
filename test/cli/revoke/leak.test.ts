import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { address, served } from "../../../examples/embedded/served.js"
import { absent, bundled, type Given, hasScript, inOneLine, live, sent, tool } from "../../support/tool.js"

bundled()

/** A secret that has the shape of a real one, and is nobody's. */
const neverIssued = btoa("019e18e2-78d4-7322-941a-7384d8969c61:madeup999999")

/** The tool with a key to call with that lists and deletes keys, and no more. */
const atDouble = (given: Given = {}) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey({ name: "caller", scopes: ["api_keys:read", "api_keys:delete"] })
    const environment = { INSTANTLY_API_KEY: Redacted.value(caller.secret), INSTANTLY_BASE_URL: yield* address }
    return (args: ReadonlyArray<string>) => tool(["revoke", "--leaked", ...args], { environment, ...given })
  })

describe("--leaked", () => {
  it.live("takes a secret from a line of a shell script, and checks again while a deleted key works", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const leaked = yield* mock.createApiKey({ scopes: ["leads:all"] })
      const revoke = yield* atDouble({ input: `export INSTANTLY_API_KEY="${Redacted.value(leaked.secret)}";\r\n` })
      const { code, output } = yield* revoke([leaked.id, "--yes"])
      expect(output).toContain("The leaked secret: the text around it was left out (export, ")
      expect(output).toContain(
        "The secret is alive. Instantly says only that it lacks a scope.\nIts scopes: leads:all."
      )
      expect(output).toContain("The secret is dead: Instantly accepted it before, and refuses it now.")
      expect(code).toBe(0)
    }).pipe(Effect.provide(served({ revocationLag: "2 seconds" })))
  )

  it.live("goes on with ids where the secret is refused, and says so: 0 if it is whole, 3 if not", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      for (const [input, expected] of [
        [neverIssued, 0],
        [neverIssued.slice(3), 3]
      ] as const) {
        const key = yield* mock.createApiKey()
        const revoke = yield* atDouble({ input })
        const { code, output } = yield* revoke([key.id, "--yes"])
        expect(output).toContain("in the same words as a made-up secret.")
        expect(output).toContain("Going on with the keys that were given.")
        expect(output).toContain("The secret is refused in the same words as a made-up one.")
        expect(code, output).toBe(expected)
        expect((yield* sent).at(-1)).toBe(key.id)
      }
    }).pipe(Effect.provide(served()))
  )

  it.live("stops where the secret is refused and nothing says which key it is", () =>
    Effect.gen(function* () {
      const revoke = yield* atDouble({ input: neverIssued })
      const { code, output } = yield* revoke(["--yes"])
      expect(output).toContain("Nothing was deleted. To delete a key all the same, give its id or --name.")
      expect(output).toContain("If you know the id of its key:\n  effect-instantly audit ID\n")
      expect(code).toBe(0)
      const cut = yield* atDouble({ input: neverIssued.slice(0, 60) })
      expect((yield* cut(["--yes"])).code).toBe(3)
      expect(yield* sent).toEqual([])
    }).pipe(Effect.provide(served()))
  )

  it.live("goes on with ids where nobody knows whether the secret is alive", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const key = yield* mock.createApiKey()
      const gone = yield* mock.createApiKey()
      yield* mock.deleteApiKey(gone.id)
      const revoke = yield* atDouble({ input: Redacted.value(gone.secret) })
      const { code, output } = yield* revoke([key.id, "--yes"])
      expect(output).toContain("It is not known whether the secret is alive. Going on with the keys that were given.")
      expect(output).toContain("It is not known whether it is dead.")
      expect(code).toBe(3)
      expect(yield* sent).toEqual([key.id])
    }).pipe(Effect.provide(served({ revokedKeyMessage: "Key was revoked" })))
  )
})

describe("--leaked --yes on a pipe, without ids", () => {
  /** The restricted key that leaked, among others. */
  const withLeak = (options: { readonly twin?: boolean; readonly elsewhere?: boolean } = {}) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const workspaceId = options.elsewhere === true ? yield* mock.createWorkspace() : mock.workspaceId
      const leaked = yield* mock.createApiKey({ name: "leaked", scopes: ["leads:all", "accounts:read"], workspaceId })
      yield* mock.createApiKey({ name: "other", scopes: ["leads:all"] })
      if (options.twin === true) yield* mock.createApiKey({ name: "twin", scopes: ["accounts:read", "leads:all"] })
      const revoke = yield* atDouble({ input: Redacted.value(leaked.secret) })
      return { leaked, ...(yield* revoke(["--yes"])), sent: yield* sent }
    })

  it.live.each([
    { what: "the list shows whose secret it is", options: {} },
    { what: "the secret holds the id of its key", options: { shownSecret: "masked", uuidInSecret: "key" } },
    { what: "one key alone has exactly its scopes", options: { shownSecret: "empty" } }
  ] as const)("deletes the key where $what", ({ options }) =>
    Effect.gen(function* () {
      const { code, leaked, output, sent } = yield* withLeak()
      expect(sent).toEqual([leaked.id])
      expect(output).toContain("The secret is dead: ")
      expect(code).toBe(0)
    }).pipe(Effect.provide(served(options)))
  )

  it.live.each([
    { what: "two keys have its scopes", leak: { twin: true }, options: {}, words: "it can be one of 2" },
    {
      what: "no refusal lists its scopes",
      leak: {},
      options: { listsFoundScopes: false },
      words: "it can be one of 2"
    },
    {
      what: "it is of another workspace",
      leak: { elsewhere: true },
      options: {},
      words: "THE LEAKED SECRET SEEMS TO BE OF ANOTHER WORKSPACE"
    }
  ] as const)("refuses where $what", ({ leak, options, words }) =>
    Effect.gen(function* () {
      const { code, output, sent } = yield* withLeak(leak)
      expect(output).toContain(words)
      expect(output).toContain("Give ids, --file or --name.")
      expect(sent).toEqual([])
      expect(code).toBe(2)
    }).pipe(Effect.provide(served({ shownSecret: "masked", ...options })))
  )
})

describe.skipIf(!hasScript)("--leaked in a terminal", () => {
  it.live("marks the keys whose scopes fit, and asks again after one that cannot be meant", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const leaked = yield* mock.createApiKey({ name: "leaked", scopes: ["api_keys:all", "leads:all"] })
      const other = yield* mock.createApiKey({ name: "other", scopes: ["leads:all"] })
      const { code, output } = yield* live(["--leaked"], {
        terminal: true,
        steps: [
          ["(it is not shown): ", `${Redacted.value(leaked.secret)}\r`],
          ["Only number 1 fits the leaked secret.", "2\r"],
          ["The number again", "2\r"],
          ["to go on:", "yes\r"],
          ["to go on:", "\r"]
        ]
      })
      expect(inOneLine(output)).toContain('[its scopes fit the leaked secret] "leaked"')
      expect(inOneLine(output)).toContain(
        "THE LEAKED SECRET BELONGS TO ANOTHER KEY: by its scopes, it can be none of them."
      )
      expect(output).toContain('Type it as shown: "delete 1 other key".')
      expect(output).not.toContain("locks itself out")
      expect(output.trimEnd()).toMatch(/Nothing was deleted\.\r\nThe leaked secret is still alive\.$/)
      expect((yield* mock.apiKeys).map(({ id }) => id)).toContain(other.id)
      expect(code).toBe(2)
    }).pipe(Effect.provide(served({ shownSecret: "masked", listsFoundScopes: false })))
  )

  it.live("marks the keys that have exactly the scopes of the secret, and names the number of the only one", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      yield* mock.createApiKey({ name: "other", scopes: ["leads:read"] })
      const leaked = yield* mock.createApiKey({ name: "leaked", scopes: ["leads:all"] })
      const { code, output } = yield* live(["--leaked"], {
        terminal: true,
        steps: [
          ["(it is not shown): ", `${Redacted.value(leaked.secret)}\r`],
          ["Its number", "\r"]
        ]
      })
      expect(output).toContain(`2  [it has exactly the leaked secret's scopes] "leaked"`)
      expect(output).toContain("The leaked secret is of this workspace.")
      expect(output).toContain("Only number 2 fits the leaked secret. Its number, or Enter to delete nothing: ")
      expect(code).toBe(2)
    }).pipe(Effect.provide(served({ shownSecret: "masked" })))
  )

  it.live("shows the marked key last where there are more keys than the screen holds", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const leaked = yield* mock.createApiKey({ name: "leaked", scopes: ["leads:all"] })
      yield* Effect.forEach(Array.from({ length: 300 }), (_, n) => mock.createApiKey({ name: `key ${n}` }))
      const { output } = yield* live(["--leaked"], {
        terminal: true,
        steps: [
          ["(it is not shown): ", `${Redacted.value(leaked.secret)}\r`],
          ["Its number", "\r"]
        ]
      })
      const [list = "", question = ""] = output.split("The leaked secret is number 1's.")
      expect(list.trimEnd()).toMatch(
        new RegExp(`  1  \\[the leaked secret is this one's\\] "leaked"\\s+0 min  "leads:all"  ${leaked.id}\\s*\\S*$`)
      )
      expect(question).toContain("Its number, or Enter to delete nothing: ")
    }).pipe(Effect.provide(served()))
  )

  it.live("asks again after what cannot be a secret, and after Enter, until Ctrl-C", () =>
    Effect.gen(function* () {
      const { code, output } = yield* live(["--leaked"], {
        terminal: true,
        steps: [
          ["(it is not shown): ", "two words\r"],
          ["(it is not shown): ", "\r"],
          ["(it is not shown): ", "\u0003"]
        ]
      })
      expect(output).not.toContain("two words")
      expect(inOneLine(output)).toContain("it has spaces, or other characters that no secret has. Paste it, or press")
      expect(output).toContain("The leaked secret is empty. Paste it, or press Ctrl-C to end.")
      expect(output).toContain("Nothing was deleted.")
      expect(code).toBe(2)
    }).pipe(Effect.provide(served()))
  )

  it.live("warns of a secret that holds neither this workspace's id nor a key's", () =>
    Effect.gen(function* () {
      const { output } = yield* live(["--leaked", absent], {
        terminal: true,
        steps: [
          ["(it is not shown): ", `${neverIssued}\r`],
          ["to go on:", "\r"]
        ]
      })
      expect(inOneLine(output)).toContain(
        "THE LEAKED SECRET SEEMS TO BE OF ANOTHER WORKSPACE: 019e18e2-78d4-7322-941a-7384d8969c61"
      )
    }).pipe(Effect.provide(served()))
  )
})
