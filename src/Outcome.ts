/**
 * What a request may have done at the server, and how the attempts of one call add up. How an attempt ended is left to
 * `InstantlyClient`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * What a request, or all requests of a call together, may have done at the server.
 *
 * - `"NotApplied"`: nothing was carried out, and nothing will be. The key is as it was.
 * - `"Unknown"`: it may have been carried out, or still be. Ask (list the keys, or delete again) before you rely on it.
 * - `"Applied"`: the server answered with success. The key is gone, even where the answer could not be read.
 *
 * @example
 * ```ts
 * import { ApiKeys, type ApiKey } from "effect-instantly"
 * import { Effect } from "effect"
 *
 * const isSurelyGone = (id: ApiKey.ApiKeyId) =>
 *   Effect.gen(function* () {
 *     const apiKeys = yield* ApiKeys.ApiKeys
 *     return yield* apiKeys.delete(id).pipe(
 *       Effect.as(true),
 *       Effect.catchAll((error) => Effect.succeed(error.outcome === "Applied"))
 *     )
 *   })
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export const Outcome = Schema.Literal("NotApplied", "Unknown", "Applied")

/**
 * What a request may have done at the server.
 *
 * @since 0.1.0
 * @category models
 */
export type Outcome = typeof Outcome.Type

/**
 * What an answer with this status says of its request: a 2xx that it was carried out, whatever becomes of the body; a 3xx
 * or 4xx that it was refused; a 408, a 5xx and anything else leave it open.
 *
 * @example
 * ```ts
 * import { Outcome } from "effect-instantly"
 *
 * Outcome.fromStatus(404) // "NotApplied"
 * Outcome.fromStatus(502) // "Unknown"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromStatus = (status: number): Outcome => {
  if (status >= 200 && status < 300) return "Applied"
  return status >= 300 && status < 500 && status !== 408 ? "NotApplied" : "Unknown"
}

/**
 * What two attempts of one call add up to: `Applied` if one was, else `Unknown` if one was, else `NotApplied`. Order does
 * not matter, and `NotApplied` adds nothing.
 *
 * @example
 * ```ts
 * import { Outcome } from "effect-instantly"
 *
 * // a lost answer, then a 404: who deleted the key is not known
 * Outcome.combine("Unknown", "NotApplied") // "Unknown"
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const combine = (self: Outcome, that: Outcome): Outcome => {
  if (self === "Applied" || that === "Applied") return "Applied"
  return self === "Unknown" || that === "Unknown" ? "Unknown" : "NotApplied"
}
