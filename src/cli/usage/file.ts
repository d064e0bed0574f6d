/** Files, and in plain words why one cannot be read or written. */
import { constants } from "node:fs"
import { open, readFile } from "node:fs/promises"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"

/** Why something could not be done to a file. */
export class FileError extends Data.TaggedError("FileError")<{ readonly code: string; readonly reason: string }> {}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EDQUOT: "the disk quota is used up",
  EFBIG: "it must not be longer",
  EISDIR: "it is a directory",
  ELOOP: "it is a symbolic link",
  ENOENT: "there is no such file or directory",
  ENOSPC: "no space is left on the disk",
  ENOTDIR: "a part of its path is not a directory",
  EPERM: "permission denied",
  EROFS: "the file system is read-only"
}

const codeOf = (error: unknown) =>
  Predicate.hasProperty(error, "code") && typeof error.code === "string" ? error.code : "an unknown error"

export const fromUnknown = (error: unknown) => {
  const code = codeOf(error)
  return new FileError({ code, reason: reasons[code] ?? code })
}

/** One operation on a file. */
export const attempt = <A>(operation: () => Promise<A>): Effect.Effect<A, FileError> =>
  Effect.tryPromise({ try: operation, catch: fromUnknown })

const notAFile = new FileError({ code: "", reason: "it is not a regular file" })

/** Not supported everywhere. There, a link is followed. */
const noFollow: number = constants.O_NOFOLLOW ?? 0

/** Opens a regular file until the scope ends: not through a symbolic link, and without waiting for whoever writes to a pipe. */
export const openRegular = (path: string, flags: number) =>
  Effect.acquireRelease(
    attempt(() => open(path, flags | constants.O_NONBLOCK | noFollow, 0o600)),
    (handle) => Effect.ignore(attempt(() => handle.close()))
  ).pipe(
    Effect.bindTo("handle"),
    Effect.bind("stats", ({ handle }) => attempt(() => handle.stat())),
    Effect.filterOrFail(
      ({ stats }) => stats.isFile(),
      () => notAFile
    )
  )

export const read = (path: string) => attempt(() => readFile(path, "utf8"))
