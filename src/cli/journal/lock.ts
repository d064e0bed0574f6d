/**
 * A lock beside a file, so that one process at a time writes to it. It names its holder; the lock of a process that has
 * died is taken over.
 */
import { constants } from "node:fs"
import { readlink, rm, writeFile } from "node:fs/promises"
import { hostname } from "node:os"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { ifItWasASecret, usage } from "../usage/exit.js"
import { attempt, openRegular } from "../usage/file.js"

const Holder = Schema.Struct({
  host: Schema.String,
  /** Within which a process id means something. Each container has its own, and several can have one host name. */
  namespace: Schema.String,
  pid: Schema.Number.pipe(Schema.int(), Schema.positive())
})
type Holder = typeof Holder.Type

const decode = Schema.decodeOption(Schema.parseJson(Holder))

const here: Effect.Effect<Holder> = attempt(() => readlink("/proc/self/ns/pid")).pipe(
  Effect.orElseSucceed(() => ""),
  Effect.map((namespace) => ({ host: hostname(), namespace, pid: process.pid }))
)

const lives = (pid: number) =>
  Effect.try(() => process.kill(pid, 0)).pipe(
    Effect.as(true),
    // Another user's process lives, too.
    Effect.catchAll(({ error }) => Effect.succeed(Predicate.hasProperty(error, "code") && error.code === "EPERM"))
  )

/** Whether a process of another machine or container lives cannot be checked. */
const isDead = (holder: Holder) =>
  Effect.flatMap(here, ({ host, namespace }) =>
    holder.host === host && holder.namespace === namespace ? Effect.negate(lives(holder.pid)) : Effect.succeed(false)
  )

/** Fails if the file exists, whatever it is. */
const create = (file: string) =>
  Effect.flatMap(here, (holder) => attempt(() => writeFile(file, JSON.stringify(holder), { flag: "wx", mode: 0o600 })))

const remove = (file: string) => Effect.ignore(attempt(() => rm(file, { force: true })))

/** Holds the lock of a file until the scope ends. */
export const hold = (path: string) => {
  const lock = `${path}.lock`
  const turn = `${lock}.takeover`

  const heldBy = (who: string) =>
    usage(
      `${who} is writing to this journal. If that is not so, delete the file beside it with .lock added to its name.`
    )

  const removeIfDead = Effect.gen(function* () {
    const { handle } = yield* openRegular(lock, constants.O_RDONLY)
    const holder = decode(yield* attempt(() => handle.readFile("utf8")))
    if (Option.isNone(holder)) return yield* heldBy("Something")
    const { host, pid } = holder.value
    if (!(yield* isDead(holder.value))) return yield* heldBy(`Process ${pid} on ${host}`)
    yield* remove(lock)
  }).pipe(Effect.scoped)

  // One at a time: otherwise a process could remove a lock that another has just taken over.
  const takeOver = Effect.acquireUseRelease(
    create(turn),
    () => Effect.zipRight(removeIfDead, create(lock)),
    () => remove(turn)
  )
  const acquire = create(lock).pipe(
    Effect.catchIf(
      ({ code }) => code === "EEXIST",
      () => takeOver
    ),
    Effect.catchTag("FileError", ({ code, reason }) =>
      code === "EEXIST"
        ? heldBy("Another process")
        : usage(`The file with .lock added to the journal's name cannot be used: ${reason}.\n${ifItWasASecret}`)
    )
  )
  return Effect.acquireRelease(acquire, () => remove(lock))
}
