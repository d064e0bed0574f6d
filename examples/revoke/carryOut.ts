/** Deletes the keys. Each receipt is kept, shown and counted as it comes. */
import { Console, Deferred, Effect, Option, Stream } from "effect"
import { type ApiKey, Revocation } from "effect-instantly"
import { printable } from "../printable.js"
import { cancelled, codeOf, codes } from "./ended.js"
import * as Progress from "./progress.js"
import * as Receipts from "./receipts.js"
import { tell } from "./terminal.js"

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

/** Shows a receipt: in words on a terminal, as a line of JSON elsewhere. */
const show = (receipt: Revocation.Receipt) =>
  process.stdout.isTTY === true
    ? Console.log(readable(receipt))
    : Effect.flatMap(Receipts.toLine(receipt), (line) => Console.log(line))

const summary = (tally: ReadonlyMap<string, number>, unsent: number) =>
  [...tally, ...(unsent > 0 ? [["not sent", unsent] as const] : [])].map(([what, n]) => `${what}: ${n}`).join(", ")

/** Deletes the keys and returns the exit code. */
export const carryOut = (
  ids: ReadonlyArray<ApiKey.ApiKeyId>,
  path: Option.Option<string>,
  stop: Deferred.Deferred<void>
) =>
  Effect.gen(function* () {
    if (ids.length === 0) return codes.gone
    const keep = Option.isSome(path) ? yield* Receipts.open(path.value) : () => Effect.void
    const progress = yield* Progress.start(ids.length)

    /** If a receipt cannot be kept, nothing more is sent. */
    const record = (receipt: Revocation.Receipt) =>
      keep(receipt).pipe(
        Effect.as<number>(codeOf(receipt)),
        Effect.catchAll(() =>
          Effect.as(
            Effect.whenEffect(
              progress.above(tell("Stopping: a receipt could not be written to the --receipts file.")),
              Deferred.succeed(stop, undefined)
            ),
            Math.max(codes.failed, codeOf(receipt))
          )
        ),
        Effect.tap(progress.count),
        Effect.zipLeft(progress.above(show(receipt)))
      )

    const tally = new Map<string, number>()
    const code = yield* Revocation.run(ids, { stop: Deferred.await(stop) }).pipe(
      Stream.tap(({ _tag }) => Effect.sync(() => tally.set(_tag, (tally.get(_tag) ?? 0) + 1))),
      Stream.mapEffect(record),
      Stream.runFold<number, number>(codes.gone, Math.max)
    )
    const unsent = ids.length - [...tally.values()].reduce((sum, n) => sum + n, 0)
    yield* progress.above(tell(summary(tally, unsent)))
    if (unsent === ids.length) return yield* cancelled
    return unsent > 0 ? Math.max(codes.failed, code) : code
  }).pipe(Effect.scoped)
