/** The gate in front of every installation: what it lets pass, and each kind of damage that it refuses. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))
const temporary = mkdtempSync(join(tmpdir(), "effect-instantly-"))
afterAll(() => rmSync(temporary, { recursive: true, force: true }))

const locks = ["package-lock.json", "test/runtimes/package-lock.json"]
const victim = "node_modules/effect"
const elsewhere = "https://registry.example/effect.tgz"

interface Lock {
  lockfileVersion: number
  packages?: Record<string, Record<string, unknown>>
}

const gate = (...files: ReadonlyArray<string>) => {
  const { status, stderr } = spawnSync(process.execPath, [".ci/lock.mjs", ...files], { cwd: root, encoding: "utf8" })
  return { status, complaints: stderr.split("\n").filter((line) => line !== "") }
}

const write = (text: string): string => {
  const file = join(temporary, "package-lock.json")
  writeFileSync(file, text)
  return file
}

const damaged = (damage: (lock: Lock) => void): string => {
  const lock: Lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"))
  damage(lock)
  return write(JSON.stringify(lock, null, 2))
}

/** Gives the entry at `path` other fields; a field that is `undefined` is left out of the file. */
const change = (path: string, fields: Record<string, unknown>) => (lock: Lock) => {
  const entry = lock.packages?.[path]
  if (entry === undefined) throw new Error(`the lock file has no ${path}`)
  Object.assign(entry, fields)
}

const checksum = `sha512-${"A".repeat(86)}==`

const noIntegrity = `${victim} has no SHA-512 integrity`
const origin = `${victim} says where it comes from`

const damages: ReadonlyArray<readonly [string, (lock: Lock) => void, ReadonlyArray<string>]> = [
  ["a package has no checksum", change(victim, { integrity: undefined }), [noIntegrity]],
  ["a checksum is empty", change(victim, { integrity: "" }), [noIntegrity]],
  ["a checksum is a SHA-1", change(victim, { integrity: "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=" }), [noIntegrity]],
  ["a checksum is cut short", change(victim, { integrity: "sha512-AAAA==" }), [noIntegrity]],
  ["either of two checksums would do", change(victim, { integrity: `${checksum} ${checksum}` }), [noIntegrity]],
  ["a package names its registry", change(victim, { resolved: elsewhere }), [origin]],
  ["a package comes from the disk", change(victim, { resolved: "../effect", link: true }), [origin]],
  [
    "a package comes from a repository",
    change(victim, { integrity: undefined, resolved: "git+ssh://git@git.example/effect.git#0000000" }),
    [noIntegrity, origin]
  ],
  ["a version is an address", change(victim, { version: elsewhere }), [origin]],
  ["a package depends on an address", change(victim, { dependencies: { "fast-check": elsewhere } }), [origin]],
  [
    "the project depends on an address",
    change("", { devDependencies: { effect: elsewhere } }),
    ["the project itself says where it comes from"]
  ],
  [
    "the file has an older form",
    (lock) => {
      lock.lockfileVersion = 2
    },
    ["is not a lock file of version 3"]
  ],
  [
    "the file lists no packages",
    (lock) => {
      delete lock.packages
    },
    ["lists no packages"]
  ]
]

describe("the lock gate", () => {
  it.each(locks)("lets %s pass", (lock) => {
    expect(gate(lock)).toEqual({ status: 0, complaints: [] })
  })

  it.each(damages)("refuses a lock file where %s, and says so", (_, damage, complaints) => {
    const file = damaged(damage)
    expect(gate(file)).toEqual({ status: 1, complaints: complaints.map((complaint) => `${file}: ${complaint}`) })
  })

  it("lets a copy pass that nobody damaged", () => {
    expect(gate(damaged(() => {}))).toEqual({ status: 0, complaints: [] })
  })

  it("names each package that is wrong", () => {
    const file = damaged((lock) => {
      change(victim, { integrity: undefined })(lock)
      change("node_modules/vitest", { resolved: elsewhere })(lock)
    })
    const complaints = [`${file}: ${noIntegrity}`, `${file}: node_modules/vitest says where it comes from`]
    expect(gate(...locks, file)).toEqual({ status: 1, complaints })
  })

  it("refuses a file that is cut off, one that is missing, and no file at all", () => {
    const file = write(readFileSync(join(root, "package-lock.json"), "utf8").slice(0, 1000))
    const missing = join(temporary, "missing.json")
    const { status, complaints } = gate(file, missing)
    expect(status).toBe(1)
    expect(complaints).toHaveLength(2)
    expect(complaints[0]).toContain(`${file}: cannot be read: `)
    expect(complaints[1]).toContain(`${missing}: cannot be read: `)
    expect(gate()).toEqual({ status: 1, complaints: ["Usage: node .ci/lock.mjs FILE..."] })
  })

  it("stands in .ci/run before the first use of npm", () => {
    const commands = readFileSync(join(root, ".ci/run"), "utf8").split("\n")
    const first = commands.findIndex((command) => /\bnpm (ci|install)\b/.test(command))
    expect(commands.slice(0, first)).toContain(`node .ci/lock.mjs ${locks.join(" ")}`)
  })
})
