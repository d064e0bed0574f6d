/**
 * Bundles the tool with all that it needs into one file, and writes the licences of what is in it into another one beside it.
 *
 * Usage: node .ci/bundle.mjs FILE
 */
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const root = fileURLToPath(new URL("..", import.meta.url))
const [outfile] = process.argv.slice(2)
if (outfile === undefined) throw new Error("Usage: node .ci/bundle.mjs FILE")

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ["src/cli/main.ts"],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20.19",
  minify: true,
  charset: "utf8",
  legalComments: "none", // their licences are in the file of notices
  logLevel: "error",
  metafile: true,
  banner: { js: `#!/usr/bin/env node\n${readFileSync(join(root, ".ci/node.mjs"), "utf8")}` }
})
chmodSync(outfile, 0o755)

const [output] = Object.values(metafile.outputs)
const imports = output.imports.filter(({ path }) => !path.startsWith("node:"))
if (imports.length > 0) throw new Error(`The tool imports ${imports.map(({ path }) => path).join(", ")}.`)

/** The folders of the packages of which something is in the bundle. */
const packages = new Set(
  Object.entries(output.inputs)
    .filter(([file, { bytesInOutput }]) => bytesInOutput > 0 && file.includes("node_modules/"))
    .map(([file]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)[0])
)

const noticeOf = (folder) => {
  const at = join(root, folder)
  const { license, name, version } = JSON.parse(readFileSync(join(at, "package.json"), "utf8"))
  const file = readdirSync(at).find((entry) => /^licen[cs]e/i.test(entry))
  if (file === undefined || !existsSync(join(at, file))) throw new Error(`${name} has no licence to carry.`)
  return `${name} ${version} (${license})\n\n${readFileSync(join(at, file), "utf8").trim()}\n`
}

writeFileSync(
  `${outfile.replace(/\.m?js$/, "")}.licenses.txt`,
  ["What the command line tool is bundled with.\n", ...[...packages].sort().map(noticeOf)].join(
    `\n${"-".repeat(80)}\n\n`
  )
)
