import { spawnSync } from "node:child_process"
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { served } from "../../../examples/embedded/served.js"
import {
  atDouble,
  bundled,
  directory,
  fileOf,
  journalIn,
  keys,
  live,
  path,
  program,
  sent,
  tool
} from "../../support/tool.js"

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
      expect(output).toContain(`the journal cannot be written: no space is left on the disk`)
      expect(code).toBe(1)
      const begun = new Set(journalIn(readFileSync(journal, "utf8")).map((line) => ("id" in line ? `${line.id}` : "")))
      const all = yield* sent
      expect(all.length).toBeGreaterThan(10)
      expect(all.length).toBeLessThan(200)
      expect(all.filter((id) => !begun.has(`${id}`))).toEqual([])
    }).pipe(Effect.provide(served()))
  )
})

const hasPrlimit = spawnSync("prlimit", ["--version"]).status === 0

describe.skipIf(!hasPrlimit)("a journal that cannot be written before the tool's own key (needs util-linux)", () => {
  it.live("leaves that key, and does not say that nothing was deleted", () =>
    Effect.gen(function* () {
      const environment = yield* atDouble
      const mock = yield* InstantlyMock.InstantlyMock
      const [own] = yield* mock.apiKeys
      const [first, second] = yield* keys(2)
      const [short, journal] = [path(), path()]
      yield* tool(["revoke", `${first?.id}`, "--yes", "--journal", short], { environment })
      const args = ["revoke", `${second?.id}`, `${own?.id}`, "--yes", "--including-own-key", "--journal", journal]
      const { code, output } = yield* tool(args, {
        environment,
        // It calls this process before it writes, so it has its limit by then.
        onStart: ({ pid }) => spawnSync("prlimit", [`--pid=${pid}`, `--fsize=${statSync(short).size + 10}`])
      })
      expect(yield* sent).toEqual([first?.id, second?.id])
      expect(output).toContain("cannot be written: it must not be longer")
      expect(output).not.toContain("Nothing was deleted")
      expect(code).toBe(1)
    }).pipe(Effect.provide(served()))
  )
})

describe.skipIf(!existsSync("/dev/full"))("stdout on a disk that is full", () => {
  it.each([
    { command: ["list", "--rehearse"], codes: [1] },
    // 3 where the run stopped after the deletions, and before the list was read again
    { command: ["revoke", "--rehearse", "--name", "zapier", "--yes"], codes: [1, 3] }
  ])("is reported, and is no exit code 0: $command", ({ codes, command }) => {
    const full = openSync("/dev/full", "w")
    const { status, stderr } = spawnSync(process.execPath, [program, ...command], {
      stdio: ["ignore", full, "pipe"],
      encoding: "utf8"
    })
    closeSync(full)
    expect(stderr.split("stdout cannot be written: no space is left on the disk.")).toHaveLength(2)
    expect(codes).toContain(status)
  })
})
