import { fileURLToPath } from "node:url"
import { expect, it } from "@effect/vitest"
import { ApiKey } from "effect-instantly"
import ts from "typescript"

it("an editor completes the 178 known scopes where a Scope is expected", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url))
  const config = ts.getParsedCommandLineOfConfigFile(
    `${root}tsconfig.json`,
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: () => {}
    }
  )
  const file = `${root}test/completion.virtual.ts`
  const text = 'import type { ApiKey } from "effect-instantly"\nexport const scope: ApiKey.Scope = ""\n'
  const host: ts.LanguageServiceHost = {
    ...ts.sys,
    useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
    getCompilationSettings: () => config?.options ?? {},
    fileExists: (name) => name === file || ts.sys.fileExists(name),
    readFile: (name, encoding) => (name === file ? text : ts.sys.readFile(name, encoding)),
    getScriptFileNames: () => [file],
    getScriptVersion: () => "0",
    getScriptSnapshot: (name) => {
      const content = host.readFile(name)
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content)
    },
    getDefaultLibFileName: ts.getDefaultLibFilePath
  }
  const completions = ts
    .createLanguageService(host)
    .getCompletionsAtPosition(file, text.indexOf('""') + 1, {})
    ?.entries.map(({ name }) => name)
  expect(completions).toEqual(expect.arrayContaining([...ApiKey.KnownScope.literals]))
})
