/** What it costs a fresh process to import this library, beside the same Effect modules alone, and beside nothing. */
import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const root = fileURLToPath(new URL("../../..", import.meta.url))

/** The modules of Effect that the library imports, all of its own modules together. */
const effectModules = async (): Promise<ReadonlyArray<string>> => {
  const { metafile } = await build({
    stdin: { contents: `export * from "effect-instantly"`, resolveDir: root },
    bundle: true,
    format: "esm",
    external: ["effect", "@effect/platform"],
    metafile: true,
    write: false,
    tsconfigRaw: "{}"
  })
  return Object.values(metafile.outputs).flatMap(({ imports }) =>
    imports.filter(({ external }) => external).map(({ path }) => path)
  )
}

const tellCpu = "const { system, user } = process.cpuUsage(); console.log((system + user) / 1000)"

/** Milliseconds of CPU that a fresh process has used when its imports are done, its own start included. */
const cpuOf = (modules: ReadonlyArray<string>): number => {
  const imports = modules.map((module) => `import(${JSON.stringify(module)})`)
  const program = `Promise.all([${imports.join(", ")}]).then(() => { ${tellCpu} })`
  return Number(execFileSync(process.execPath, ["-e", program], { cwd: root, encoding: "utf8" }))
}

export interface ColdImport {
  readonly nothing: ReadonlyArray<number>
  readonly effect: ReadonlyArray<number>
  readonly own: ReadonlyArray<number>
}

export const measureColdImport = async (rounds: number): Promise<ColdImport> => {
  const modules = await effectModules()
  const each = Array.from({ length: rounds }, () => ({
    nothing: cpuOf([]),
    effect: cpuOf(modules),
    own: cpuOf(["effect-instantly"])
  }))
  return {
    nothing: each.map(({ nothing }) => nothing),
    effect: each.map(({ effect }) => effect),
    own: each.map(({ own }) => own)
  }
}
