/** What to delete: reads what the person gave, leaves out what is settled, and asks. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { ApiKeyId } from "../ApiKey.js"
import * as Revocation from "../Revocation.js"
import type { Asked } from "./asked.js"
import { confirm, confirmOwn, leakedLeftOut, ownUnknown, preview, type Seen } from "./confirm.js"
import { cancelled, codes, Ended, usage } from "./ended.js"
import * as Journal from "./journal.js"
import * as Leaked from "./leaked.js"
import { Target } from "./target.js"
import { tell } from "./terminal.js"
import { endWith, readKeys, where, withSecret, workspaceOf } from "./workspace.js"

const keyOf = (id: string) => id.toLowerCase()

/** A journal of another address or workspace says nothing of the keys of this one. */
const mustBeOfHere = (lines: ReadonlyArray<Journal.Line>, workspace: Option.Option<string>) =>
  Effect.gen(function* () {
    const { address } = yield* Target
    for (const run of Journal.runs(lines)) {
      if (run.address !== address) {
        return yield* usage(`The journal is of ${run.address}, and this run is at ${address}. Take another file.`)
      }
      if (Option.isSome(run.workspace) && Option.isSome(workspace) && run.workspace.value !== workspace.value) {
        return yield* usage(
          `The journal is of the workspace ${run.workspace.value}, and this run is in ${workspace.value}. Take another file.`
        )
      }
    }
  })

const kindOf = (receipt: Revocation.Receipt) =>
  receipt._tag === "NotFound" && receipt.outcome === "Unknown"
    ? "NotFound/Unknown, most likely deleted by an earlier run"
    : receipt._tag === "NotFound"
      ? "NotFound"
      : "Deleted"

/** What the journal says of the ids that it settles. */
const tellSettled = (all: number, settled: ReadonlyArray<Revocation.Receipt>) => {
  const tally = new Map<string, number>()
  for (const receipt of settled) tally.set(kindOf(receipt), (tally.get(kindOf(receipt)) ?? 0) + 1)
  const kinds = [...tally].map(([kind, n]) => `${n} ${kind}`).join(", ")
  return tell(`${settled.length} of ${all} are already settled, by the journal: ${kinds}.`)
}

/** The ids that are left to do, by the journal. */
const leftOf = (given: ReadonlyArray<ApiKeyId>, { lines, torn }: Journal.Found, view: Journal.View) =>
  Effect.gen(function* () {
    const entries = Journal.entriesFor(view, lines)
    const { ids, inDoubt } = Revocation.pending(given, entries)
    const all = new Set(given.map(keyOf))
    const left = new Set(ids.map(keyOf))
    const isDone = (id: ApiKeyId) => all.has(keyOf(id)) && !left.has(keyOf(id))
    const receipts = entries.filter(isReceipt).filter((receipt) => Revocation.isSettled(receipt) && isDone(receipt.id))
    const settled = new Map(receipts.map((receipt) => [keyOf(receipt.id), receipt]))
    if (settled.size > 0) yield* tellSettled(all.size, [...settled.values()])
    const doubted = [
      ...new Set([...inDoubt, ...ids.filter((id) => Option.exists(torn, (it) => keyOf(it) === keyOf(id)))])
    ]
    if (doubted.length > 0) {
      const them = doubted.length === 1 ? "it" : "them"
      yield* tell(
        `In doubt: ${doubted.length}. An earlier run may have deleted ${them}, and did not record how that ended.`
      )
    }
    return { pending: ids, inDoubt: doubted, settled: [...settled.values()] }
  })

const isReceipt = (entry: Revocation.Entry): entry is Revocation.Receipt => entry._tag !== "Begun"

/** The ids to send, and what is known before the first is sent. */
export const make = (asked: Asked) =>
  Effect.gen(function* () {
    const { apiKey, fingerprint } = yield* Target
    const secret = asked.leaked ? Option.some(yield* Leaked.readSecret("The leaked secret")) : Option.none()
    if (Option.isSome(secret)) yield* Leaked.mustBeAlive(secret.value)

    const known = yield* Effect.either(readKeys)
    if (Either.isLeft(known) && (known.left._tag === "Unauthorized" || known.left._tag === "PaymentRequired")) {
      return yield* endWith(known.left)
    }
    const workspace = yield* workspaceOf(known)
    yield* mustBeOfHere(asked.found.lines, workspace)
    const seen: Seen = {
      known,
      own: withSecret(known, apiKey),
      leaked: Option.flatMap(secret, (value) => withSecret(known, value)),
      place: yield* where(workspace)
    }

    const byName = Option.match(asked.name, {
      onNone: () => Effect.succeed<ReadonlyArray<ApiKeyId>>([]),
      onSome: (text) =>
        Effect.map(Effect.catchAll(known, endWith), (keys) =>
          keys.filter(({ name }) => name.includes(text)).map(({ id }) => id)
        )
    })
    const chosen = asked.choosing ? yield* Leaked.choose(seen) : []
    const given = [...asked.ids, ...(yield* byName), ...chosen]
    if (given.length === 0) {
      const problem = Option.isSome(asked.name)
        ? `No key at ${seen.place} has a name that contains the text of --name (case matters).`
        : "No ids were given."
      return yield* new Ended({ code: codes.failed, message: `${problem}\nNothing was deleted.` })
    }
    const { inDoubt, pending, settled } = yield* leftOf(given, asked.found, {
      workspace,
      credential: fingerprint
    })

    const isOwn = (id: ApiKeyId) => Option.exists(seen.own, (own) => keyOf(own.id) === keyOf(id))
    const others = pending.filter((id) => !isOwn(id))
    const ownIds = pending.filter(isOwn)

    if (asked.dryRun) {
      const shown = yield* preview([...others, ...ownIds], seen, "stdout")
      yield* Console.log([`Would delete ${pending.length} at ${seen.place}:`, ...shown, ...ownUnknown(seen)].join("\n"))
      return yield* new Ended({ code: codes.gone, message: "Nothing was deleted (--dry-run)." })
    }
    if (ownIds.length > 0 && asked.yes && !asked.includingOwnKey) {
      return yield* usage(
        `${ownIds[0]} is the key that this tool calls with. Add --including-own-key to delete it, too, as the last one.`
      )
    }
    const takesOwn =
      ownIds.length > 0 &&
      Option.isSome(seen.own) &&
      (asked.includingOwnKey || (yield* confirmOwn(seen.own.value, seen)))
    const own = takesOwn ? ownIds : []
    const toDelete = [...others, ...own]
    if (pending.length > 0 && toDelete.length === 0) return yield* cancelled
    if (toDelete.length > 0) {
      if (asked.yes) yield* tell(...leakedLeftOut(toDelete, seen), ...ownUnknown(seen))
      else yield* confirm(toDelete, seen)
    }
    return { others, own, inDoubt, settled, secret, seen, workspace }
  })

export type Plan = Effect.Effect.Success<ReturnType<typeof make>>
