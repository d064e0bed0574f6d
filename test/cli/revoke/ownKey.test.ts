import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { address, served } from "../../../examples/embedded/served.js"
import { bundled, type Given, hasScript, keys, refusal, sent, tool } from "../../support/tool.js"

bundled()

/** The tool, and the key that it calls with. */
const withOwnKey = Effect.gen(function* () {
  const mock = yield* InstantlyMock.InstantlyMock
  const own = yield* mock.createApiKey({ name: "key of its own" })
  const secret = Redacted.value(own.secret)
  const environment = { INSTANTLY_API_KEY: secret, INSTANTLY_BASE_URL: yield* address }
  return {
    own: own.id,
    secret,
    revoke: (args: ReadonlyArray<string>, given?: Given) => tool(["revoke", ...args], { ...given, environment })
  }
})

describe("the key that the tool calls with", () => {
  it.live("is refused with --yes, and nothing is deleted", () =>
    Effect.gen(function* () {
      const { own, revoke } = yield* withOwnKey
      yield* keys(2)
      const { code, output } = yield* revoke(["--name", "key", "--yes"])
      expect(output).toContain(`${own} is the key that this tool calls with. Add --including-own-key`)
      expect(code).toBe(2)
      expect(yield* sent).toEqual([])
    }).pipe(Effect.provide(served()))
  )

  it.live("is the last with --including-own-key, and is seen dead", () =>
    Effect.gen(function* () {
      const { own, revoke } = yield* withOwnKey
      const others = (yield* keys(30)).map(({ id }) => id)
      const { code, output } = yield* revoke(["--name", "key", "--yes", "--including-own-key"])
      expect(output).toContain("The key that this tool calls with is dead")
      expect(code).toBe(0)
      expect((yield* sent).at(-1)).toBe(own)
      expect((yield* sent).toSorted()).toEqual([...others, own].toSorted())
    }).pipe(Effect.provide(served()))
  )

  it.live("is left if another one is not settled", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const { own, revoke } = yield* withOwnKey
      const [other] = yield* keys(1)
      yield* mock.script(Fault.forId(`${other?.id}`, refusal))
      const { code, output } = yield* revoke(["--name", "key", "--yes", "--including-own-key"])
      expect(output).toContain("was not deleted, because some of the others may still be there")
      expect(code).toBe(1)
      expect(yield* sent).not.toContain(own)
    }).pipe(Effect.provide(served()))
  )

  it.live.each([{ shownSecret: "masked" }, { shownSecret: "empty" }] as const)(
    "cannot be told where lists show secrets $shownSecret, and the tool says so",
    ({ shownSecret }) =>
      Effect.gen(function* () {
        const { revoke } = yield* withOwnKey
        const [other] = yield* keys(1)
        const { code, output } = yield* revoke([`${other?.id}`, "--yes"])
        expect(output).toContain("The list does not show which key this tool calls with")
        expect(code).toBe(0)
      }).pipe(Effect.provide(served({ shownSecret })))
  )
})

describe.skipIf(!hasScript)("the key that the tool calls with, in a terminal", () => {
  it.live.each([
    { answer: "own", deleted: ["key 0", "key of its own"] },
    { answer: "", deleted: ["key 0"] }
  ])("has a question of its own, to which '$answer' leaves $deleted", ({ answer, deleted }) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const { revoke } = yield* withOwnKey
      yield* keys(1)
      const before = yield* mock.apiKeys
      const { code, output } = yield* revoke(["--name", "key"], {
        terminal: true,
        steps: [
          ['or type "own"', "yes\r"],
          // a wrong word is asked about again
          ['or type "own"', `${answer}\r`],
          ["to go on:", deleted.length === 1 ? "delete 1 key\r" : `delete ${deleted.length} keys\r`]
        ]
      })
      expect(output).toContain('[this tool calls with it] "key of its own"')
      expect(code).toBe(0)
      const left = new Set((yield* mock.apiKeys).map(({ id }) => id))
      expect(
        before
          .filter(({ id }) => !left.has(id))
          .map(({ name }) => name)
          .toSorted()
      ).toEqual(deleted)
    }).pipe(Effect.provide(served()))
  )

  it.live("is refused as the leaked secret", () =>
    Effect.gen(function* () {
      const { revoke, secret } = yield* withOwnKey
      const { code, output } = yield* revoke(["--leaked"], {
        terminal: true,
        steps: [["(it is not shown): ", `${secret}\r`]]
      })
      expect(output).toContain("This is the API key that the tool calls with.")
      expect(code).toBe(2)
    }).pipe(Effect.provide(served()))
  )
})
