import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"

/** Builds the package before a suite that uses it as built. `.ci/run` has built it already, and says so by `IS_BUILT`. */
export const setup = (): void => {
  if (process.env["IS_BUILT"] === "yes") return
  execFileSync("npm", ["run", "build"], { cwd: fileURLToPath(new URL("../..", import.meta.url)), stdio: "inherit" })
}
