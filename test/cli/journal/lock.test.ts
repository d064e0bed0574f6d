import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { hostname, tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import * as Lock from "../../../src/cli/journal/lock.js"

const directory = mkdtempSync(join(tmpdir(), "lock-"))
afterAll(() => rmSync(directory, { recursive: true }))

let files = 0
const path = () => {
  files += 1
  return join(directory, `file-${files}`)
}

const take = (file: string) => Effect.scoped(Lock.hold(file))
const messageOf = (file: string) => Effect.map(Effect.flip(take(file)), ({ message }) => message)

const namespace = existsSync("/proc/self/ns/pid") ? readlinkSync("/proc/self/ns/pid") : ""
const lockedBy = (holder: object | string) => {
  const file = path()
  writeFileSync(`${file}.lock`, typeof holder === "string" ? holder : JSON.stringify({ namespace, ...holder }))
  return file
}

/** The id of a process that has ended. */
const deadPid = Effect.promise(async () => {
  const child = spawn(process.execPath, ["-e", ""])
  await once(child, "close")
  return child.pid
})

describe("a lock", () => {
  it.effect("is held until the scope ends, for its owner alone, and says by whom", () =>
    Effect.gen(function* () {
      const file = path()
      const held = yield* Scope.make()
      yield* Scope.extend(Lock.hold(file), held)
      expect(JSON.parse(readFileSync(`${file}.lock`, "utf8"))).toMatchObject({ host: hostname(), pid: process.pid })
      expect(statSync(`${file}.lock`).mode & 0o777).toBe(0o600)
      expect(yield* messageOf(file)).toContain(`Process ${process.pid} on ${hostname()} is writing to this journal`)
      yield* Scope.close(held, Exit.void)
      yield* take(file)
      expect(readdirSync(directory)).toEqual([])
    })
  )

  it.live("of a process that has died is taken over, and leaves nothing behind", () =>
    Effect.gen(function* () {
      yield* take(lockedBy({ host: hostname(), pid: yield* deadPid }))
      expect(readdirSync(directory)).toEqual([])
    })
  )

  it.live("of a dead process with this id in another container of the same host name is not", () =>
    Effect.gen(function* () {
      const holder = { host: hostname(), namespace: "pid:[1]", pid: yield* deadPid }
      expect(yield* messageOf(lockedBy(holder))).toContain("is writing to this journal")
    })
  )

  it.live("of another machine, or one that nobody can read, is not; the message says what to do", () =>
    Effect.gen(function* () {
      const elsewhere = lockedBy({ host: "elsewhere.invalid", pid: yield* deadPid })
      expect(yield* messageOf(elsewhere)).toMatch(
        `on elsewhere.invalid is writing to this journal. If that is not so, delete the file beside it with .lock added`
      )
      expect(yield* messageOf(lockedBy("damaged"))).toContain("Something is writing to this journal")
    })
  )

  it.live("of a dead process is taken over by one of many at once", () =>
    Effect.gen(function* () {
      const file = lockedBy({ host: hostname(), pid: yield* deadPid })
      const held = yield* Scope.make()
      const tries = Array.from({ length: 20 }, () => Effect.exit(Scope.extend(Lock.hold(file), held)))
      const exits = yield* Effect.all(tries, { concurrency: "unbounded" })
      expect(exits.filter(Exit.isSuccess)).toHaveLength(1)
      yield* Scope.close(held, Exit.void)
    })
  )

  it.live("that is a pipe without a writer, or a symbolic link, is refused at once and left as it is", () =>
    Effect.gen(function* () {
      const pipe = path()
      spawnSync("mkfifo", [`${pipe}.lock`])
      expect(yield* messageOf(pipe)).toContain(
        "with .lock added to the journal's name cannot be used: it is not a regular file."
      )
      const elsewhere = path()
      writeFileSync(elsewhere, "as it was")
      const link = path()
      symlinkSync(elsewhere, `${link}.lock`)
      expect(yield* messageOf(link)).toContain("cannot be used: it is a symbolic link.")
      const planted = lockedBy({ host: hostname(), pid: yield* deadPid })
      symlinkSync(elsewhere, `${planted}.lock.takeover`)
      expect(yield* messageOf(planted)).toContain("Another process is writing to this journal")
      expect(readFileSync(elsewhere, "utf8")).toBe("as it was")
    })
  )
})
