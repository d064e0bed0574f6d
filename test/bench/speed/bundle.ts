/**
 * What this library adds to a bundle: the program that deletes a key, beside a program that keeps the same exports of the
 * same Effect modules and does nothing with them. Which those are is read from the first program itself, after its
 * tree-shaking: nobody has to keep a list.
 */
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { build, type Metafile } from "esbuild"
import ts from "typescript"

const root = fileURLToPath(new URL("../../..", import.meta.url))

/** How a program can import this library. */
export const imports = {
  whole: 'import { ApiKey, ApiKeys, Instantly } from "effect-instantly"',
  // esbuild drops nothing of a namespace that another module exports, such as all scopes by name, and `ApiKeys.list`
  byModule: `
import * as ApiKey from "effect-instantly/ApiKey"
import * as ApiKeys from "effect-instantly/ApiKeys"
import * as Instantly from "effect-instantly/Instantly"`
} as const

const program = (imported: string) => `
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
${imported}

Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.delete(ApiKey.ApiKeyId.make(location.hash))).pipe(
  Effect.provide(Instantly.layerConfig().pipe(Layer.provide(FetchHttpClient.layer))),
  Effect.runPromise
)
`

const bundle = async (code: string, minify: boolean, external: Array<string>) => {
  const { metafile, outputFiles } = await build({
    stdin: { contents: code, resolveDir: root },
    bundle: true,
    format: "esm",
    minify,
    external,
    metafile: true,
    write: false,
    // what is built is meant, as it is installed: not the sources that the tests see under the same name
    tsconfigRaw: "{}"
  })
  return { code: outputFiles.map(({ text }) => text).join(""), metafile }
}

/** Which exports of which modules a program uses: `Effect.flatMap` of `import * as Effect`, and `{ pipe }` by name. */
export const usedExports = (code: string): ReadonlyMap<string, ReadonlySet<string>> => {
  const used = new Map<string, Set<string>>()
  const moduleOf = new Map<string, string>()
  const use = (module: string, name: string) => used.set(module, (used.get(module) ?? new Set()).add(name))
  const file = ts.createSourceFile("program.js", code, ts.ScriptTarget.Latest, true)
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue
    const bindings = statement.importClause?.namedBindings
    if (bindings === undefined) continue
    if (ts.isNamespaceImport(bindings)) moduleOf.set(bindings.name.text, statement.moduleSpecifier.text)
    else
      for (const { name, propertyName } of bindings.elements)
        use(statement.moduleSpecifier.text, (propertyName ?? name).text)
  }
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      const module = moduleOf.get(node.expression.text)
      if (module !== undefined) use(module, node.name.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return used
}

/** A program that keeps these exports, and does nothing with them. */
const keeping = (used: ReadonlyMap<string, ReadonlySet<string>>): string => {
  const names = [...used].flatMap(([module, exports]) => [...exports].map((name) => ({ module, name })))
  const imports = names.map(({ module, name }, index) => `import { ${name} as _${index} } from "${module}"`)
  return `${imports.join("\n")}\nglobalThis.kept = [${names.map((_, index) => `_${index}`).join(", ")}]\n`
}

const ownBytes = ({ outputs }: Metafile): number =>
  Object.values(outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([path]) => path.startsWith("dist/"))
    .reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0)

export interface Size {
  /** Bytes of the program that deletes, minified and gzipped. */
  readonly program: number
  /** Bytes of the program that only keeps what that one uses of Effect. */
  readonly baseline: number
  /** Bytes of the first that come from this library, minified and not gzipped. */
  readonly own: number
  /** How many exports the baseline keeps, and of how many modules. */
  readonly exports: number
  readonly modules: number
}

const gzipped = (code: string) => gzipSync(code, { level: 9 }).length

export const measureBundle = async (imported: string): Promise<Size> => {
  const code = program(imported)
  const withoutEffect = await bundle(code, false, ["effect", "@effect/platform"])
  const used = usedExports(withoutEffect.code)
  const [whole, baseline] = [await bundle(code, true, []), await bundle(keeping(used), true, [])]
  return {
    program: gzipped(whole.code),
    baseline: gzipped(baseline.code),
    own: ownBytes(whole.metafile),
    exports: [...used.values()].reduce((sum, names) => sum + names.size, 0),
    modules: used.size
  }
}
