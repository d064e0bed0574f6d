/** The package as its users get it: packed, installed into empty projects, type-checked and run there. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { build } from "esbuild"
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest"
import pkg from "../../package.json" with { type: "json" }
import { linksOf } from "../docs/pages.js"
import { start } from "../support/process.js"

const root = fileURLToPath(new URL("../..", import.meta.url))
const tarball = inject("tarball")
const temporary = mkdtempSync(join(tmpdir(), "effect-instantly-"))
const printed = `["first","NotFound","Unknown"]\n`

/** What a user installs; the oldest peers that the ranges allow fit each other. */
const projects = [
  ["the oldest peers", ["effect@3.22.0", "@effect/platform@0.97.0"]],
  ["the newest peers", ["effect@3", "@effect/platform@0.97"]]
] as const

const compilers = [
  ["5.9", "typescript-5.9"],
  ["7", "typescript-7"]
] as const

/** A program goes into a folder of its own in the project, so that it finds what is installed there. */
const modes = [
  ["nodenext", { module: "nodenext", moduleResolution: "nodenext" }, ["esm.js", "cjs.cjs"]],
  ["bundler", { module: "esnext", moduleResolution: "bundler" }, ["esm.js"]]
] as const

const folderOf = (project: string) => join(temporary, project.replaceAll(" ", "-"))
const newest = folderOf("the newest peers")

const npm = async (folder: string, ...args: ReadonlyArray<string>) => {
  const { code, stderr } = await Effect.runPromise(start(["npm", ...args], { folder }))
  if (code !== 0) throw new Error(`npm ${args.join(" ")}: ${stderr}`)
}

/** What Node makes of a program; that `require` of an ES module is new to Node 20 is no complaint. */
const node = async (folder: string, ...args: ReadonlyArray<string>) => {
  const { code, stderr, stdout } = await Effect.runPromise(start([process.execPath, ...args], { folder }))
  return { code, stdout, stderr: stderr.replace(/^.*ExperimentalWarning.*\n.*--trace-warnings.*\n/m, "") }
}

