import { spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Revocation } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { served } from "../../../examples/embedded/served.js"
import { atDouble, bundled, fileOf, hasScript, journalIn, keys, live, path, program, sent } from "../../support/tool.js"

bundled()

/** `revoke --leaked` at a slow double, with this typed while it waits, and this at the next question. */
const whileItWaits = (typed: string, answer?: string) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const leaked = yield* mock.createApiKey({ name: "leaked" })
    yield* mock.script(Fault.always(Fault.delayResponse("700 millis")))
    return yield* live(["--leaked"], {
      terminal: true,
      steps: [
        ["(it is not shown): ", `${Redacted.value(leaked.secret)}\r`],
        // The end of the hidden line: from then on the tool waits for the server.
        ["\n", typed],
        ...(answer === undefined ? [] : [["Its number", answer] as const])
      ]
    })
  })

describe.skipIf(!hasScript)("while the tool waits for the server", () => {
  it.live("what is pasted is not shown, and answers no question", () =>
    Effect.gen(function* () {
      const { code, output } = yield* whileItWaits("1\rpasted too early\r", "\r")
      expect(output).not.toContain("pasted")
      expect(output).not.toContain("To be deleted at")
      expect(code).toBe(2)
      expect(yield* sent).toEqual([])
    }).pipe(Effect.provide(served()))
  )

  it.live("Ctrl-C stops it", () =>
    Effect.gen(function* () {
      const { code, output } = yield* whileItWaits("\u0003")
      expect(output).toContain("Nothing was deleted.")
      expect(output).not.toContain("Its number")
      expect(code).toBe(2)
    }).pipe(Effect.provide(served()))
  )
})

describe.skipIf(!hasScript)("a terminal that is closed", () => {
  /** How a shell that survives it sees the tool end, once the output holds this and the terminal is gone. */
  const codeAfter = (args: string, seen: string, environment: Readonly<Record<string, string>> = {}) =>
    Effect.async<string>((resume) => {
      const file = path()
      const line = `trap : HUP; ${process.execPath} ${program} ${args}; echo $? > ${file}`
      const child = spawn("script", ["-qec", `sh -c '${line}'`, "/dev/null"], {
        env: { ...process.env, ...environment }
      })
      let output = ""
      child.stdout.on("data", (chunk) => {
        output += String(chunk)
        if (output.includes(seen)) child.kill("SIGKILL")
      })
      const waiting = setInterval(() => {
        const code = existsSync(file) ? readFileSync(file, "utf8") : ""
        if (!code.endsWith("\n")) return
        clearInterval(waiting)
        resume(Effect.succeed(code.trim()))
      }, 20)
      return Effect.sync(() => clearInterval(waiting))
    })

  it.live.each([
    { question: "for a secret", args: "check --rehearse", seen: "(it is not shown): " },
    { question: "before a deletion", args: "revoke --rehearse --name zapier", seen: "to go on: " }
  ])("at the question $question ends the tool by SIGHUP, and not by a crash", ({ args, seen }) =>
    Effect.gen(function* () {
      expect(yield* codeAfter(args, seen)).toBe("129")
    })
  )

  it.live("in the middle of a run stops it in order", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const environment = yield* atDouble
      const ids = (yield* keys(200)).map(({ id }) => id)
      yield* mock.script(Fault.always(Fault.delayResponse("100 millis")))
      const journal = path()
      const args = `revoke --file ${fileOf(ids.join("\n"))} --yes --journal ${journal}`
      expect(yield* codeAfter(args, 'deleted "key', environment)).toBe("129")
      const lines = journalIn(readFileSync(journal, "utf8"))
      const deleted = lines.flatMap((line) => (line._tag === "Deleted" ? [line.id] : []))
      expect(deleted.toSorted()).toEqual((yield* sent).toSorted())
      const entries = lines.filter((line) => line._tag !== "Run")
      expect(Revocation.pending(ids, entries).inDoubt).toEqual([])
    }).pipe(Effect.provide(served()))
  )
})
