/** Files, and why one cannot be read or written, in words. */
import { readFile } from "node:fs/promises"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"

/** What the system says of a file. */
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

export const ofError = (error: unknown) => {
  const code = codeOf(error)
  return new FileError({ code, reason: reasons[code] ?? code })
}

/** What is done to a file. */
export const attempt = <A>(act: () => Promise<A>): Effect.Effect<A, FileError> =>
  Effect.tryPromise({ try: act, catch: ofError })

export const read = (path: string) => attempt(() => readFile(path, "utf8"))
