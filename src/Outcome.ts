/**
 * What a request may have done at the server, and how the attempts of one call add up. `InstantlyClient` tells how an
 * attempt ended.
 *
 * @module
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * What a request, or all requests of a call together, may have done at the server.
 *
 * - `"NotApplied"`: nothing was carried out, and nothing will be. The key is as it was.
 * - `"Unknown"`: it may have been carried out, or may still be. Check (list the keys, or delete again) before you rely on it.
 * - `"Applied"`: the server responded with success. The key is gone, even if the response could not be read.
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
 * What the status of a response says about its request. After a 2xx it was carried out, whatever becomes of the body. A 3xx
 * or 4xx refused it. A 408, a 5xx and anything else leave it open.
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
 * What two attempts of one call add up to: `Applied` if one was, otherwise `Unknown` if one was, otherwise `NotApplied`.
 * The order does not matter, and `NotApplied` adds nothing.
 *
 * @example
 * ```ts
 * import { Outcome } from "effect-instantly"
 *
 * // a lost response, then a 404: nobody knows who deleted the key
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
