/**
 * Compiles every example of the documentation: each `@example` of `src`, and each TypeScript block of README and the
 * chapters. They are written to `test/.generated`, which git ignores, with a comment that says where each comes from. One
 * that begins with `// name.mjs` is written under that name, too, so that others can import it.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript"
import { blocksOf, pages, root } from "./pages.js"

const generated = join(root, "test/.generated")

interface Example {
  readonly from: string
  readonly code: string
}

const examplesOf = (path: string, text: string): ReadonlyArray<Example> =>
  blocksOf(text, "ts").map(({ code, line }) => ({ from: `${path}:${line}`, code }))

const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => join("src", file))

const examples = [
  ...sources.flatMap((path) => examplesOf(path, readFileSync(join(root, path), "utf8").replaceAll(/^ *\* ?/gm, ""))),
  ...pages.flatMap(({ path, text }) => examplesOf(path, text))
]

rmSync(generated, { recursive: true, force: true })
mkdirSync(generated, { recursive: true })
const files = examples.map(({ code, from }, index) => {
  const file = join(generated, `${String(index).padStart(3, "0")}.ts`)
  writeFileSync(file, `// ${from}\n${code}`)
  const [, name] = /^\/\/ (\w+)\.mjs$/m.exec(code) ?? []
  if (name !== undefined) writeFileSync(join(generated, `${name}.mts`), code)
  return file
})

const configuration = ts.getParsedCommandLineOfConfigFile(
  join(root, "tsconfig.json"),
  // an example may show a value without using it
  { noUnusedLocals: false, noUnusedParameters: false },
  { ...ts.sys, onUnRecoverableConfigFileDiagnostic: ({ messageText }) => console.error(messageText) }
)
const program = ts.createProgram(files, configuration?.options ?? {})
const diagnostics = ts.getPreEmitDiagnostics(program)
for (const { file, messageText, start } of diagnostics) {
  const index = files.indexOf(file?.fileName ?? "")
  const line = file === undefined || start === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line
  console.error(
    `${examples[index]?.from ?? file?.fileName} + ${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`
  )
}
console.log(`${examples.length} examples of the documentation, ${diagnostics.length} problems`)
process.exitCode = diagnostics.length === 0 && examples.length > 0 ? 0 : 1
