/** The journal's file: read before a run, and written to line by line in it. `line.ts` knows what the lines say. */
import { constants, type Stats } from "node:fs"
import type { FileHandle } from "node:fs/promises"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { Begun } from "../../Revocation.js"
import { codes, Exit, ifItWasASecret, usage } from "../usage/exit.js"
import { attempt, type FileError, openRegular } from "../usage/file.js"
import * as Journal from "./line.js"
import * as Lock from "./lock.js"

export interface JournalFile {
  readonly found: Journal.Found
  /** Writes a line, and waits until it is in the file. */
  readonly write: (line: Journal.Line) => Effect.Effect<void, Exit>
}

const unreadable = (error: FileError) => usage(`The journal cannot be used: ${error.reason}.\n${ifItWasASecret}`)

const foundIn = (handle: FileHandle) =>
  attempt(() => handle.readFile()).pipe(
    Effect.mapError(unreadable),
    Effect.flatMap((bytes) =>
      Either.mapLeft(Journal.read(bytes), ({ line }) =>
        usage(
          line === 1
            ? "Line 1 of the journal does not say which workspace it is of: it is damaged, or it is not a journal."
            : `Line ${line} of the journal is damaged. Mend or delete that line, or use another file.`
        )
      )
    )
  )

const nothing: Journal.Found = { lines: [], whole: 0, torn: Option.none() }

/** What the file holds; nothing if there is no file. */
export const read = (path: string): Effect.Effect<Journal.Found, Exit> =>
  openRegular(path, constants.O_RDONLY).pipe(
    Effect.asSome,
    Effect.catchIf(
      ({ code }) => code === "ENOENT",
      () => Effect.succeedNone
    ),
    Effect.mapError(unreadable),
    Effect.flatMap((file) => (Option.isSome(file) ? foundIn(file.value.handle) : Effect.succeed(nothing))),
    Effect.scoped
  )

const onlyForOwner = (handle: FileHandle, stats: Stats) =>
  (stats.mode & 0o077) === 0 ? Effect.void : attempt(() => handle.chmod(0o600))

const writeAt = (handle: FileHandle, bytes: Uint8Array, position: number): Effect.Effect<void, FileError> =>
  attempt(() => handle.write(bytes, 0, bytes.length, position)).pipe(
    Effect.flatMap(({ bytesWritten }) =>
      bytesWritten < bytes.length ? writeAt(handle, bytes.subarray(bytesWritten), position + bytesWritten) : Effect.void
    )
  )

const newline = 10

/** Opens the file for one run, which has it for itself until the scope ends. A torn line is replaced by a whole one. */
export const open = (path: string, options: { readonly fsync: boolean }) =>
  Effect.gen(function* () {
    yield* Lock.hold(path)
    const { handle, stats } = yield* Effect.mapError(
      openRegular(path, constants.O_RDWR | constants.O_CREAT),
      unreadable
    )
    yield* Effect.mapError(onlyForOwner(handle, stats), unreadable)
    const found = yield* foundIn(handle)
    const end = yield* Ref.make(found.whole)
    const oneAtATime = yield* Effect.makeSemaphore(1)

    const append = (text: string) =>
      Effect.gen(function* () {
        const position = yield* Ref.get(end)
        const bytes = new TextEncoder().encode(text)
        yield* writeAt(handle, bytes, position).pipe(
          Effect.zipRight(options.fsync ? attempt(() => handle.datasync()) : Effect.void),
          // Half a line would damage the next one.
          Effect.tapError(() => Effect.ignore(attempt(() => handle.truncate(position))))
        )
        yield* Ref.set(end, position + bytes.length)
      }).pipe(
        Effect.uninterruptible,
        oneAtATime.withPermits(1),
        Effect.mapError(
          ({ reason }) =>
            new Exit({ code: codes.failed, message: `Stopped: the journal cannot be written: ${reason}.` })
        )
      )
    const write = (line: Journal.Line) => Effect.flatMap(Journal.toLine(line), (text) => append(`${text}\n`))

    /** Leaves whole lines alone, the last of which ends. */
    const mend = Effect.gen(function* () {
      if (stats.size > found.whole)
        yield* Effect.mapError(
          attempt(() => handle.truncate(found.whole)),
          unreadable
        )
      const last = new Uint8Array(1)
      const { bytesRead } = yield* Effect.mapError(
        attempt(() => handle.read(last, 0, 1, Math.max(0, found.whole - 1))),
        unreadable
      )
      if (bytesRead === 1 && last[0] !== newline) yield* append("\n")
      if (Option.isSome(found.torn)) yield* write(new Begun({ id: found.torn.value, at: yield* DateTime.now }))
    })
    yield* mend
    return { found, write } satisfies JournalFile
  })
