import { spawnSync } from "node:child_process"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "@effect/vitest"
import { DateTime, Effect, Exit, Option, Scope } from "effect"
import { ApiKey, Revocation } from "effect-instantly"
import * as JournalFile from "../../../src/cli/journal/file.js"
import { Run } from "../../../src/cli/journal/line.js"
import { journalIn } from "../../support/tool.js"

const directory = mkdtempSync(join(tmpdir(), "journal-"))
afterAll(() => rmSync(directory, { recursive: true }))

let files = 0
const path = () => {
  files += 1
  return join(directory, `file-${files}`)
}

const at = DateTime.unsafeMake("2026-01-01T00:00:00Z")
const id = ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-7384d8969c61")
const begun = new Revocation.Begun({ id, at })
const run = new Run({
  journal: "effect-instantly/1",
  at,
  address: "https://api.instantly.ai",
  workspace: Option.none(),
  credential: "00000001"
})

const open = (file: string, fsync = false) => JournalFile.open(file, { fsync })
const write = (file: string, fsync?: boolean) =>
  Effect.scoped(
    Effect.gen(function* () {
      const journal = yield* open(file, fsync)
      yield* journal.write(run)
      yield* Effect.forEach(Array.from({ length: 20 }), () => journal.write(begun), { concurrency: "unbounded" })
    })
  )
const messageOf = (file: string) => Effect.map(Effect.flip(Effect.scoped(open(file))), ({ message }) => message)

describe("JournalFile.open", () => {
  it.effect.each([{ fsync: false }, { fsync: true }])(
    "makes a file for its owner alone, and writes whole lines one after the other (fsync: $fsync)",
    ({ fsync }) =>
      Effect.gen(function* () {
        const file = path()
        yield* write(file, fsync)
        yield* write(file, fsync)
        expect(statSync(file).mode & 0o777).toBe(0o600)
        expect(journalIn(readFileSync(file, "utf8")).map(({ _tag }) => _tag)).toEqual(
          [1, 2].flatMap(() => ["Run", ...Array.from({ length: 20 }, () => "Begun")])
        )
        expect(readdirSync(directory).filter((name) => name.includes(".lock"))).toEqual([])
      })
  )

  it.effect("takes a file away from others who could read or change it", () =>
    Effect.gen(function* () {
      const file = path()
      writeFileSync(file, "")
      chmodSync(file, 0o666)
      yield* write(file)
      expect(statSync(file).mode & 0o777).toBe(0o600)
    })
  )

  it.effect("refuses a symbolic link, a directory, and what is no file at all", () =>
    Effect.gen(function* () {
      const link = path()
      symlinkSync(join(directory, "elsewhere"), link)
      expect(yield* messageOf(link)).toContain("it is a symbolic link")
      expect(existsSync(join(directory, "elsewhere"))).toBe(false)
      const folder = path()
      mkdirSync(folder)
      expect(yield* messageOf(folder)).toContain("it is a directory")
      const pipe = path()
      spawnSync("mkfifo", [pipe])
      expect(yield* messageOf(pipe)).toContain("it is not a regular file")
    })
  )

  it.effect("replaces a torn line by one that leaves its id in doubt", () =>
    Effect.gen(function* () {
      const file = path()
      yield* write(file)
      const whole = readFileSync(file, "utf8")
      writeFileSync(file, `${whole}{"id":"${id}","at":"2026-`)
      yield* write(file)
      const lines = journalIn(readFileSync(file, "utf8"))
      expect(lines).toHaveLength(21 + 1 + 21)
      expect(lines[21]).toMatchObject({ _tag: "Begun", id })
    })
  )

  it.effect("ends a last line that lacks only its end", () =>
    Effect.gen(function* () {
      const file = path()
      yield* write(file)
      writeFileSync(file, readFileSync(file, "utf8").trimEnd())
      yield* write(file)
      expect(journalIn(readFileSync(file, "utf8"))).toHaveLength(42)
    })
  )

  it.effect("changes nothing in a file that is damaged, or in another kind of file", () =>
    Effect.gen(function* () {
      const file = path()
      yield* write(file)
      const [first = "", ...rest] = readFileSync(file, "utf8").split("\n")
      const damaged = [first, "damaged", ...rest].join("\n")
      writeFileSync(file, damaged)
      expect(yield* messageOf(file)).toContain("Line 2 of the journal")
      expect(readFileSync(file, "utf8")).toBe(damaged)
      const other = path()
      writeFileSync(other, "hello")
      expect(yield* messageOf(other)).toContain("it is not a journal")
      expect(readFileSync(other, "utf8")).toBe("hello")
    })
  )
})

describe("JournalFile.read", () => {
  it.effect("reads a file that another process writes to, and makes none", () =>
    Effect.gen(function* () {
      const file = path()
      expect((yield* JournalFile.read(file)).lines).toEqual([])
      expect(existsSync(file)).toBe(false)
      yield* write(file)
      const held = yield* Scope.make()
      yield* Scope.extend(open(file), held)
      expect((yield* JournalFile.read(file)).lines).toHaveLength(21)
      yield* Scope.close(held, Exit.void)
    })
  )
})

describe("a disk that is full", () => {
  const mount = join(directory, "small")
  mkdirSync(mount)
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=8k", "tmpfs", mount]).status === 0
  afterAll(() => {
    if (isMounted) spawnSync("umount", [mount])
  })

  it.effect.skipIf(!isMounted)("fails the write and leaves no half of a line behind (needs root, for a tmpfs)", () =>
    Effect.gen(function* () {
      const file = join(mount, "journal")
      const { message } = yield* Effect.gen(function* () {
        const journal = yield* open(file)
        yield* journal.write(run)
        return yield* Effect.forever(journal.write(begun))
      }).pipe(Effect.scoped, Effect.flip)
      expect(message).toContain(`the journal cannot be written: no space is left on the disk`)
      const text = readFileSync(file, "utf8")
      expect(text.endsWith("\n")).toBe(true)
      expect(journalIn(text).length).toBeGreaterThan(20)
    })
  )
})
