/** The API reference, as typedoc makes it with the settings of package.json; it is not written. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Application, type ProjectReflection, ReflectionKind } from "typedoc"
import pkg from "../../package.json" with { type: "json" }
import { root } from "../docs/pages.js"

const converted = Effect.promise(async (): Promise<ProjectReflection | undefined> => {
  const app = await Application.bootstrapWithPlugins({ logLevel: "Error", skipErrorChecking: true })
  return app.convert()
})

const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.startsWith("cli"))
  .map((file) => readFileSync(join(root, "src", file), "utf8"))

/** The values that `src` exports for its own modules alone. */
const internals = sources.flatMap((source) =>
  [...source.matchAll(/@internal(?:(?!\*\/).)*\*\/\s*export (?:const|\{) (\w+)/gs)].map(([, name]) => name)
)

describe("the reference", () => {
  it.live("has each public module, no other, and nothing that is internal", () =>
    Effect.gen(function* () {
      const modules = (yield* converted)?.children ?? []
      const subpaths = Object.keys(pkg.exports).flatMap((path) => /^\.\/([A-Z]\w+)$/.exec(path)?.[1] ?? [])
      const testing = readFileSync(join(root, "src/testing/index.ts"), "utf8").matchAll(/export \* as (\w+)/g)
      expect(modules.map(({ name }) => name).sort()).toEqual(
        [...subpaths, ...[...testing].map(([, name]) => `testing/${name}`)].sort()
      )
      const values = modules
        .flatMap(({ children = [] }) => children)
        .filter(({ kind }) => kind === ReflectionKind.Function || kind === ReflectionKind.Variable)
        .map(({ name }) => name)
      expect(values).toContain("layerConfig")
      expect(internals).toContain("factsLine")
      expect(values.filter((name) => internals.includes(name))).toEqual([])
    })
  )
})
