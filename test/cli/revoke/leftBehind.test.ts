import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { address, served } from "../../../examples/embedded/served.js"
import { bundled, type Given, hasScript, inOneLine, type Step, sent, tool } from "../../support/tool.js"

bundled()

/** A restricted key that leaked and was used by a thief, and `revoke --leaked` with a key that has these scopes. */
const withTheft = (scopes: ReadonlyArray<string> = ["api_keys:read", "api_keys:delete", "audit_logs:read"]) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey({ name: "caller", scopes })
    const leaked = yield* mock.createApiKey({ name: "leaked", scopes: ["api_keys:create", "leads:all"] })
    const { keys } = yield* mock.playThief(leaked)
    const environment = { INSTANTLY_API_KEY: Redacted.value(caller.secret), INSTANTLY_BASE_URL: yield* address }
    const revoke = (args: ReadonlyArray<string>, given?: Given) =>
      tool(["revoke", "--leaked", ...args], { ...given, environment })
    return { leaked, mock, revoke, secret: Redacted.value(leaked.secret), made: `${keys[0]?.id}` }
  })

const throughDeletion = (secret: string): ReadonlyArray<Step> => [
  ["(it is not shown): ", `${secret}\r`],
  ["The leaked secret is number 2's. Its number", "2\r"],
  ["to go on:", "delete 1 key\r"]
]

describe.skipIf(!hasScript)("what a leaked key left behind, in a terminal", () => {
  it.live("is found after the secret is dead, and the thief's key is offered and deleted", () =>
    Effect.gen(function* () {
      const { leaked, made, mock, revoke, secret } = yield* withTheft()
      const { code, output } = yield* revoke([], {
        terminal: true,
        steps: [
          ...throughDeletion(secret),
          ["Type the numbers to delete", "7\r"],
          ["The only number is 1.", "1\r"],
          ["to go on:", "yes\r"]
        ]
      })
      const order = [
        "The secret is alive. Instantly says only that it lacks a scope.",
        "Its scopes: api_keys:create, leads:all.",
        `${leaked.id}  deleted "leaked"`,
        "The list of keys was checked: none of them is on it.",
        "The secret is dead: ",
        `What the key ${leaked.id}, "leaked", did:`,
        '1  [created with the leaked key] "backup"',
        `${made}  deleted "backup"`,
        "STILL ALIVE: perhaps 1 webhook."
      ]
      const places = order.map((text) => output.indexOf(text))
      expect(places, output).toEqual(places.toSorted((one, other) => one - other))
      expect(places).not.toContain(-1)
      expect((yield* mock.apiKeys).map(({ name }) => name)).toEqual(["caller"])
      expect(code).toBe(0)
    }).pipe(Effect.provide(served()))
  )

  it.live("is left where nothing is typed, with the command that deletes it", () =>
    Effect.gen(function* () {
      const { leaked, made, revoke, secret } = yield* withTheft()
      const { code, output } = yield* revoke([], {
        terminal: true,
        steps: [...throughDeletion(secret), ["Type the numbers to delete", "\r"]]
      })
      expect(output).toContain(`To delete the key "backup", created with it:\r\n  effect-instantly revoke ${made}\r\n`)
      expect(output.trimEnd()).toMatch(/STILL ALIVE: the key "backup", perhaps 1 webhook\.$/)
      expect(yield* sent).toEqual([leaked.id])
      expect(code).toBe(0)
    }).pipe(Effect.provide(served()))
  )

  it.live("names the leaked key, and what it did, where a person deletes another one", () =>
    Effect.gen(function* () {
      const { leaked, mock, revoke, secret } = yield* withTheft()
      const other = yield* mock.createApiKey({ name: "other" })
      const { code, output } = yield* revoke([other.id], {
        terminal: true,
        steps: [
          ["(it is not shown): ", `${secret}\r`],
          ["to go on:", "yes\r"],
          ["to go on:", "delete 1 other key\r"],
          ["Type the numbers to delete", "\r"]
        ]
      })
      expect(output).toContain("THE LEAKED SECRET BELONGS TO ANOTHER KEY")
      expect(inOneLine(output)).toContain(
        `The secret IS STILL ACCEPTED: it belongs to the key "leaked", which was not deleted. To delete that key: ` +
          `effect-instantly revoke --leaked ${leaked.id} `
      )
      expect(output).toContain(`What the key ${leaked.id}, "leaked", did:`)
      expect(inOneLine(output).trimEnd()).toMatch(
        /Still listed: the key "leaked"\. STILL ALIVE: the leaked secret, the key "backup", perhaps 1 webhook\.$/
      )
      expect(yield* sent).toEqual([other.id])
      expect(code).toBe(1)
    }).pipe(Effect.provide(served()))
  )

  it.live("is never the tool's own key, which may have been created at the same time", () =>
    Effect.gen(function* () {
      const { revoke, secret } = yield* withTheft()
      const { output } = yield* revoke([], {
        terminal: true,
        steps: [...throughDeletion(secret), ["Type the numbers to delete", "\r"]]
      })
      const [, offered = ""] = output.split("These keys are still alive:")
      expect(offered).toContain('[perhaps created with the leaked key] "backup"')
      expect(offered.split("Type the numbers")[0]).not.toContain('"caller"')
    }).pipe(Effect.provide(served({ auditLog: { createdKey: "time" } })))
  )

  it.live("is not asked about after Ctrl-C, and not known", () =>
    Effect.gen(function* () {
      const { mock, revoke, secret } = yield* withTheft()
      yield* mock.script(Fault.always(Fault.delayResponse("200 millis")))
      const { output } = yield* revoke([], {
        terminal: true,
        steps: [...throughDeletion(secret), ["The secret is dead: ", "\u0003"]]
      })
      expect(output).toContain("Stopping")
      expect(output).not.toContain("Type the numbers")
      expect(inOneLine(output)).toContain("It is not known what else is alive")
    }).pipe(Effect.provide(served()))
  )

  it.live("is found although the log loses the id of a deleted key", () =>
    Effect.gen(function* () {
      const { leaked, revoke, secret } = yield* withTheft()
      const { output } = yield* revoke([], {
        terminal: true,
        steps: [...throughDeletion(secret), ["Type the numbers to delete", "\r"]]
      })
      expect(output).toContain(`What the key ${leaked.id}, "leaked", did:`)
      expect(output).toContain("Lead exported once, 1,200 items")
    }).pipe(Effect.provide(served({ auditLog: { deletedKeyId: "lost" } })))
  )
})

