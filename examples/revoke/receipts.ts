/** The file of receipts: what a run left in it, and how the next one adds to it. */
import { FileSystem } from "@effect/platform"
import { Effect, Option, Schema } from "effect"
import { Revocation } from "effect-instantly"
import { usage } from "./ended.js"

const Line = Schema.parseJson(Revocation.Receipt)

export const toLine = (receipt: Revocation.Receipt) => Effect.orDie(Schema.encode(Line)(receipt))

const start = '{"id":"'
const isJson = Option.liftThrowable((text: string): unknown => JSON.parse(text))

/** Whether a line is the beginning of a receipt: all that a run wrote which was killed while it wrote. */
const isTorn = (line: string) => (line.startsWith(start) || start.startsWith(line)) && Option.isNone(isJson(line))

/** What the file holds: nothing where there is none yet. */
export const read = (path: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const unreadable = usage("What --receipts names cannot be read.")
    if (!(yield* Effect.mapError(fs.exists(path), () => unreadable))) return []
    const text = yield* Effect.mapError(fs.readFileString(path), () => unreadable)
    const found = yield* Effect.forEach(text.split("\n"), (line, index) =>
      line.trim() === "" || isTorn(line)
        ? Effect.succeedNone
        : Schema.decode(Line)(line).pipe(
            Effect.mapBoth({
              onFailure: () => usage(`In --receipts, line ${index + 1} is not a receipt: is it another file?`),
              onSuccess: Option.some
            })
          )
    )
    return found.flatMap(Option.toArray)
  })

/** Opens the file; what it gives adds one receipt, which is on the disk when it returns. */
export const open = (path: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const file = yield* fs.open(path, { flag: "a+" })
    const size = (yield* file.stat).size
    const last = new Uint8Array(1)
    if (size > 0n) {
      yield* file.seek(size - 1n, "start")
      yield* file.read(last)
      // A torn line stays as it is: the next receipt begins on a line of its own.
      if (last[0] !== 10) yield* file.writeAll(new TextEncoder().encode("\n"))
    }
    return (receipt: Revocation.Receipt) =>
      toLine(receipt).pipe(
        Effect.flatMap((line) => file.writeAll(new TextEncoder().encode(`${line}\n`))),
        Effect.zipRight(file.sync)
      )
  }).pipe(Effect.mapError(() => usage("What --receipts names cannot be written.")))
