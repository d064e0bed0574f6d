/**
 * A lock beside a file, so that one process writes to it at a time. It says who holds it, and a process that has died holds
 * nothing any more.
 */
import { execFile } from "node:child_process"
import { link, readFile, readlink, rename, rm, writeFile } from "node:fs/promises"
import { hostname } from "node:os"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { usage } from "./ended.js"
import { attempt, type FileError } from "./file.js"

const Holder = Schema.Struct({
  host: Schema.String,
  /** Within which a process id means something. Each container has its own, and several can have one host name. */
  namespace: Schema.String,
  pid: Schema.Number.pipe(Schema.int(), Schema.positive()),
  /** When the process started, as the system says it: another process can have the same id later. */
  started: Schema.String
})
type Holder = typeof Holder.Type

const decode = Schema.decodeOption(Schema.parseJson(Holder))

/** The 22nd field, in ticks since the machine started. The name before it, in brackets, may hold anything. */
const ofProc = (stat: string) => stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? ""

const ofPs = (pid: number) =>
  Effect.async<string>((resume) => {
    execFile("ps", ["-o", "lstart=", "-p", String(pid)], { env: { LC_ALL: "C" } }, (error, stdout) =>
      resume(Effect.succeed(error === null ? stdout.trim() : ""))
    )
  })

/** Empty where the system has none. */
const namespace = attempt(() => readlink("/proc/self/ns/pid")).pipe(Effect.orElseSucceed(() => ""))

/** Empty if it cannot be known. */
const startOf = (pid: number) =>
  process.platform === "linux"
    ? attempt(() => readFile(`/proc/${pid}/stat`, "utf8")).pipe(
        Effect.map(ofProc),
        Effect.orElseSucceed(() => "")
      )
    : ofPs(pid)

const exists = (pid: number) =>
  Effect.try(() => process.kill(pid, 0)).pipe(
    Effect.as(true),
    // Another user's process exists, too.
    Effect.catchAll(({ error }) => Effect.succeed(Predicate.hasProperty(error, "code") && error.code === "EPERM"))
  )

const isDead = (holder: Holder) =>
  Effect.gen(function* () {
    const { pid, started } = holder
    // Nothing is known of the processes of another machine, or of another container.
    if (holder.host !== hostname() || holder.namespace !== (yield* namespace)) return false
    if (!(yield* exists(pid))) return true
    const now = yield* startOf(pid)
    return now !== "" && started !== "" && now !== started
  })

const ignoring = (code: string, effect: Effect.Effect<void, FileError>) =>
  Effect.catchIf(
    effect,
    (error) => error.code === code,
    () => Effect.void
  )

const readHolder = (path: string) =>
  attempt(() => readFile(path, "utf8")).pipe(
    Effect.map(Option.some),
    Effect.catchIf(
      ({ code }) => code === "ENOENT",
      () => Effect.succeedNone
    )
  )

/** Holds the lock of a file until the scope ends. */
export const hold = (path: string) => {
  const lock = `${path}.lock`
  const own = `${lock}.${hostname()}.${process.pid}`
  const stale = `${own}.stale`

  const refused = (holder: Option.Option<Holder>) => {
    const who = Option.match(holder, {
      onNone: () => "Something",
      onSome: ({ host, pid }) => `Process ${pid} on ${host}`
    })
    return usage(`${who} is writing to the journal ${path}. If that is not so, delete ${lock}, and run this again.`)
  }

  /** A link is made whole or not at all, and never over another. */
  const take = attempt(() => link(own, lock)).pipe(
    Effect.as(true),
    Effect.catchIf(
      ({ code }) => code === "EEXIST",
      () => Effect.succeed(false)
    )
  )

  const takeOver = Effect.gen(function* () {
    const text = yield* readHolder(lock)
    if (Option.isNone(text)) return
    const holder = decode(text.value)
    if (Option.isNone(holder) || !(yield* isDead(holder.value))) return yield* refused(holder)
    yield* ignoring(
      "ENOENT",
      attempt(() => rename(lock, stale))
    )
    // Somebody else may have taken it over in the meantime. Then it was theirs, and they have it back.
    const moved = yield* readHolder(stale)
    if (Option.isSome(moved) && moved.value !== text.value)
      yield* ignoring(
        "EEXIST",
        attempt(() => link(stale, lock))
      )
    yield* attempt(() => rm(stale, { force: true }))
  })

  const acquire = Effect.gen(function* () {
    const holder: Holder = {
      host: hostname(),
      namespace: yield* namespace,
      pid: process.pid,
      started: yield* startOf(process.pid)
    }
    yield* attempt(() => writeFile(own, JSON.stringify(holder), { mode: 0o600 }))
    for (let tries = 0; tries < 3; tries += 1) {
      if (yield* take) return
      yield* takeOver
    }
    return yield* refused(Option.none())
  }).pipe(
    Effect.ensuring(Effect.ignore(attempt(() => rm(own, { force: true })))),
    Effect.catchTag("FileError", ({ reason }) => usage(`The journal ${path} cannot be locked: ${reason}.`))
  )

  return Effect.acquireRelease(acquire, () => Effect.ignore(attempt(() => rm(lock, { force: true }))))
}
