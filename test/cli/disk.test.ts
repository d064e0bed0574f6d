import { spawnSync } from "node:child_process"
import { mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { served } from "../../examples/embedded/served.js"
import { bundled, directory, fileOf, journalIn, keys, live, sent } from "../support/tool.js"

const mount = join(directory, "small")
// Test files share the directory, and the one before this may have cleared it up.
mkdirSync(mount, { recursive: true })
const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=16k", "tmpfs", mount]).status === 0
bundled()

// Hooks run last to first: it is not there any more when the directory is cleared up.
afterAll(() => {
  if (isMounted) spawnSync("umount", [mount])
})

describe.skipIf(!isMounted)("a journal on a disk that fills up (needs root, for a tmpfs)", () => {
  it.live("stops the run, and everything that was sent was written down before", () =>
    Effect.gen(function* () {
      const ids = (yield* keys(200)).map(({ id }) => id)
      const journal = join(mount, "journal")
      const { code, output } = yield* live(["--file", fileOf(ids.join("\n")), "--yes", "--journal", journal])
      expect(output).toContain(`the journal ${journal} cannot be written: no space is left on the disk`)
      expect(code).toBe(1)
      const begun = new Set(journalIn(readFileSync(journal, "utf8")).map((line) => ("id" in line ? `${line.id}` : "")))
      const all = yield* sent
      expect(all.length).toBeGreaterThan(10)
      expect(all.length).toBeLessThan(200)
      expect(all.filter((id) => !begun.has(`${id}`))).toEqual([])
    }).pipe(Effect.provide(served()))
  )
})
