/** What a person gives: ids as arguments, in a file and on stdin, and a secret on one line. No message repeats any of it. */
import { createInterface } from "node:readline"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ApiKeyId } from "../../ApiKey.js"
import { ifItWasASecret, usage } from "./exit.js"
import * as File from "./file.js"

export interface Sources {
  readonly ids: ReadonlyArray<string>
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
    Effect.mapError(({ reason }) => usage(`The --file ${path} cannot be read: ${reason}.`)),
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

export const readIds = ({ file, ids, stdin }: Sources) =>
  Effect.all([
    Effect.forEach(ids, parse("Argument", `\nTo choose keys by their names, give --name.\n${ifItWasASecret}`)),
    Option.match(file, { onNone: () => Effect.succeed([]), onSome: inFile }),
    stdin ? onStdin : Effect.succeed([])
  ]).pipe(Effect.map((given) => given.flat()))