describe.skipIf(!hasScript)("an audit log that cannot be read", () => {
  it.live("is said before the question, with the command that reads it later", () =>
    Effect.gen(function* () {
      const { leaked, revoke, secret } = yield* withTheft(["api_keys:read", "api_keys:delete"])
      const { output } = yield* revoke([], { terminal: true, steps: throughDeletion(secret) })
      const [before = "", after = ""] = inOneLine(output).split("To be deleted at")
      expect(before).toContain(
        "The audit log cannot be read: the API key to call with lacks the scope audit_logs:read."
      )
      expect(after).toContain(
        `To audit it later, with an API key that has audit_logs:read and api_keys:read: effect-instantly audit ${leaked.id} `
      )
    }).pipe(Effect.provide(served()))
  )
})

describe("what a leaked key left behind, on a pipe", () => {
  it.live("is printed with the command that deletes it, and --yes does not cover it", () =>
    Effect.gen(function* () {
      const { leaked, made, revoke, secret } = yield* withTheft()
      const { code, stderr, stdout } = yield* revoke(["--yes"], { input: secret })
      expect(
        stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line)._tag)
      ).toEqual([
        ...["Secret", "Deleted", "Secret", "Activity", "Activity", "Activity"],
        ...["CreatedKey", "CreatedWebhook", "StillAlive"]
      ])
      expect(stderr).toContain(`To delete the key "backup", created with it:\n  effect-instantly revoke ${made}\n`)
      expect(stderr.trimEnd()).toMatch(/STILL ALIVE: the key "backup", perhaps 1 webhook\.$/)
      expect(yield* sent).toEqual([leaked.id])
      expect(code).toBe(0)
    }).pipe(Effect.provide(served()))
  )

  it.live("is not known without the scope, which is named; the exit code does not depend on it", () =>
    Effect.gen(function* () {
      const { leaked, revoke, secret } = yield* withTheft(["api_keys:read", "api_keys:delete"])
      const { code, stderr: output } = yield* revoke([leaked.id, "--yes"], { input: secret })
      expect(output.split("lacks the scope audit_logs:read")).toHaveLength(2)
      expect(output).toContain("The secret is dead: ")
      expect(output.trimEnd()).toMatch(/It is not known what else is alive, because the audit log was not read\.$/)
      expect(code).toBe(0)
    }).pipe(Effect.provide(served()))
  )
})
