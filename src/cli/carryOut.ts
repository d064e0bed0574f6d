/** Deletes keys. Each receipt is shown and counted as it comes, after the journal has it. */
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ApiKeyId } from "../ApiKey.js"
import * as Revocation from "../Revocation.js"
import { cancelled, codeOf, codes, type Ended } from "./ended.js"
import { escapeUnseen, Run } from "./journal.js"
import type { JournalFile } from "./journalFile.js"
import { printable } from "./printable.js"
import * as Progress from "./progress.js"
import { Target } from "./target.js"
import { print, tell } from "./terminal.js"

const readable = (receipt: Revocation.Receipt) => {
  switch (receipt._tag) {
    case "Deleted":
      return `${receipt.id}  deleted ${printable(Option.getOrElse(receipt.name, () => ""))}`
    case "Skipped":
      return `${receipt.id}  not sent: ${receipt.reason}`
    default:
      return `${receipt.id}  ${receipt._tag}\n  ${receipt.message.replaceAll("\n", "\n  ")}`
  }
}

const toJson = Schema.encode(Schema.parseJson(Revocation.Receipt))

/** Shows a receipt: in words on a terminal, as a line of JSON elsewhere. */
const show = (receipt: Revocation.Receipt) =>
  process.stdout.isTTY === true
    ? print(readable(receipt))
    : Effect.flatMap(Effect.orDie(toJson(receipt)), (json) => Console.log(escapeUnseen(json)))

const summary = (tally: ReadonlyMap<string, number>, unsent: number) =>
  [...tally, ...(unsent > 0 ? [["not sent", unsent] as const] : [])].map(([what, n]) => `${what}: ${n}`).join(", ")

export interface Options {
  readonly inDoubt: ReadonlyArray<ApiKeyId>
  readonly journal: Option.Option<JournalFile>
  readonly stop: Deferred.Deferred<void>
  /** The address and the workspace. */
  readonly place: string
}

/** What came of it: the exit code, and the ids that are settled. */
export interface Done {
  readonly code: number
  readonly settled: ReadonlyArray<ApiKeyId>
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

const journalOf = ({ write }: JournalFile): Revocation.Journal<Ended> => ({
  begin: (id) => Effect.flatMap(DateTime.now, (at) => write(new Revocation.Begun({ id, at }))),
  record: write
})

/** Deletes the keys. Fails if none of them was sent. */
export const carryOut = (ids: ReadonlyArray<ApiKeyId>, { inDoubt, journal, place, stop }: Options) =>
  Effect.gen(function* () {
    const progress = yield* Progress.start(ids.length)
    const tally = new Map<string, number>()
    const settled: Array<ApiKeyId> = []
    const code = yield* Ref.make<number>(codes.gone)

    const count = (receipt: Revocation.Receipt) =>
      Effect.gen(function* () {
        tally.set(receipt._tag, (tally.get(receipt._tag) ?? 0) + 1)
        if (Revocation.isSettled(receipt)) settled.push(receipt.id)
        yield* Ref.update(code, (before) => Math.max(before, codeOf(receipt)))
        yield* progress.count(codeOf(receipt))
        yield* progress.above(show(receipt))
      })

    yield* Revocation.run(ids, {
      inDoubt,
      stop: Deferred.await(stop),
      journal: Option.getOrUndefined(Option.map(journal, journalOf))
    }).pipe(
      Stream.runForEach(count),
      Effect.catchAll(({ message }) =>
        Effect.zipRight(
          progress.above(tell(message)),
          Ref.update(code, (before) => Math.max(before, codes.failed))
        )
      )
    )
    const unsent = ids.length - [...tally.values()].reduce((sum, n) => sum + n, 0)
    yield* progress.above(tell(`${place}: ${summary(tally, unsent)}`))
    if (unsent === ids.length) return yield* cancelled
    const highest = yield* Ref.get(code)
    return { code: unsent > 0 ? Math.max(codes.failed, highest) : highest, settled } satisfies Done
  }).pipe(Effect.scoped)
