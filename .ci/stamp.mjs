/**
 * Writes a new version where it stands beside `package.json`: in `src/InstantlyClient/settings.ts`, and in CHANGELOG as the heading
 * of what was unreleased. `npm version` runs it before it commits.
 */
import { readFileSync, writeFileSync } from "node:fs"

const { version } = JSON.parse(readFileSync("package.json", "utf8"))

/** Changes a file in one place; one that is not there is a mistake to hear of before the release. */
const change = (file, place, replacement) => {
  const text = readFileSync(file, "utf8")
  if (!place.test(text)) throw new Error(`${file} has no ${place}`)
  writeFileSync(file, text.replace(place, replacement))
}

change("src/InstantlyClient/settings.ts", /(?<=const version = ")[^"]+/, version)
change(
  "CHANGELOG.md",
  /^## \[Unreleased\]$/m,
  `## [Unreleased]\n\n## [${version}] - ${new Date().toISOString().slice(0, 10)}`
)
