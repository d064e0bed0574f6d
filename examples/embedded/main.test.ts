import { execFileSync, spawnSync } from "node:child_process"
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { run } from "../../test/support/process.js"
import { address, served } from "./served.js"

describe("examples/embedded/main.ts", () => {
  const hasCurl = spawnSync("curl", ["--version"]).status === 0

  it.live.skipIf(!hasCurl)("serves the double, and the curl lines that it prints work", () =>
    Effect.gen(function* () {
      const lines = yield* Deferred.make<ReadonlyArray<string>>()
      const server = yield* Effect.fork(
        run("examples/embedded/main.ts", [], { PORT: "0" }, (output) => {
          const curl = output.split("\n").filter((line) => line.startsWith("curl "))
          if (curl.length === 3) Deferred.unsafeDone(lines, Effect.succeed(curl))
          return false
        })
      )
      const [remove, list, create] = yield* Deferred.await(lines)
      const shell = (line = "") =>
        Effect.sync(() => execFileSync("sh", ["-c", line], { encoding: "utf8", stdio: "pipe" }))
      expect(JSON.parse(yield* shell(remove))).toMatchObject({ name: "leaked" })
      const left: ReadonlyArray<{ readonly name: string }> = JSON.parse(yield* shell(list)).items
      expect(left.map(({ name }) => name).sort()).toEqual(["caller", "leaked", "leaked"])
      expect(JSON.parse(yield* shell(create))).toMatchObject({ name: "leaked" })
      yield* Fiber.interrupt(server)
    })
  )

  it.live.each(["taken", "made-up"])("says in one line why it does not start on a port that is %s", (port) =>
    Effect.gen(function* () {
      const PORT = port === "taken" ? new URL(yield* address).port : port
      const { code, output } = yield* run("examples/embedded/main.ts", [], { PORT })
      expect(code).toBe(1)
      expect(output).toMatch(
        port === "taken" ? /^Error: listen EADDRINUSE\b[^\n]* \(PORT [^\n]*\n$/ : /^[^\n]*PORT[^\n]*\n$/
      )
    }).pipe(Effect.provide(served()))
  )
})
