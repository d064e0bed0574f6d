/** The lines for curl, pasted into a shell as a person does it. */
import { spawn, spawnSync } from "node:child_process"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { address, served } from "../../examples/embedded/served.js"
import { madeUpSecret } from "../support/leaks.js"
import { blocksOf, page } from "./pages.js"

const lines =
  blocksOf(page("examples/revoke/README.md").text, "sh").find(({ code }) => code.includes("curl"))?.code ?? ""

interface Shell {
  readonly program: string
  readonly command: string
  /** What it shows once it can be typed into. */
  readonly prompt: string
}

const bash: Shell = {
  program: "bash",
  command: "bash --norc --noprofile -i",
  prompt: process.getuid?.() === 0 ? "# " : "$ "
}
const zsh: Shell = { program: "zsh", command: "zsh -f -i", prompt: "\u001b[?2004h" }

const isHere = ({ program }: Shell) =>
  ["script", "curl", program].every((command) => spawnSync("which", [command]).status === 0)

/** Pastes the lines into an interactive shell, and types each answer once its question is there. */
const paste = (
  { command, prompt }: Shell,
  text: string,
  answers: ReadonlyArray<readonly [question: string, answer: string]>
) =>
  Effect.async<string>((resume) => {
    const child = spawn("script", ["-qec", `tty; exec ${command}`, "/dev/null"], {
      env: { ...process.env, HOME: "/nonexistent", TERM: "dumb", HISTFILE: "" }
    })
    let output = ""
    /** Types a secret as soon as the shell has turned the echo off, which it does after it has asked. */
    const typeUnseen = (secret: string) => {
      const [terminal = ""] = output.split(/\r?\n/)
      const settings = spawnSync("stty", ["-F", terminal, "-a"], { encoding: "utf8" }).stdout
      if (/ -echo\b/.test(settings)) child.stdin.write(secret)
      else setImmediate(typeUnseen, secret)
    }
    let from = 0
    const left = [[prompt, text], ...answers, ["The audit log after:", ""], [prompt, "exit\n"]] as const
    let step = 0
    child.stdout.on("data", (chunk) => {
      output += String(chunk)
      for (;;) {
        const [seen = "", typed = ""] = left[step] ?? []
        const place = output.indexOf(seen, from)
        if (seen === "" || place === -1) return
        from = place + seen.length
        step += 1
        if (seen.includes("not shown")) typeUnseen(typed)
        else if (typed !== "") child.stdin.write(typed)
      }
    })
    child.on("close", () => resume(Effect.succeed(output)))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

describe("the lines for curl", () => {
  it("have no comment, which zsh would run, and go over TLS", () => {
    expect(lines).toContain("api=https://api.instantly.ai/api/v2\n")
    expect(lines).not.toContain("#")
    expect(lines).not.toContain("!")
  })

  describe.each([bash, zsh])("in $program", (shell) => {
    it.live.skipIf(!isHere(shell))("list, delete without a body, prove that the secret is dead, and audit", () =>
      Effect.gen(function* () {
        const mock = yield* InstantlyMock.InstantlyMock
        const caller = yield* mock.createApiKey({ name: "caller" })
        const leaked = yield* mock.createApiKey({ name: "leaked", scopes: ["leads:all", "api_keys:create"] })
        yield* mock.playThief(leaked, { exportedLeads: 7 })
        const text = lines.replace("https://api.instantly.ai", yield* address)
        const output = yield* paste(shell, text, [
          ["to call with (it is not shown): ", `${Redacted.value(caller.secret)}\n`],
          ["The leaked secret (it is not shown): ", `${Redacted.value(leaked.secret)}\n`],
          ["The id of the key to delete: ", `${leaked.id}\n`]
        ])
        expect(output).not.toMatch(madeUpSecret)
        const said = output.slice(output.lastIndexOf("The secret before:")).split(/\r?\n/)
        const after = (title: string) => said[said.indexOf(title) + 1]
        expect(after("The secret before:")).toContain("Invalid scope")
        expect(after("The secret after:")).toContain("Invalid API key")
        // each key on its own line
        expect(said.filter((line) => line.includes('"name":"caller"'))).toHaveLength(1)
        expect(said.find((line) => line.includes('"name":"caller"'))).not.toContain('"name":"leaked"')
        expect(after("The audit log before:")).toContain(leaked.id)
        expect(after("The audit log after:")).toContain(leaked.id)
        expect((yield* mock.apiKeys).map(({ name }) => name)).toEqual(["caller", "backup"])
        const arrivals = yield* mock.arrivals
        expect(arrivals.map(({ method, path }) => `${method} ${path.split("?")[0]?.split("/").at(3)}`)).toEqual([
          "GET api-keys",
          "GET api-keys",
          "GET audit-logs",
          "DELETE api-keys",
          "GET api-keys",
          "GET audit-logs"
        ])
        expect(arrivals[3]?.headers).not.toHaveProperty("content-type")
        expect(arrivals[3]?.headers).not.toHaveProperty("content-length")
      }).pipe(Effect.provide(served()))
    )
  })

  it.live.skipIf(!isHere(bash))("send nothing in place of an id", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey()
      const secret = `${Redacted.value(caller.secret)}\n`
      const text = lines.replace("https://api.instantly.ai", yield* address)
      const output = yield* paste(bash, text, [
        ["to call with (it is not shown): ", secret],
        ["The leaked secret (it is not shown): ", secret],
        ["The id of the key to delete: ", "no/id\n"],
        ["Nothing was deleted.", "echo The audit log after:\n"]
      ])
      expect(output).toContain("This is no id. Nothing was deleted.")
      expect((yield* mock.arrivals).every(({ method }) => method === "GET")).toBe(true)
    }).pipe(Effect.provide(served()))
  )
})
