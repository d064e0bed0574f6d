/** Deletes keys. Each receipt is shown and counted as it comes, after the journal has it. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { ApiKeyId } from "../../ApiKey.js"
import * as Revocation from "../../Revocation.js"
import { Target } from "../instantly/target.js"
import type { JournalFile } from "../journal/file.js"
import { Run } from "../journal/line.js"
import { jsonOf, printJson, wantsJson } from "../terminal/json.js"
import { printable } from "../terminal/printable.js"
import * as Progress from "../terminal/progress.js"
import type { StopReason } from "../terminal/stop.js"
import { print, say } from "../terminal/terminal.js"
import type { Exit } from "../usage/exit.js"

export interface Options {
  readonly inDoubt: ReadonlyArray<ApiKeyId>
  readonly journal: Option.Option<JournalFile>
  readonly stop: Deferred.Deferred<StopReason>
  /** The address and the workspace. */
  readonly place: string
  /** Prints receipts as JSON on a terminal, too. */
  readonly json: boolean
}

/** A receipt for each id that was taken, and how many were not sent. */
export interface Done {
  readonly receipts: ReadonlyArray<Revocation.Receipt>
  readonly unsent: number
  readonly journalFailed: boolean
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

/** The journal of a run, and an effect that writes down what began and was then not sent, because the run was stopped. */
const journalOf = ({ write }: JournalFile) =>
  Effect.gen(function* () {
    const begun = yield* Ref.make<ReadonlySet<ApiKeyId>>(new Set())
    const journal: Revocation.Journal<Exit> = {
      begin: (id) =>
        Effect.gen(function* () {
          // First of all: a stop can come between a line and what follows it.
          yield* Ref.update(begun, (ids) => new Set([...ids, id]))
          yield* write(new Revocation.Begun({ id, at: yield* DateTime.now }))
        }),
      record: (receipt) =>
        Effect.zipRight(
          Ref.update(begun, (ids) => new Set([...ids].filter((id) => id !== receipt.id))),
          write(receipt)
        )
    }
    const recordUnsent = Effect.gen(function* () {
      const at = yield* DateTime.now
      const message = "The run was stopped before this was sent."
      const unsent = { at, attempts: 0, error: "HeldBack", message, requestId: Option.none() }
      yield* Effect.forEach(yield* Ref.get(begun), (id) => write(new Revocation.Failed({ ...unsent, id })))
    }).pipe(
      // If the journal could not be written, the run has already ended with that error.
      Effect.ignore
    )
    return { journal, recordUnsent }
  })

/** Whether a response was lost, and the key is gone now. */
const isMostLikelyDeleted = (receipt: Revocation.Receipt) =>
  receipt._tag === "NotFound" && receipt.outcome === "Unknown"

const readable = (receipt: Revocation.Receipt) => {
  switch (receipt._tag) {
    case "Deleted":
      return Option.match(receipt.name, {
        onNone: () => `${receipt.id}  deleted; the rest of the response could not be read`,
        // So that the line fits 80 columns: a name that is broken could look like a line of its own.
        onSome: (name) => `${receipt.id}  deleted ${printable(name, 30)}`
      })
    case "Skipped":
      return `${receipt.id}  not sent: ${receipt.reason === "Blocked" ? "five responses in a row were not Instantly's" : receipt.reason}`
    default:
      return `${receipt.id}  ${receipt._tag}\n  ${receipt.message.replaceAll("\n", "\n  ")}`
  }
}

const toJson = jsonOf(Revocation.Receipt)

const summaryOf = ({ receipts, unsent }: Done, inDoubt: ReadonlySet<string>) => {
  const kindOf = (receipt: Revocation.Receipt) =>
    isMostLikelyDeleted(receipt)
      ? `most likely deleted by ${inDoubt.has(receipt.id.toLowerCase()) ? "an earlier run" : "this run"}`
      : receipt._tag
  const tally = new Map<string, number>()
  for (const receipt of receipts) tally.set(kindOf(receipt), (tally.get(kindOf(receipt)) ?? 0) + 1)
  if (unsent > 0) tally.set("not sent", unsent)
  return [...tally].map(([what, n]) => `${what}: ${n}`).join(", ")
}

const lineOf = (
  { done, failed }: { readonly done: number; readonly failed: number },
  total: number,
  startedAt: number
) =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const rate = done / (Math.max(1, now - startedAt) / 1000)
    const left = done === 0 ? "?" : String(Math.ceil((total - done) / rate))
    return `${done}/${total} · ${rate.toFixed(1)}/s · ${left} s left · ${failed} failed`
  })

export const carryOut = (ids: ReadonlyArray<ApiKeyId>, options: Options) =>
  Effect.gen(function* () {
    const { inDoubt, json, place, stop } = options
    const startedAt = yield* Clock.currentTimeMillis
    const counts = yield* Ref.make({ done: 0, failed: 0 })
    const progress = yield* Progress.start(Effect.flatMap(Ref.get(counts), (so) => lineOf(so, ids.length, startedAt)))
    const kept = yield* Effect.transposeMapOption(options.journal, journalOf)
    const receipts: Array<Revocation.Receipt> = []

    /** Shows a receipt: in words on a terminal, as a line of JSON elsewhere. */
    const show = (receipt: Revocation.Receipt) =>
      Effect.if(wantsJson(json), {
        onTrue: () => Effect.flatMap(toJson(receipt), printJson),
        onFalse: () => print(readable(receipt))
      })
    const count = (receipt: Revocation.Receipt) =>
      Effect.gen(function* () {
        receipts.push(receipt)
        const isFailure = receipt._tag !== "Deleted" && !isMostLikelyDeleted(receipt)
        yield* Ref.update(counts, ({ done, failed }) => ({ done: done + 1, failed: failed + (isFailure ? 1 : 0) }))
        yield* progress.above(show(receipt))
      })

    const journalFailed = yield* Revocation.run(ids, {
      inDoubt,
      stop: Deferred.await(stop),
      journal: Option.getOrUndefined(Option.map(kept, ({ journal }) => journal))
    }).pipe(
      Stream.runForEach(count),
      Effect.as(false),
      Effect.catchAll(({ message }) => Effect.as(progress.above(say(message)), true))
    )
    if (Option.isSome(kept)) yield* kept.value.recordUnsent
    const done: Done = { receipts, unsent: ids.length - receipts.length, journalFailed }
    const doubted = new Set(inDoubt.map((id) => id.toLowerCase()))
    yield* progress.above(say(`${place}:`, summaryOf(done, doubted)))
    return done
  }).pipe(Effect.scoped)
