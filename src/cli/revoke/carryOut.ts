/** Deletes keys. Each receipt is shown and counted as it comes, after the journal has it. */
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ApiKeyId } from "../../ApiKey.js"
import * as Revocation from "../../Revocation.js"
import { Target } from "../instantly/target.js"
import { isUnauthorized } from "../instantly/workspace.js"
import type { JournalFile } from "../journal/file.js"
import { Run } from "../journal/line.js"
import { printJson } from "../terminal/json.js"
import { printable } from "../terminal/printable.js"
import * as Progress from "../terminal/progress.js"
import type { StopReason } from "../terminal/stop.js"
import { print, say } from "../terminal/terminal.js"
import { codes, type Exit } from "../usage/exit.js"

/** The exit code of a receipt. A `NotFound` after a lost response is `unknown`: most likely the key was deleted here. */
const codeOf = (receipt: Revocation.Receipt): number => {
  switch (receipt._tag) {
    case "Deleted":
      return codes.gone
    case "NotFound":
      return receipt.outcome === "Unknown" ? codes.unknown : codes.failed
    case "Failed":
      return isUnauthorized(receipt.error) ? codes.unauthorized : codes.failed
    case "Unknown":
      return isUnauthorized(receipt.error) ? codes.unauthorized : codes.unknown
    case "Skipped":
      return isUnauthorized(receipt.reason) ? codes.unauthorized : codes.failed
  }
}

const readable = (receipt: Revocation.Receipt) => {
  switch (receipt._tag) {
    case "Deleted":
      return Option.match(receipt.name, {
        onNone: () => `${receipt.id}  deleted, by a response that could not be read`,
        onSome: (name) => `${receipt.id}  deleted ${printable(name)}`
      })
    case "Skipped":
      return `${receipt.id}  not sent: ${receipt.reason}`
    default:
      return `${receipt.id}  ${receipt._tag}\n  ${receipt.message.replaceAll("\n", "\n  ")}`
  }
}

const toJson = Schema.encode(Schema.parseJson(Revocation.Receipt))

/** Shows a receipt: in words on a terminal, as a line of JSON elsewhere. */
const show = (receipt: Revocation.Receipt) =>
  process.stdout.isTTY === true ? print(readable(receipt)) : Effect.flatMap(Effect.orDie(toJson(receipt)), printJson)

const summary = (receipts: ReadonlyArray<Revocation.Receipt>, unsent: number) => {
  const tally = new Map<string, number>()
  for (const { _tag } of receipts) tally.set(_tag, (tally.get(_tag) ?? 0) + 1)
  if (unsent > 0) tally.set("not sent", unsent)
  return [...tally].map(([what, n]) => `${what}: ${n}`).join(", ")
}

export interface Options {
  readonly inDoubt: ReadonlyArray<ApiKeyId>
  readonly journal: Option.Option<JournalFile>
  readonly stop: Deferred.Deferred<StopReason>
  /** The address and the workspace. */
  readonly place: string
}

/** What came of it: the exit code, and a receipt for each id that was taken. */
export interface Done {
  readonly code: number
  readonly receipts: ReadonlyArray<Revocation.Receipt>
}

/** The line of the journal that begins a run. */
export const begin = (journal: Option.Option<JournalFile>, workspace: Option.Option<string>) =>
  Effect.gen(function* () {
    if (Option.isNone(journal)) return
    const { address, fingerprint } = yield* Target
    const at = yield* DateTime.now
    yield* journal.value.write(
      new Run({ journal: "effect-instantly/1", at, address, workspace, credential: fingerprint })
    )
  })

const journalOf = ({ write }: JournalFile): Revocation.Journal<Exit> => ({
  begin: (id) => Effect.flatMap(DateTime.now, (at) => write(new Revocation.Begun({ id, at }))),
  record: write
})

/** Deletes the keys. */
export const carryOut = (ids: ReadonlyArray<ApiKeyId>, { inDoubt, journal, place, stop }: Options) =>
  Effect.gen(function* () {
    const progress = yield* Progress.start(ids.length)
    const receipts: Array<Revocation.Receipt> = []

    const count = (receipt: Revocation.Receipt) =>
      Effect.gen(function* () {
        receipts.push(receipt)
        yield* progress.count(codeOf(receipt))
        yield* progress.above(show(receipt))
      })

    const end: number = yield* Revocation.run(ids, {
      inDoubt,
      stop: Deferred.await(stop),
      journal: Option.getOrUndefined(Option.map(journal, journalOf))
    }).pipe(
      Stream.runForEach(count),
      Effect.as(codes.gone),
      Effect.catchAll(({ message }) => Effect.as(progress.above(say(message)), codes.failed))
    )
    const unsent = ids.length - receipts.length
    yield* progress.above(say(`${place}: ${summary(receipts, unsent)}`))
    const code = receipts.reduce((highest, receipt) => Math.max(highest, codeOf(receipt)), end)
    return { code: unsent > 0 ? Math.max(codes.failed, code) : code, receipts } satisfies Done
  }).pipe(Effect.scoped)
