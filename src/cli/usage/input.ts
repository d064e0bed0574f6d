/** The input: ids as arguments, in a file and on stdin, and a secret on one line. No message repeats any of it. */
import { createInterface } from "node:readline"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ApiKeyId } from "../../ApiKey.js"
import type { Arguments } from "./arguments.js"
import { ifItWasASecret, usage } from "./exit.js"
import * as File from "./file.js"
import { commandLine } from "./program.js"

export interface Sources {
  readonly file: Option.Option<string>
  readonly stdin: boolean
}

/** People paste a secret where an id belongs, so an error names the place, never the text. */
const parse = (place: string, warning: string) => (text: string, index: number) =>
  Schema.decodeUnknown(ApiKeyId)(text).pipe(
    Effect.mapError(() =>
      usage(`${place} ${index + 1} is not the id of an API key, which is a UUID (it is not shown here).${warning}`)
    )
  )

const lines = (place: string, text: string) =>
  Effect.forEach(text.split("\n"), (line, index) => {
    const given = line.replace(/#.*/, "").trim()
    return given === "" ? Effect.succeedNone : Effect.asSome(parse(place, "")(given, index))
  }).pipe(Effect.map((ids) => ids.flatMap(Option.toArray)))

const inFile = (path: string) =>
  File.read(path).pipe(
    Effect.mapError(({ reason }) => usage(`The file of --file cannot be read: ${reason}.\n${ifItWasASecret}`)),
    Effect.flatMap((text) => lines("In --file, line", text))
  )

/** Lets go of stdin at its end, because whoever holds the other side open would keep the process from ending. */
const stdinLines = Effect.acquireRelease(
  Effect.sync(() => {
    const lines = createInterface({ input: process.stdin })
    // In one step: a line that comes before it listens would be lost.
    return { lines, iterator: lines[Symbol.asyncIterator]() }
  }),
  ({ lines }) => Effect.sync(() => lines.close())
).pipe(
  Effect.map(({ iterator }) => Stream.fromAsyncIterable(iterator, () => usage("stdin cannot be read."))),
  Stream.unwrapScoped
)

const onStdin = stdinLines.pipe(
  Stream.runCollect,
  Effect.flatMap((all) => lines("On stdin, line", Chunk.join(all, "\n")))
)

/** The first line of stdin. */
export const secretOnStdin = stdinLines.pipe(Stream.runHead, Effect.map(Option.getOrElse(() => "")))

/** The ids among the arguments. */
export const idsIn = ({ command, words }: Arguments) => {
  const byName = command === "revoke" ? "To choose keys by their names, give --name." : `See ${commandLine("list")}.`
  return Effect.forEach(words, parse("Argument", `\n${byName}\n${ifItWasASecret}`))
}

/** The ids in a file and on stdin. */
export const readIds = ({ file, stdin }: Sources) =>
  Effect.all([
    Option.match(file, { onNone: () => Effect.succeed([]), onSome: inFile }),
    stdin ? onStdin : Effect.succeed([])
  ]).pipe(Effect.map((given) => given.flat()))

/** The date of --since. */
export const sinceOf = ({ get }: Arguments) =>
  Option.match(get("since"), {
    onNone: () => Effect.succeedNone,
    onSome: (text) =>
      Option.match(DateTime.make(text), {
        onNone: () => usage("--since needs a date, such as 2026-08-01."),
        onSome: (at) => Effect.succeedSome(DateTime.toUtc(at))
      })
  })
