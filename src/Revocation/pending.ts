/** The work that the entries of a journal leave. */
import { type ApiKeyId, spelling } from "../ApiKey.js"
import type { Entry } from "./receipt.js"

/**
 * What a resumed run still has to do, from the entries of a journal in their order. `ids` are those that no receipt
 * settles, in their order and each once. `inDoubt` are those among them that an earlier run may have deleted: it recorded
 * `Begun` and nothing after it, or `Unknown`.
 *
 * `pending(ids, []).ids` is the same list without duplicates.
 *
 * @example
 * ```ts
 * import { Revocation, type ApiKey } from "effect-instantly"
 *
 * declare const all: ReadonlyArray<ApiKey.ApiKeyId>
 * declare const entries: ReadonlyArray<Revocation.Entry>
 *
 * const { ids, inDoubt } = Revocation.pending(all, entries)
 * const resumed = Revocation.run(ids, { inDoubt })
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const pending = (
  ids: Iterable<ApiKeyId>,
  entries: Iterable<Entry>
): { readonly ids: ReadonlyArray<ApiKeyId>; readonly inDoubt: ReadonlyArray<ApiKeyId> } => {
  const left = new Map<string, ApiKeyId>()
  for (const id of ids) if (!left.has(spelling(id))) left.set(spelling(id), id)
  /** Begun, and without a receipt so far. */
  const open = new Set<string>()
  const inDoubt = new Set<string>()
  for (const { _tag, id } of entries) {
    const key = spelling(id)
    switch (_tag) {
      case "Begun":
        // A `Begun` before this one that is still open was left by a run that was killed.
        if (open.has(key)) inDoubt.add(key)
        open.add(key)
        break
      case "Failed":
        open.delete(key)
        break
      case "Unknown":
        inDoubt.add(key)
        break
      case "Deleted":
      case "NotFound":
        left.delete(key)
    }
  }
  const pending = [...left.values()]
  const isInDoubt = (id: ApiKeyId) => open.has(spelling(id)) || inDoubt.has(spelling(id))
  return { ids: pending, inDoubt: pending.filter(isInDoubt) }
}
