/** What to delete: reads what the person gave, leaves out what is settled, and asks. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { ApiKeyId } from "../ApiKey.js"
import * as Revocation from "../Revocation.js"
import type { Given } from "./arguments.js"
import { confirm, confirmOwn, ownUnknown, preview, type Seen } from "./confirm.js"
import { cancelled, codes, Ended, ofError, usage } from "./ended.js"
import { readIds } from "./input.js"
import * as Journal from "./journal.js"
import * as JournalFile from "./journalFile.js"
import * as Leaked from "./leaked.js"
import { Target } from "./target.js"
import { canAsk, tell } from "./terminal.js"
import { readKeys, where, withSecret, workspaceOf } from "./workspace.js"

/** What the arguments say, where that is sound. */
export interface Asked {
  readonly ids: ReadonlyArray<ApiKeyId>
  readonly name: Option.Option<string>
  readonly leaked: boolean
  readonly choosing: boolean
  readonly dryRun: boolean
  readonly yes: boolean
  readonly includingOwnKey: boolean
  readonly found: Journal.Found
  readonly journal: Option.Option<JournalFile.JournalFile>
}

const noJournal: Journal.Found = { lines: [], whole: 0, torn: Option.none() }

const journalOf = (given: Given) => {
  const { get, has } = given
  const path = Option.orElse(get("journal"), () => get("receipts"))
  if (Option.isNone(path)) {
    return has("fsync")
      ? usage("--fsync is about the journal: give --journal, too.")
      : Effect.succeed({ found: noJournal, journal: Option.none() })
  }
  if (has("journal") && has("receipts")) return usage("--receipts is the same as --journal: give one of them.")
  return has("dry-run")
    ? Effect.map(JournalFile.look(path.value), (found) => ({ found, journal: Option.none() }))
    : Effect.map(JournalFile.open(path.value, { fsync: has("fsync") }), (file) => ({
        found: file.found,
        journal: Option.some(file)
      }))
}

/** Finds wrong usage before anything is sent. */
export const check = (given: Given) =>
  Effect.gen(function* () {
    const { get, has, words } = given
    const file = get("file")
    const name = get("name")
    const leaked = has("leaked")
    const stdin = has("stdin")
    const named = words.length > 0 || Option.isSome(file) || stdin || Option.isSome(name)
    const interactive = (yield* canAsk) && !stdin
    if (has("live") && has("rehearse")) return yield* usage("--live and --rehearse do not go together.")
    if (!named && !leaked) return yield* usage("Say which keys: ids, --file, --stdin, --name or --leaked.")
    if (Option.contains(name, "")) return yield* usage("--name is empty: that would match every key.")
    if (leaked && stdin) {
      return yield* usage(
        "--leaked and --stdin do not go together: --leaked may read the secret from stdin. Give the ids with --file."
      )
    }
    if (leaked && !named && !interactive) {
      return yield* usage(
        "Without a terminal, --leaked cannot ask which key it is: give ids, --file or --name as well."
      )
    }
    if (!interactive && !has("yes") && !has("dry-run")) {
      return yield* usage("There is no terminal to ask on: add --yes to delete, or --dry-run to look.")
    }
    const ids = yield* readIds({ ids: words, file, stdin })
    return {
      ids,
      name,
      leaked,
      choosing: leaked && !named,
      dryRun: has("dry-run"),
      yes: has("yes"),
      includingOwnKey: has("including-own-key"),
      ...(yield* journalOf(given))
    } satisfies Asked
  })

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

const isReceipt = (entry: Revocation.Entry): entry is Revocation.Receipt => entry._tag !== "Begun"

/** The ids to send, and what is known before the first is sent. */
export const make = (asked: Asked) =>
  Effect.gen(function* () {
    const { apiKey, fingerprint } = yield* Target
    const secret = asked.leaked ? Option.some(yield* Leaked.readSecret("The leaked secret")) : Option.none()
    if (Option.isSome(secret)) yield* Leaked.mustBeAlive(secret.value)

    const known = yield* Effect.either(readKeys)
    if (Either.isLeft(known) && (known.left._tag === "Unauthorized" || known.left._tag === "PaymentRequired")) {
      return yield* ofError(known.left)
    }
    const workspace = yield* workspaceOf(known)
    const { lines, torn } = asked.found
    yield* mustBeOfHere(lines, workspace)
    const seen: Seen = {
      known,
      own: withSecret(known, apiKey),
      leaked: Option.flatMap(secret, (value) => withSecret(known, value)),
      place: yield* where(workspace)
    }

    const byName = Option.match(asked.name, {
      onNone: () => Effect.succeed<ReadonlyArray<ApiKeyId>>([]),
      onSome: (text) =>
        Effect.map(Effect.mapError(known, ofError), (keys) =>
          keys.filter(({ name }) => name.includes(text)).map(({ id }) => id)
        )
    })
    const chosen = asked.choosing ? yield* Leaked.choose(seen) : []
    const given = [...asked.ids, ...(yield* byName), ...chosen]
    const entries = Journal.entriesFor(fingerprint, lines)
    const pending = Revocation.pending(given, entries)
    const all = new Set(given.map(keyOf))
    const left = new Set(pending.ids.map(keyOf))
    const settled = new Map(
      entries
        .filter(isReceipt)
        .filter(
          (receipt) => Revocation.isSettled(receipt) && all.has(keyOf(receipt.id)) && !left.has(keyOf(receipt.id))
        )
        .map((receipt) => [keyOf(receipt.id), receipt])
    )
    if (all.size === 0) return yield* new Ended({ code: codes.failed, message: `No key at ${seen.place} matches.` })
    if (settled.size > 0) yield* tellSettled(all.size, [...settled.values()])
    const inDoubt = [...pending.inDoubt, ...pending.ids.filter((id) => Option.contains(torn, id))]
    if (inDoubt.length > 0) {
      yield* tell(
        `${new Set(inDoubt.map(keyOf)).size} are in doubt: an earlier run began to delete them, and was cut off.`
      )
    }

    const isOwn = (id: ApiKeyId) => Option.exists(seen.own, (own) => keyOf(own.id) === keyOf(id))
    const others = pending.ids.filter((id) => !isOwn(id))
    const ownIds = pending.ids.filter(isOwn)

    if (asked.dryRun) {
      const shown = yield* preview([...others, ...ownIds], seen, "stdout")
      yield* Console.log(
        [`Would delete ${pending.ids.length} at ${seen.place}:`, ...shown, ...ownUnknown(seen)].join("\n")
      )
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
    if (pending.ids.length > 0 && toDelete.length === 0) return yield* cancelled
    if (toDelete.length > 0) {
      if (asked.yes) yield* tell(...ownUnknown(seen))
      else yield* confirm(toDelete, seen)
    }
    return { others, own, inDoubt, settled: [...settled.values()].map(({ id }) => id), secret, seen, workspace }
  })

export type Plan = Effect.Effect.Success<ReturnType<typeof make>>
