import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { address, served } from "../../../examples/embedded/served.js"
import { StillAlive } from "../../../src/cli/audit/alive.js"
import { Activity, CreatedKey, CreatedWebhook } from "../../../src/cli/audit/findings.js"
import { hostileName } from "../../support/example.js"
import { absent, bundled, hasScript, tool } from "../../support/tool.js"

bundled()

/** A key that a thief has used, and `audit` with a key to call with that has these scopes. */
const withTheft = (
  theft: Parameters<InstantlyMock.Service["playThief"]>[1] = {},
  scopes: ReadonlyArray<string> = ["audit_logs:read", "api_keys:read"]
) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey({ name: "caller", scopes })
    const leaked = yield* mock.createApiKey({ name: "leaked" })
    const { keys, webhookIds } = yield* mock.playThief(leaked, theft)
    const environment = { INSTANTLY_API_KEY: Redacted.value(caller.secret), INSTANTLY_BASE_URL: yield* address }
    const audit = (args: ReadonlyArray<string>, terminal = false) => tool(["audit", ...args], { environment, terminal })
    return { audit, leaked, mock, made: keys[0]?.id ?? "", webhook: webhookIds[0] ?? "" }
  })

const decode = Schema.decodeUnknownSync(
  Schema.parseJson(Schema.Union(Activity, CreatedKey, CreatedWebhook, StillAlive))
)
const linesIn = (stdout: string) =>
  stdout
    .trim()
    .split("\n")
    .map((line) => decode(line))

describe("audit", () => {
  it.live("prints what a key did and left behind, as JSON on a pipe, and says last what is still alive", () =>
    Effect.gen(function* () {
      const { audit, leaked, made, webhook } = yield* withTheft()
      const { code, stderr, stdout } = yield* audit([leaked.id])
      expect(linesIn(stdout)).toMatchObject([
        { _tag: "Activity", activity: 37, times: 1, ipAddress: "203.0.113.66", userAgent: "curl/8.5.0" },
        { _tag: "Activity", activity: 34, affected: 1200 },
        { _tag: "Activity", activity: 18 },
        { _tag: "CreatedKey", by: leaked.id, certainty: "Certain" },
        { _tag: "CreatedWebhook", by: leaked.id },
        { _tag: "StillAlive", secret: false, keys: [leaked.id, made], webhooks: [webhook], isWhole: true }
      ])
      expect(stdout).toContain(made)
      expect(stdout).toContain(webhook)
      expect(stderr).toMatch(
        new RegExp(
          `To delete the key "backup", created with it:\\n {2}effect-instantly revoke ${made}\\n[^]*\\nSTILL ALIVE: the key "leaked" itself, the key "backup", perhaps 1 webhook.\\n$`
        )
      )
      expect(code).toBe(0)
    }).pipe(Effect.provide(served({ auditLog: { order: "oldestFirst" } })))
  )

  it.live.skipIf(!hasScript)("shows it in words in a terminal, with a thief's words as such", () =>
    Effect.gen(function* () {
      const { audit, leaked, webhook } = yield* withTheft({ keyNames: [hostileName], userAgent: hostileName })
      const { code, output } = yield* audit([leaked.id.toUpperCase()], true)
      expect(output).toContain(`What the key ${leaked.id} did:`)
      expect(output).toMatch(
        / {2}Lead exported once, 1,200 items, [-\d]+ [\d:]+ UTC\r\n {4}from "203.0.113.66" by "evil/
      )
      expect(output).toContain("It created, and what it created outlives it:")
      expect(output).toMatch(new RegExp(`DELETE \\\\\r\n {2}http://127.0.0.1:\\d+/api/v2/webhooks/${webhook}\\)\r\n`))
      // all but the line that moves
      expect(output.replaceAll("\r\u001b[2K", "")).not.toMatch(
        /(?![\r\n])[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u
      )
      expect(code).toBe(0)
    }).pipe(Effect.provide(served()))
  )

  it.live("says perhaps where only the time shows which key was created, and nothing where not even that does", () =>
    Effect.gen(function* () {
      const { audit, leaked, made } = yield* withTheft()
      const { output } = yield* audit([leaked.id])
      expect(output).toContain('perhaps the key "backup"')
      expect(output).toContain(`To delete those 2 keys, perhaps created with it:\n  effect-instantly revoke`)
      expect(output).toContain(made)
    }).pipe(Effect.provide(served({ auditLog: { createdKey: "time" } })))
  )

  it.live("names a key that nothing links to the row only by that row", () =>
    Effect.gen(function* () {
      const { audit, leaked, made } = yield* withTheft({ webhooks: 0 })
      const { output, stdout } = yield* audit([leaked.id])
      expect(linesIn(stdout).at(-2)).toMatchObject({ _tag: "CreatedKey", certainty: "None" })
      expect(output).not.toContain(made)
    }).pipe(Effect.provide(served({ auditLog: { createdKey: "nothing" } })))
  )

  it.live("is 0 for a key that no row names", () =>
    Effect.gen(function* () {
      const { audit } = yield* withTheft()
      const { code, output, stdout } = yield* audit([absent])
      expect(output).toContain("The audit log shows nothing that these keys created and that is still alive.")
      expect(linesIn(stdout)).toMatchObject([{ _tag: "StillAlive", keys: [] }])
      expect(code).toBe(0)
    }).pipe(Effect.provide(served()))
  )

  it.live("is 4 without the scope, which it names; 3 where the log is not read whole; 2 for what is no id", () =>
    Effect.gen(function* () {
      const { audit, leaked, mock } = yield* withTheft({}, ["api_keys:read"])
      const refused = yield* audit([leaked.id])
      expect(refused.output).toContain("lacks the scope audit_logs:read")
      expect(refused.code).toBe(4)
      const wrong = yield* audit(["made-up-secret"])
      expect(wrong.output).toContain("See effect-instantly list.\nIf you gave a secret, it has leaked now")
      expect(wrong.code).toBe(2)
      expect((yield* audit([])).code).toBe(2)
      expect((yield* audit([leaked.id, "--since", "yesterday"])).output).toContain("--since needs a date")
      yield* mock.script(Fault.always(Fault.respond(Fault.responses.emptyObject)))
      const damaged = yield* audit([leaked.id])
      expect(damaged.output).toContain(
        "It is not known what else is alive, because the audit log was not read to its end."
      )
      expect(damaged.code).toBe(3)
    }).pipe(Effect.provide(served()))
  )
})
