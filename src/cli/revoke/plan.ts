/** What to delete: reads what the person gave, leaves out what is settled, and asks. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { ApiKeyId } from "../../ApiKey.js"
import * as Revocation from "../../Revocation.js"
import { leakedLeftOut, type Overview, ownUnknown, table } from "../instantly/overview.js"
import * as Secret from "../instantly/secret.js"
import { Target } from "../instantly/target.js"
import { endWith, placeOf, readKeys, withSecret, workspaceOf } from "../instantly/workspace.js"
import * as Journal from "../journal/line.js"
import { say } from "../terminal/terminal.js"
import { cancelled, codes, Exit, usage } from "../usage/exit.js"
import { confirm, confirmOwn } from "./confirm.js"
import * as LeakedKey from "./leakedKey.js"
import type { Request } from "./request.js"

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
const saySettled = (all: number, settled: ReadonlyArray<Revocation.Receipt>) => {
  const tally = new Map<string, number>()
  for (const receipt of settled) tally.set(kindOf(receipt), (tally.get(kindOf(receipt)) ?? 0) + 1)
  const kinds = [...tally].map(([kind, n]) => `${n} ${kind}`).join(", ")
  return say(`${settled.length} of ${all} are already settled, by the journal: ${kinds}.`)
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
    if (settled.size > 0) yield* saySettled(all.size, [...settled.values()])
    const doubted = [
      ...new Set([...inDoubt, ...ids.filter((id) => Option.exists(torn, (it) => keyOf(it) === keyOf(id)))])
    ]
    if (doubted.length > 0) {
      const them = doubted.length === 1 ? "it" : "them"
      yield* say(
        `In doubt: ${doubted.length}. An earlier run may have deleted ${them}, and did not record how that ended.`
      )
    }
    return { pending: ids, inDoubt: doubted, settled: [...settled.values()] }
  })

const isReceipt = (entry: Revocation.Entry): entry is Revocation.Receipt => entry._tag !== "Begun"

/** The ids to send, and what is known before the first is sent. */
export const make = (request: Request) =>
  Effect.gen(function* () {
    const { apiKey, fingerprint } = yield* Target
    const secret = request.leaked ? Option.some(yield* Secret.read("The leaked secret")) : Option.none()
    if (Option.isSome(secret)) yield* LeakedKey.mustBeAlive(secret.value)

    const listing = yield* Effect.either(readKeys)
    if (Either.isLeft(listing) && (listing.left._tag === "Unauthorized" || listing.left._tag === "PaymentRequired")) {
      return yield* endWith(listing.left)
    }
    const workspace = yield* workspaceOf(listing)
    yield* mustBeOfHere(request.found.lines, workspace)
    const overview: Overview = {
      listing,
      own: withSecret(listing, apiKey),
      leaked: Option.flatMap(secret, (value) => withSecret(listing, value)),
      place: yield* placeOf(workspace)
    }

    const byName = Option.match(request.name, {
      onNone: () => Effect.succeed<ReadonlyArray<ApiKeyId>>([]),
      onSome: (text) =>
        Effect.map(Effect.catchAll(listing, endWith), (keys) =>
          keys.filter(({ name }) => name.includes(text)).map(({ id }) => id)
        )
    })
    const chosen = request.choosing ? yield* LeakedKey.choose(overview) : []
    const given = [...request.ids, ...(yield* byName), ...chosen]
    if (given.length === 0) {
      const problem = Option.isSome(request.name)
        ? `No key at ${overview.place} has a name that contains the text of --name (case matters).`
        : "No ids were given."
      return yield* new Exit({ code: codes.failed, message: `${problem}\nNothing was deleted.` })
    }
    const { inDoubt, pending, settled } = yield* leftOf(given, request.found, {
      workspace,
      credential: fingerprint
    })

    const isOwn = (id: ApiKeyId) => Option.exists(overview.own, (own) => keyOf(own.id) === keyOf(id))
    const others = pending.filter((id) => !isOwn(id))
    const ownIds = pending.filter(isOwn)

    if (request.dryRun) {
      const shown = yield* table([...others, ...ownIds], overview, "stdout")
      yield* Console.log(
        [`Would delete ${pending.length} at ${overview.place}:`, ...shown, ...ownUnknown(overview)].join("\n")
      )
      return yield* new Exit({ code: codes.gone, message: "Nothing was deleted (--dry-run)." })
    }
    if (ownIds.length > 0 && request.yes && !request.includingOwnKey) {
      return yield* usage(
        `${ownIds[0]} is the key that this tool calls with. Add --including-own-key to delete it, too, as the last one.`
      )
    }
    const takesOwn =
      ownIds.length > 0 &&
      Option.isSome(overview.own) &&
      (request.includingOwnKey || (yield* confirmOwn(overview.own.value, overview)))
    const own = takesOwn ? ownIds : []
    const toDelete = [...others, ...own]
    if (pending.length > 0 && toDelete.length === 0) return yield* cancelled
    if (toDelete.length > 0) {
      if (request.yes) yield* say(...leakedLeftOut(toDelete, overview), ...ownUnknown(overview))
      else yield* confirm(toDelete, overview)
    }
    return { others, own, inDoubt, settled, secret, overview, workspace }
  })

export type Plan = Effect.Effect.Success<ReturnType<typeof make>>