const makeProject = (folder: string, packages: ReadonlyArray<string>) => {
  mkdirSync(folder)
  writeFileSync(join(folder, "package.json"), `{ "private": true, "type": "module" }`)
  return npm(folder, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", ...packages)
}

const filesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()

const subpaths = Object.keys(pkg.exports)
  .filter((path) => path !== "./package.json")
  .map((path) => `effect-instantly${path.slice(1)}`)

beforeAll(async () => {
  for (const [project, peers] of projects) await makeProject(folderOf(project), [tarball, ...peers])
  const typescripts = compilers.map(([version, name]) => `${name}@npm:typescript@${version}`)
  await makeProject(join(temporary, "compilers"), typescripts)
})
afterAll(() => rmSync(temporary, { recursive: true, force: true }))

describe("the tarball", () => {
  const installed = join(newest, "node_modules/effect-instantly")

  it("holds the documents and what they link to, the library's sources, for each what it is compiled to, and the tool", () => {
    const modules = filesIn(join(root, "src"))
      .filter((file) => file.endsWith(".ts") && !file.startsWith("cli/"))
      .map((file) => file.slice(0, -".ts".length))
    const compiled = ["js", "js.map", "d.ts", "d.ts.map"]
    const beside = /^(?:examples|test|\.github)\//
    expect(filesIn(installed).filter((file) => !beside.test(file))).toEqual(
      [
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "dist/cli.js",
        "dist/cli.licenses.txt",
        "package.json",
        ...modules.flatMap((module) => compiled.map((extension) => `dist/${module}.${extension}`)),
        ...modules.map((module) => `src/${module}.ts`)
      ].sort()
    )
  })

  it("has what each link and picture of its pages leads to", () => {
    const pages = filesIn(installed).filter((file) => file.endsWith(".md"))
    const links = pages.flatMap((path) => linksOf({ path, text: readFileSync(join(installed, path), "utf8") }))
    expect(pages).toEqual(expect.arrayContaining(["README.md", "examples/policies/README.md"]))
    expect(links.length).toBeGreaterThan(50)
    expect(links.filter(({ target }) => !existsSync(join(installed, target)))).toEqual([])
  })

  it("has the source that each source map names", () => {
    const maps = filesIn(installed).filter((file) => file.endsWith(".map"))
    const missing = maps.filter((file) => {
      const { sources }: { sources: ReadonlyArray<string> } = JSON.parse(readFileSync(join(installed, file), "utf8"))
      return sources.length !== 1 || sources.some((source) => !existsSync(resolve(installed, file, "..", source)))
    })
    expect([maps.length > 0, missing]).toEqual([true, []])
  })

  it("imports, but for the tool, nothing but its own modules, effect and @effect/platform: nothing of Node", () => {
    const importing = /(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']/g
    const imports = filesIn(installed)
      .filter((file) => /^dist\/.*\.(?:js|d\.ts)$/.test(file) && file !== "dist/cli.js")
      // what stands in comments is documentation
      .map((file) => readFileSync(join(installed, file), "utf8").replaceAll(/\/\*[\s\S]*?\*\//g, ""))
      .flatMap((code) => [...code.matchAll(importing)].map(([, from = ""]) => from))
    expect(imports.length).toBeGreaterThan(100)
    expect(
      imports.filter((from) => !/^(?:\.{1,2}\/|effect$|effect\/|@effect\/platform$|@effect\/platform\/)/.test(from))
    ).toEqual([])
  })
})

describe.each(projects)("in a project with %s", (project) => {
  const folder = folderOf(project)

  describe.each(compilers)("and TypeScript %s", (version, compiler) => {
    it.each(modes)(
      "a program with moduleResolution %s is compiled, its libraries checked, and runs",
      async (mode, options, programs) => {
        const program = `${compiler}-${mode}`
        cpSync(join(root, "test/package/consumer"), join(folder, program), {
          recursive: true,
          filter: (file) => mode === "nodenext" || !file.endsWith(".cts")
        })
        writeFileSync(
          join(folder, program, "tsconfig.json"),
          JSON.stringify({
            compilerOptions: {
              ...options,
              target: "es2022",
              lib: ["es2022", "dom", "dom.iterable"],
              types: [],
              strict: true,
              exactOptionalPropertyTypes: true,
              noUncheckedIndexedAccess: true,
              skipLibCheck: false,
              rootDir: ".",
              outDir: "out"
            }
          })
        )
        const tsc = join(temporary, "compilers/node_modules", compiler, "bin/tsc")
        expect((await node(folder, tsc, "--version")).stdout).toContain(`Version ${version}.`)
        expect(await node(folder, tsc, "-p", program)).toEqual({ code: 0, stdout: "", stderr: "" })
        for (const file of programs) {
          expect(await node(folder, join(program, "out", file))).toEqual({ code: 0, stdout: printed, stderr: "" })
        }
      }
    )
  })
})

describe("a subpath", () => {
  it.each(subpaths)("%s is imported alone, and required alone", async (path) => {
    const count = "console.log(Object.keys(it).length > 0)"
    const imported = await node(newest, "--input-type=module", "-e", `import * as it from "${path}"; ${count}`)
    const required = await node(newest, "--input-type=commonjs", "-e", `const it = require("${path}"); ${count}`)
    expect([imported, required]).toEqual([
      { code: 0, stdout: "true\n", stderr: "" },
      { code: 0, stdout: "true\n", stderr: "" }
    ])
  })
})

describe("sideEffects", () => {
  /** What a bundler makes of a program, and how much of it is this package. */
  const bundle = async (code: string) => {
    const { metafile, outputFiles } = await build({
      stdin: { contents: code, loader: "ts", resolveDir: newest },
      absWorkingDir: newest,
      bundle: true,
      format: "esm",
      platform: "neutral",
      mainFields: ["module", "main"],
      metafile: true,
      write: false,
      logLevel: "silent"
    })
    const [output] = Object.values(metafile.outputs)
    const ours = Object.entries(output?.inputs ?? {}).filter(
      ([file, { bytesInOutput }]) => file.includes("/effect-instantly/") && bytesInOutput > 0
    )
    return { text: outputFiles[0]?.text ?? "", ours: ours.map(([file]) => file.split("/dist/")[1]) }
  }

  it("lets a bundler leave out all that is not used", async () => {
    expect((await bundle(subpaths.map((path) => `import "${path}"`).join("\n"))).ours).toEqual([])
    const { ours } = await bundle(`import { RetryPolicy } from "effect-instantly"; console.log(RetryPolicy.standard)`)
    expect(ours).toContain("RetryPolicy.js")
    expect(ours).not.toContain("InstantlyClient.js")
  })

  it("holds: a program does the same when it is bundled", async () => {
    const { ours, text } = await bundle(readFileSync(join(root, "test/package/consumer/esm.ts"), "utf8"))
    expect(ours).toContain("testing/InstantlyMock.js")
    writeFileSync(join(newest, "bundled.js"), text)
    expect(await node(newest, "bundled.js")).toEqual({ code: 0, stdout: printed, stderr: "" })
  })

  it("holds: to import everything adds no global, says nothing, and keeps no process alive", async () => {
    const importAll = subpaths.map((path) => `await import("${path}")`).join("\n")
    const program = `
      await import("effect")
      await import("@effect/platform")
      const before = Reflect.ownKeys(globalThis).length
      ${importAll}
      console.log(Reflect.ownKeys(globalThis).length - before)`
    expect(await node(newest, "--input-type=module", "-e", program)).toEqual({ code: 0, stdout: "0\n", stderr: "" })
  })
})
