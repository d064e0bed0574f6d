/** The work that a journal leaves: the ids that no earlier run settled, and those that one may have deleted. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ApiKeyId } from "../../ApiKey.js"
import * as Revocation from "../../Revocation.js"
import { Target } from "../instantly/target.js"
import * as Journal from "../journal/line.js"
import { say } from "../terminal/terminal.js"
import { usage } from "../usage/exit.js"

const keyOf = (id: string) => id.toLowerCase()

/** A journal of another address or workspace says nothing about the keys of this one. */
export const mustBeOfHere = (lines: ReadonlyArray<Journal.Line>, workspace: Option.Option<string>) =>
  Effect.gen(function* () {
    const { address } = yield* Target
    for (const run of Journal.runs(lines)) {
      if (run.address !== address) {
        return yield* usage(`The journal is of ${run.address}, and this run is at ${address}. Use another file.`)
      }
      if (Option.isSome(run.workspace) && Option.isSome(workspace) && run.workspace.value !== workspace.value) {
        return yield* usage(
          `The journal is of the workspace ${run.workspace.value}, and this run is in ${workspace.value}. Use another file.`
        )
      }
    }
  })

const kindOf = (receipt: Revocation.Receipt) =>
  receipt._tag === "NotFound" && receipt.outcome === "Unknown"
    ? "most likely deleted by an earlier run"
    : receipt._tag === "NotFound"
      ? "not found"
      : "deleted"

const saySettled = (all: number, settled: ReadonlyArray<Revocation.Receipt>) => {
  const tally = new Map<string, number>()
  for (const receipt of settled) tally.set(kindOf(receipt), (tally.get(kindOf(receipt)) ?? 0) + 1)
  const kinds = [...tally].map(([kind, n]) => `${n} ${kind}`).join(", ")
  return say(`By the journal, ${settled.length} of ${all} are done: ${kinds}.`)
}

const isReceipt = (entry: Revocation.Entry): entry is Revocation.Receipt => entry._tag !== "Begun"

/** The ids that are left to do, in their order and each once. */
export const leftOf = (ids: ReadonlyArray<ApiKeyId>, { lines, torn }: Journal.Found, view: Journal.View) =>
  Effect.gen(function* () {
    const entries = Journal.entriesFor(view, lines)
    const pending = Revocation.pending(ids, entries)
    const all = new Set(ids.map(keyOf))
    const left = new Set(pending.ids.map(keyOf))
    const isSettled = (id: ApiKeyId) => all.has(keyOf(id)) && !left.has(keyOf(id))
    const receipts = entries.filter(isReceipt).filter((one) => Revocation.isSettled(one) && isSettled(one.id))
    // The last one of each counts.
    const settled = [...new Map(receipts.map((receipt) => [keyOf(receipt.id), receipt])).values()]
    if (settled.length > 0) yield* saySettled(all.size, settled)
    const inDoubt = [
      ...new Set([
        ...pending.inDoubt,
        ...pending.ids.filter((id) => Option.exists(torn, (one) => keyOf(one) === keyOf(id)))
      ])
    ]
    if (inDoubt.length > 0) {
      const them = inDoubt.length === 1 ? "it" : "them"
      yield* say(
        `In doubt: ${inDoubt.length}. An earlier run may have deleted ${them}, and did not record how that ended.`
      )
    }
    return { pending: pending.ids, inDoubt, settled }
  })
