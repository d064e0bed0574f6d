import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { TestProject } from "vitest/node"
import pkg from "../../package.json" with { type: "json" }

declare module "vitest" {
  interface ProvidedContext {
    /** The package, as it would be published. */
    readonly tarball: string
  }
}

/** Packs what is built, once for all tests. */
export const setup = ({ provide }: TestProject): (() => void) => {
  const folder = mkdtempSync(join(tmpdir(), "effect-instantly-tarball-"))
  execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    stdio: ["ignore", "ignore", "inherit"]
  })
  provide("tarball", join(folder, `effect-instantly-${pkg.version}.tgz`))
  return () => rmSync(folder, { recursive: true, force: true })
}
