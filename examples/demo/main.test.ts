import { spawn, spawnSync } from "node:child_process"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { expectPlain, hostileName, hostileNamePrinted } from "../../test/support/example.js"
import { madeUpSecret } from "../../test/support/leaks.js"
import { run } from "../../test/support/process.js"
import { address, served } from "../embedded/served.js"

const demo = (args: ReadonlyArray<string>, environment?: Readonly<Record<string, string>>) =>
  run("examples/demo/main.ts", args, environment)

const id = "019e18e2-78d4-7322-941a-7384d8969c61"

describe("npm run demo", () => {
  it.live(
    "deletes a key, shows NotFound, waits out a 429, loses a response, hides every secret, and fits 80 columns",
    () =>
      Effect.gen(function* () {
        const { code, output } = yield* demo([])
        expect(code).toBe(0)
        for (const words of [
          '✓ deleted "leaked"',
          "✗ NotFound",
          "outcome NotApplied · 1 attempt",
          '✓ deleted "throttled" after 2s',
          "That attempt may have deleted the key.",
          "outcome Unknown · 2 attempts",
          "deleted (loseResponse)",
          "secret <redacted>"
        ]) {
          expect(output).toContain(words)
        }
        expect(output).not.toMatch(madeUpSecret)
        expect(output.split("\n").filter((line) => line.length > 80)).toEqual([])
        expectPlain(output)
      })
  )
})

describe("npm run demo -- --live", () => {
  it.live("with --yes deletes the one key it is given, and prints its name without what could harm a terminal", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey()
      const leaked = yield* mock.createApiKey({ name: hostileName, scopes: ["leads:\u001b[2Jall"] })
      const { code, output } = yield* demo(["--live", leaked.id, "--yes"], {
        INSTANTLY_API_KEY: Redacted.value(caller.secret),
        INSTANTLY_BASE_URL: yield* address
      })
      expect(output).toContain(hostileNamePrinted)
      expect(output).toContain('"leads:[2Jall"')
      expectPlain(output)
      expect(output).not.toMatch(madeUpSecret)
      expect(code).toBe(0)
      expect((yield* mock.apiKeys).map((key) => key.id)).toEqual([caller.id])
    }).pipe(Effect.provide(served()))
  )

  // A port of this machine on which nothing listens: whatever goes wrong here, nothing reaches Instantly.
  const nowhere = { INSTANTLY_API_KEY: "made-up", INSTANTLY_BASE_URL: "http://127.0.0.1:9" }

  it.live.each([
    ["where it cannot ask", ["--live", id], nowhere, "add --yes"],
    ["without a key to call with", ["--live", id, "--yes"], {}, "INSTANTLY_API_KEY"],
    ["for an id that is not a UUID, which it does not repeat", ["--live", "made-up-secret"], nowhere, "a UUID"],
    ["for arguments that it does not know", ["--lively"], nowhere, "The arguments are wrong"],
    ["for --yes alone", ["--yes"], nowhere, "The arguments are wrong"]
  ] as const)("sends nothing %s, and says why", ([, args, environment, words]) =>
    Effect.gen(function* () {
      const { code, output } = yield* demo(args, environment)
      expect(output).toContain(words)
      expect(output).not.toContain("made-up")
      expect(code).toBe(1)
    })
  )

  // util-linux's `script` gives a program a terminal
  const hasScript = spawnSync("script", ["--version"]).status === 0

  describe.skipIf(!hasScript)("in a terminal", () => {
    it.live.each([
      ["n and Enter", "n\n"],
      ["Enter alone", "\n"],
      ["Ctrl-C", "\u0003"],
      ["Ctrl-D", "\u0004"]
    ])("asks, and takes %s as a no", ([, typed]) =>
      Effect.gen(function* () {
        const output = yield* Effect.async<string>((resume) => {
          const command = `${process.execPath} --import tsx examples/demo/main.ts --live ${id}`
          const terminal = spawn("script", ["-qec", command, "/dev/null"], { env: { ...process.env, ...nowhere } })
          let shown = ""
          let typing = false
          terminal.stdout.on("data", (chunk) => {
            shown += String(chunk)
            if (typing || !shown.includes("[y/N]")) return
            typing = true
            terminal.stdin.write(typed)
          })
          terminal.stdin.on("error", () => undefined)
          terminal.on("close", () => resume(Effect.succeed(shown)))
          return Effect.sync(() => terminal.kill())
        })
        expect(output).toContain("for good? [y/N]")
        expect(output).toContain("Nothing was sent.")
      })
    )
  })
})
