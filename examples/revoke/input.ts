/** What a person gives: ids as arguments, in a file and on stdin, and a secret on one line. No message repeats any of it. */
import { createInterface } from "node:readline"
import { FileSystem } from "@effect/platform"
import { Chunk, Effect, Option, Schema, Stream } from "effect"
import { ApiKey } from "effect-instantly"
import { usage } from "./ended.js"

export interface Sources {
  readonly ids: ReadonlyArray<string>
  readonly file: Option.Option<string>
  readonly stdin: boolean
}

/** People paste a secret where an id belongs, so an error names the place, never the text. */
const parse = (place: string) => (text: string, index: number) =>
  Schema.decodeUnknown(ApiKey.ApiKeyId)(text).pipe(
    Effect.mapError(() =>
      usage(`${place} ${index + 1} is not the id of an API key, which is a UUID (it is not shown here).`)
    )
  )

const lines = (place: string, text: string) =>
  Effect.forEach(text.split("\n"), (line, index) => {
    const given = line.replace(/#.*/, "").trim()
    return given === "" ? Effect.succeedNone : Effect.asSome(parse(place)(given, index))
  }).pipe(Effect.map((ids) => ids.flatMap(Option.toArray)))

const inFile = (path: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const text = yield* Effect.mapError(fs.readFileString(path), () => usage("The --file cannot be read."))
    return yield* lines("In --file, line", text)
  })

const stdinLines = Stream.fromAsyncIterable(createLines(), () => usage("stdin cannot be read."))

const onStdin = stdinLines.pipe(
  Stream.runCollect,
  Effect.flatMap((all) => lines("On stdin, line", Chunk.join(all, "\n")))
)

/** The first line of stdin. */
export const secretOnStdin = stdinLines.pipe(Stream.runHead, Effect.map(Option.getOrElse(() => "")))

export const readIds = ({ file, ids, stdin }: Sources) =>
  Effect.all([
    Effect.forEach(ids, parse("Argument")),
    Option.match(file, { onNone: () => Effect.succeed([]), onSome: inFile }),
    stdin ? onStdin : Effect.succeed([])
  ]).pipe(Effect.map((given) => given.flat()))

function createLines(): AsyncIterable<string> {
  return { [Symbol.asyncIterator]: () => createInterface({ input: process.stdin })[Symbol.asyncIterator]() }
}
