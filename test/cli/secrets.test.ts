import { readFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { address, served } from "../../examples/embedded/served.js"
import { hostileName } from "../support/example.js"
import { formsOf } from "../support/leaks.js"
import { bundled, type Given, hasScript, path, tool } from "../support/tool.js"

bundled()

/** Runs the tool, and looks for these secrets, in every form, in what it prints and writes down. */
const run = (
  args: ReadonlyArray<string>,
  secrets: ReadonlyArray<string>,
  given: Given
): Effect.Effect<void, never, never> =>
  Effect.gen(function* () {
    const { output } = yield* tool(args, given)
    const journal = args[args.indexOf("--journal") + 1] ?? ""
    const text = `${output}\n${args.includes("--journal") ? readFileSync(journal, "utf8") : ""}`
    for (const form of secrets.flatMap(formsOf)) expect(text, args.join(" ")).not.toContain(form)
    // In a terminal, the line that moves and the questions are the tool's own.
    const isPipe = given.terminal !== true
    expect(isPipe ? text : text.replaceAll("\u001b[", "")).not.toMatch(/(?![\r\n])[\p{C}]/u)
  })

/** A workspace whose names and user agents are hostile, and every secret in it. */
const world = Effect.gen(function* () {
  const mock = yield* InstantlyMock.InstantlyMock
  const caller = yield* mock.createApiKey({ name: hostileName })
  const leaked = yield* mock.createApiKey({ name: hostileName, scopes: ["leads:all", "api_keys:create"] })
  yield* mock.playThief(leaked, { keyNames: [hostileName], userAgent: hostileName })
  const secrets = (yield* mock.apiKeys).map(({ secret }) => Redacted.value(secret))
  const environment = { INSTANTLY_API_KEY: Redacted.value(caller.secret), INSTANTLY_BASE_URL: yield* address }
  return { environment, leaked, mock, secret: Redacted.value(leaked.secret), secrets }
})

describe("no secret and no escape sequence is in the output or the journal", () => {
  it.live.each([
    { what: "list", args: () => ["list"] },
    { what: "check", args: () => ["check"], takesSecret: true },
    { what: "audit", args: (id: string) => ["audit", id] },
    { what: "revoke", args: (id: string) => ["revoke", id, "--yes", "--journal", path()] },
    {
      what: "revoke --leaked",
      args: (id: string) => ["revoke", "--leaked", id, "--yes", "--journal", path()],
      takesSecret: true
    },
    { what: "revoke --leaked, with nothing else", args: () => ["revoke", "--leaked", "--yes"], takesSecret: true }
  ])("of $what", ({ args, takesSecret = false }) =>
    Effect.gen(function* () {
      const { environment, leaked, secret, secrets } = yield* world
      yield* run(args(leaked.id), secrets, { environment, input: takesSecret ? secret : "" })
    }).pipe(Effect.provide(served({ shownSecret: "whole" })))
  )

  it.live.each([
    { what: "a page", response: Fault.responses.captivePortal },
    { what: "a refusal that repeats the secret", response: undefined }
  ])("of any command, where everything is answered by $what", ({ response }) =>
    Effect.gen(function* () {
      const { environment, leaked, mock, secret, secrets } = yield* world
      const message = `${hostileName} ${secret} ${environment.INSTANTLY_API_KEY}`
      const refusal = {
        status: 401,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ statusCode: 401, error: "Unauthorized", message })
      }
      yield* mock.script(Fault.always(Fault.respond(response ?? refusal)))
      for (const args of [["list"], ["audit", leaked.id], ["check"], ["revoke", "--leaked", leaked.id, "--yes"]]) {
        yield* run(args, secrets, { environment, input: secret })
      }
    }).pipe(Effect.provide(served()))
  )

  it.live.skipIf(!hasScript)("of the whole way of a leak in a terminal", () =>
    Effect.gen(function* () {
      const { environment, secret, secrets } = yield* world
      yield* run(["revoke", "--leaked"], secrets, {
        environment,
        terminal: true,
        steps: [
          ["(it is not shown): ", `https://mcp.instantly.ai/mcp/${encodeURIComponent(secret)}\r`],
          ["Its number", "2\r"],
          ["to go on:", "delete 1 key\r"],
          ["Type the numbers", "1\r"],
          ["to go on:", "yes\r"]
        ]
      })
    }).pipe(Effect.provide(served()))
  )
})
