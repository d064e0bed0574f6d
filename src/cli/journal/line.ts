/**
 * The lines of a journal: what a run is about, what it began, and how that ended. A file is read as a whole, and nothing in
 * it is guessed. `file.ts` knows the file.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ApiKeyId } from "../../ApiKey.js"
import { Entry, Failed, Unknown } from "../../Revocation.js"
import { escapeUnseen } from "../terminal/json.js"

/** The line that begins each run: where it deletes, and with which API key, by a fingerprint. */
export class Run extends Schema.TaggedClass<Run>("effect-instantly/cli/Run")("Run", {
  journal: Schema.Literal("effect-instantly/1"),
  at: Schema.DateTimeUtc,
  address: Schema.String,
  /** None if the workspace is unknown, because no key could be listed. */
  workspace: Schema.OptionFromNullOr(Schema.String),
  credential: Schema.String.pipe(Schema.pattern(/^[0-9a-f]{8}$/))
}) {}

export const Line = Schema.Union(Run, Entry)
export type Line = typeof Line.Type

const encode = Schema.encode(Schema.parseJson(Line))

export const toLine = (line: Line) => encode(line).pipe(Effect.orDie, Effect.map(escapeUnseen))

const decode = Schema.decodeEither(Schema.parseJson(Line))

/** What a file holds. */
export interface Found {
  readonly lines: ReadonlyArray<Line>
  /** How long its whole lines are, in bytes. What follows them is torn: its run was killed while it wrote. */
  readonly whole: number
  /** The id in a torn line. */
  readonly torn: Option.Option<ApiKeyId>
}

/** The number of the line that is damaged; the first is 1. */
export class Damaged {
  constructor(readonly line: number) {}
}

const idOf = (torn: string) => Schema.decodeUnknownOption(ApiKeyId)(/^\{"id":"([^"]+)"/.exec(torn)?.[1])

const beginning = '{"journal":"effect-instantly/'

const decodeLine = (text: string, index: number): Either.Either<Line, Damaged> =>
  decode(text).pipe(
    // Without a run before it, an entry does not say where a key is.
    Either.filterOrLeft(
      (line) => index > 0 || line._tag === "Run",
      () => undefined
    ),
    Either.mapLeft(() => new Damaged(index + 1))
  )

export const read = (bytes: Uint8Array): Either.Either<Found, Damaged> =>
  Either.gen(function* () {
    const whole = bytes.lastIndexOf(10) + 1
    const decoder = new TextDecoder()
    const texts = decoder.decode(bytes.subarray(0, whole)).split("\n").slice(0, -1)
    const lines = yield* Either.all(texts.map(decodeLine))
    const rest = decoder.decode(bytes.subarray(whole))
    // It lacks only the end of its line.
    const last = rest === "" ? Either.left(new Damaged(1)) : decodeLine(rest, lines.length)
    if (Either.isRight(last)) return { lines: [...lines, last.right], whole: bytes.length, torn: Option.none() }
    // A file of one torn line is a journal only if it begins like one: it will be written over.
    if (lines.length === 0 && !beginning.startsWith(rest.slice(0, beginning.length)))
      return yield* Either.left(new Damaged(1))
    return { lines, whole, torn: idOf(rest) }
  })

export const runs = (lines: ReadonlyArray<Line>): ReadonlyArray<Run> => lines.filter((line) => line._tag === "Run")

/** What a run sees of Instantly: the workspace, if it is known, through an API key, by its fingerprint. */
export interface View {
  readonly workspace: Option.Option<string>
  readonly credential: string
}

/**
 * The entries that count for a run with this view. Another API key may belong to another workspace, and one API key may
 * act on several. So what was not found there is still to do, and stays in doubt if it was.
 */
export const entriesFor = (view: View, lines: ReadonlyArray<Line>): ReadonlyArray<Entry> => {
  let isSame = true
  return lines.flatMap((line): ReadonlyArray<Entry> => {
    if (line._tag === "Run") {
      isSame = line.credential === view.credential && Equal.equals(line.workspace, view.workspace)
      return []
    }
    if (line._tag !== "NotFound" || isSame) return [line]
    return [line.outcome === "Unknown" ? new Unknown(line) : new Failed(line)]
  })
}
