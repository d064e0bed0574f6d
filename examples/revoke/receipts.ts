/** The file of receipts: reads what earlier runs left in it, and adds to it. */
import { FileSystem } from "@effect/platform"
import { Effect, Option, Schema } from "effect"
import { Revocation } from "effect-instantly"
import { unseen } from "../printable.js"
import { usage } from "./ended.js"

const Line = Schema.parseJson(Revocation.Receipt)

const codeUnit = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`

/** The same JSON, with an escape for each character that a terminal would act on when the line is shown there. */
const escapeUnseen = (json: string) => json.replaceAll(unseen, (character) => character.replaceAll(/./gs, codeUnit))

export const toLine = (receipt: Revocation.Receipt) =>
  Schema.encode(Line)(receipt).pipe(Effect.orDie, Effect.map(escapeUnseen))

const start = '{"id":"'
const isJson = Option.liftThrowable((text: string): unknown => JSON.parse(text))

/** Whether a line is only the beginning of a receipt: its run was killed while it wrote. */
const isTorn = (line: string) => (line.startsWith(start) || start.startsWith(line)) && Option.isNone(isJson(line))

/** The receipts in the file; none if there is no file yet. */
export const read = (path: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const unreadable = usage("The --receipts file cannot be read.")
    if (!(yield* Effect.mapError(fs.exists(path), () => unreadable))) return []
    const text = yield* Effect.mapError(fs.readFileString(path), () => unreadable)
    const found = yield* Effect.forEach(text.split("\n"), (line, index) =>
      line.trim() === "" || isTorn(line)
        ? Effect.succeedNone
        : Schema.decode(Line)(line).pipe(
            Effect.mapBoth({
              onFailure: () => usage(`In --receipts, line ${index + 1} is not a receipt. Is it the right file?`),
              onSuccess: Option.some
            })
          )
    )
    return found.flatMap(Option.toArray)
  })

/** Opens the file, and returns a function that adds one receipt and waits until it is on the disk. */
export const open = (path: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const file = yield* fs.open(path, { flag: "a+" })
    const size = (yield* file.stat).size
    const last = new Uint8Array(1)
    if (size > 0n) {
      yield* file.seek(size - 1n, "start")
      yield* file.read(last)
      // A torn line stays as it is, and the next receipt begins on a new line.
      if (last[0] !== 10) yield* file.writeAll(new TextEncoder().encode("\n"))
    }
    return (receipt: Revocation.Receipt) =>
      toLine(receipt).pipe(
        Effect.flatMap((line) => file.writeAll(new TextEncoder().encode(`${line}\n`))),
        Effect.zipRight(file.sync)
      )
  }).pipe(Effect.mapError(() => usage("The --receipts file cannot be written.")))
