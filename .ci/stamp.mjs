/**
 * Writes a new version where it stands beside `package.json`: in `src/InstantlyClient/settings.ts`, and in CHANGELOG as the
 * heading of what was unreleased. `npm version` runs it before it commits.
 */
import { readFileSync, writeFileSync } from "node:fs"

const { version } = JSON.parse(readFileSync("package.json", "utf8"))

/** The text of a file, changed in one place. A place that is missing is an error now, and not after the release. */
const changed = (file, place, replacement) => {
  const text = readFileSync(file, "utf8")
  if (!place.test(text)) throw new Error(`${file} has no ${place}`)
  return text.replace(place, replacement)
}

const settings = changed("src/InstantlyClient/settings.ts", /(?<=const version = ")[^"]+/, version)
const changelog = changed(
  "CHANGELOG.md",
  /^## \[Unreleased\]$/m,
  `## [${version}] - ${new Date().toISOString().slice(0, 10)}`
)
if (changelog.split(`## [${version}]`).length !== 2) throw new Error(`CHANGELOG.md has a section of ${version} already`)
writeFileSync("src/InstantlyClient/settings.ts", settings)
writeFileSync("CHANGELOG.md", changelog)
