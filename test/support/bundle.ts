/** Bundles the tool once for all tests, as the package has it. `npx vitest` runs this before the first of them. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const setup = (): (() => void) => {
  const folder = mkdtempSync(join(tmpdir(), "tool-"))
  process.env["BUNDLED_TOOL"] = join(folder, "revoke.mjs")
  execFileSync(process.execPath, [".ci/bundle.mjs", process.env["BUNDLED_TOOL"]], {
    cwd: fileURLToPath(new URL("../..", import.meta.url))
  })
  return () => rmSync(folder, { recursive: true, force: true })
}
