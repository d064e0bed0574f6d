import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { address, served } from "../../../examples/embedded/served.js"
import { hostileName, hostileNamePrinted } from "../../support/example.js"
import {
  absent,
  bundled,
  fileOf,
  hasScript,
  inOneLine,
  keys,
  live,
  pasteRehearsed,
  path,
  program,
  sent,
  sentBy,
  times,
  tool
} from "../../support/tool.js"

bundled()

describe.skipIf(!hasScript)("in a terminal", () => {
  it.live("shows the workspace and the keys, takes delete N, updates one line, and says what happened", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const made = yield* keys(2)
      const { code, output } = yield* live(["--name", "key"], {
        terminal: true,
        steps: [["to go on:", "delete 2 keys\r"]]
      })
      expect(output).toContain(`To be deleted at\r\n${yield* address} · workspace ${mock.workspaceId}:`)
      expect(output).toContain(`-  "key 0"\r\n    0 min  "all:all"  ${made[0]?.id}`)
      expect(output).toContain(`${made[0]?.id}  deleted "key 0"`)
      expect(output).toMatch(/\d\/2 · [\d.]+\/s · \S+ s left · 0 failed/)
      expect(output).not.toContain('{"id"')
      expect(code).toBe(0)
    }).pipe(Effect.provide(served()))
  )

  it.live("--dry-run shows ages, scopes and names, and what is not there", () =>
    Effect.gen(function* () {
      const [key] = yield* keys(1)
      const { code, output } = yield* live([`${key?.id}`, absent, "--dry-run"], { terminal: true })
      expect(output).toContain(`1  "key 0"\r\n    0 min  "all:all"  ${key?.id}\r\n2  not in this workspace  ${absent}`)
      expect(output).toContain("Nothing was deleted (--dry-run).")
      expect(code).toBe(0)
    }).pipe(Effect.provide(served()))
  )

  it.live("shows bare ids where the keys cannot be listed, and takes yes for one", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey({ scopes: ["api_keys:delete"] })
      const key = yield* mock.createApiKey({ name: hostileName })
      const { code, output } = yield* live([key.id], {
        terminal: true,
        environment: { INSTANTLY_API_KEY: Redacted.value(caller.secret) },
        steps: [["to go on:", "yes\r"]]
      })
      expect(output).toContain("lacks the scope api_keys:read")
      expect(output).toContain("It was not checked whether they are gone")
      expect(inOneLine(output)).toContain("the tool locks itself out")
      expect(output).toContain(`deleted ${hostileNamePrinted.slice(0, 20)}`)
      expect(code).toBe(3)
    }).pipe(Effect.provide(served()))
  )

  it.live.each([
    { answer: "no", typed: "no\r" },
    { answer: "Enter", typed: "\r" },
    { answer: "Ctrl-C", typed: "\u0003" },
    { answer: "Ctrl-D", typed: "\u0004" }
  ])("takes $answer as a no: exit code 2, nothing sent", ({ typed }) =>
    Effect.gen(function* () {
      yield* keys(2)
      const { code, output } = yield* live(["--name", "key"], { terminal: true, steps: [["to go on:", typed]] })
      expect(output).toContain("Nothing was deleted.")
      expect(code).toBe(2)
      expect(yield* sent).toEqual([])
    }).pipe(Effect.provide(served()))
  )

  it.live.each([
    { answer: "another number", typed: "delete 3 keys\r" },
    { answer: "yes to several", typed: "yes\r" },
    { answer: "y", typed: "y\r" }
  ])("asks again after $answer, and deletes nothing for it", ({ typed }) =>
    Effect.gen(function* () {
      yield* keys(2)
      const { code, output } = yield* live(["--name", "key"], {
        terminal: true,
        steps: [
          ['Type "delete 2 keys" to go on: ', typed],
          ['Type "delete 2 keys" to go on: ', "\r"]
        ]
      })
      expect(output).toContain("Nothing was deleted.")
      expect(code).toBe(2)
      expect(yield* sent).toEqual([])
    }).pipe(Effect.provide(served()))
  )

  it.live("--leaked warns where the list shows that the secret is another key's", () =>
    Effect.gen(function* () {
      const { code, output } = yield* tool(["revoke", "--leaked", "--rehearse"], {
        terminal: true,
        steps: [pasteRehearsed("terminal"), ["Its number", "3\r"], ["The number again", "3\r"], ["to go on:", "\r"]]
      })
      expect(output).toMatch(/THE LEAKED SECRET BELONGS TO ANOTHER KEY[^\n]*\r\n"zapier \(old\)" {2}[0-9a-f-]{36}/)
      expect(code).toBe(2)
    })
  )

  it.live("list --json prints JSON on a terminal, too; check --rehearse says first which secret to paste", () =>
    Effect.gen(function* () {
      const listed = yield* tool(["list", "--json", "--rehearse", "--name", "zapier"], { terminal: true })
      expect(listed.output.match(/^\{"id":.*"name":"zapier.*"_tag":"Key"\}/gm)).toHaveLength(2)
      expect(listed.output).toContain("2 of 6 keys at\r\nrehearsal")
      const checked = yield* tool(["check", "--rehearse"], {
        terminal: true,
        steps: [pasteRehearsed("terminal")]
      })
      expect(checked).toMatchObject({
        code: 1,
        output: expect.stringContaining("effect-instantly revoke --leaked --rehearse")
      })
    })
  )

  it.live("--leaked asks for the secret without showing it, lists the keys, and checks that it is dead", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      yield* keys(1)
      const leaked = yield* mock.createApiKey({ name: "zapier", scopes: ["leads:all"] })
      const { code, output } = yield* live(["--leaked"], {
        terminal: true,
        steps: [
          ["(it is not shown): ", `${Redacted.value(leaked.secret)}\r`],
          ["Its number", "4\r"],
          [(output) => /The numbers are 1 to 3\.[\s\S]*Its number/.test(output), "2\r"],
          ["to go on:", "delete 1 key\r"]
        ]
      })
      expect(output).toContain(`2  [the leaked secret is this one's] "zapier"\r\n    0 min  "leads:all"  ${leaked.id}`)
      expect(output).toContain("The leaked secret is number 2's. Its number")
      expect(output).toContain("The secret is dead: ")
      expect(code).toBe(0)
      expect(yield* sent).toEqual([leaked.id])
    }).pipe(Effect.provide(served()))
  )

  it.live("--leaked deletes nothing where no number is typed", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const leaked = yield* mock.createApiKey()
      const { code, output } = yield* live(["--leaked"], {
        terminal: true,
        steps: [
          ["(it is not shown): ", `${Redacted.value(leaked.secret)}\r`],
          ["Its number", "\r"]
        ]
      })
      expect(output).toContain("Nothing was deleted.")
      expect(code).toBe(2)
      expect(yield* sent).toEqual([])
    }).pipe(Effect.provide(served()))
  )

  it.live("Ctrl-C in the middle stops, with a receipt for all that was sent", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const ids = (yield* keys(200)).map(({ id }) => id)
      yield* mock.script(Fault.always(Fault.delayResponse("100 millis")))
      const file = path()
      const { code, output } = yield* live(["--file", fileOf(ids.join("\n")), "--yes", "--journal", file], {
        terminal: true,
        steps: [[times('deleted "key', 10), "\u0003"]]
      })
      expect(output).toContain("Stopping")
      const receipts = sentBy(readFileSync(file, "utf8"))
      expect(receipts.toSorted()).toEqual((yield* sent).toSorted())
      expect(receipts.length).toBeLessThan(200)
      expect(code, output).toBe(1)
    }).pipe(Effect.provide(served()))
  )

  it.live("keeps the line that moves within a terminal of 20 columns", () =>
    Effect.gen(function* () {
      const line = `stty cols 20; exec ${process.execPath} ${program} revoke --rehearse --name zapier --yes`
      const output = yield* Effect.async<string>((resume) => {
        const child = spawn("script", ["-qec", line, "/dev/null"], { stdio: ["ignore", "pipe", "ignore"] })
        let text = ""
        child.stdout.on("data", (chunk) => {
          text += String(chunk)
        })
        child.on("close", () => resume(Effect.succeed(text)))
      })
      const moved = [...output.matchAll(/\[2K(\d\/2 [^\r\n\p{Cc}]*)/gu)].map(([, shown = ""]) => shown.length)
      expect(moved.length).toBeGreaterThan(0)
      expect(Math.max(...moved)).toBe(19)
    })
  )
})
