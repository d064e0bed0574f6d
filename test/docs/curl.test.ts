import { execFile, spawnSync } from "node:child_process"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { address, served } from "../../examples/embedded/served.js"
import { blocksOf, page } from "./pages.js"

const lines =
  blocksOf(page("examples/revoke/README.md").text, "sh").find(({ code }) => code.includes("curl"))?.code ?? ""

const hasBoth = ["curl", "bash"].every((command) => spawnSync(command, ["--version"]).status === 0)

describe("the lines for curl", () => {
  it.live.skipIf(!hasBoth)("list, delete without a body, and prove that the secret is dead, and show no secret", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey({ name: "caller" })
      const leaked = yield* mock.createApiKey({ name: "leaked" })
      const host = yield* address
      expect(lines).toContain("https://api.instantly.ai/")
      const output = yield* Effect.async<string>((resume) => {
        const shell = execFile(
          "bash",
          ["-euo", "pipefail", "-c", lines.replace("https://api.instantly.ai", host)],
          (error, stdout, stderr) => resume(Effect.succeed(`${stdout}${stderr}${error?.code ?? ""}`))
        )
        // A shell that has failed reads no more.
        shell.stdin?.on("error", () => undefined)
        shell.stdin?.end(`${Redacted.value(caller.secret)}\n${Redacted.value(leaked.secret)}\n${leaked.id}\n`)
      })
      expect(output).not.toContain("made-up-secret")
      expect(output.trimEnd()).toMatch(/401$/)
      expect(output.match(/"key":"\(hidden\)"/g)).toHaveLength(3)
      expect((yield* mock.apiKeys).map(({ name }) => name)).toEqual(["caller"])
      const arrivals = yield* mock.arrivals
      expect(arrivals.map(({ method }) => method)).toEqual(["GET", "DELETE", "GET"])
      expect(arrivals[1]?.headers).not.toHaveProperty("content-type")
      expect(arrivals[1]?.headers).not.toHaveProperty("content-length")
    }).pipe(Effect.provide(served()))
  )
})
