/**
 * Refuses a lock file that leaves open what gets installed. Each package must have a SHA-512 checksum, and no entry may
 * say where it comes from: npm's own setting names the registry, and the checksum decides what it may send.
 *
 * Usage: node .ci/lock.mjs FILE...
 */
import { readFileSync } from "node:fs"

const sha512 = /^sha512-[A-Za-z0-9+/]{86}==$/

/** `funding` and `deprecated` are prose for people; npm fetches nothing from an address there. */
const namesAnOrigin = ({ funding, deprecated, ...entry }) =>
  "resolved" in entry || JSON.stringify(entry).includes("://")

const problemsOf = (file) => {
  let lock
  try {
    lock = JSON.parse(readFileSync(file, "utf8"))
  } catch (error) {
    return [`cannot be read: ${error.message}`]
  }
  // Older versions list the packages a second time, in another form.
  if (lock.lockfileVersion !== 3) return ["is not a lock file of version 3"]
  const entries = Object.entries(lock.packages ?? {})
  if (entries.length === 0) return ["lists no packages"]
  return entries.flatMap(([path, entry]) => {
    const name = path === "" ? "the project itself" : path
    return [
      ...(path === "" || sha512.test(entry.integrity) ? [] : [`${name} has no SHA-512 integrity`]),
      ...(namesAnOrigin(entry) ? [`${name} says where it comes from`] : [])
    ]
  })
}

const files = process.argv.slice(2)
const problems = files.flatMap((file) => problemsOf(file).map((problem) => `${file}: ${problem}`))
if (files.length === 0) problems.push("Usage: node .ci/lock.mjs FILE...")
for (const problem of problems) console.error(problem)
process.exitCode = problems.length === 0 ? 0 : 1
