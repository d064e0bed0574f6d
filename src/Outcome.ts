/**
 * What a request may have done at the server. Every error has one, for all attempts of its call together.
 *
 * @module
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/** @internal */
export const Outcome = Schema.Literal("NotApplied", "Unknown", "Applied")

/**
 * What a request, or all requests of a call together, may have done at the server.
 *
 * - `"NotApplied"`: nothing was carried out, and nothing will be. The key is as it was.
 * - `"Unknown"`: it may have been carried out, or may still be. List the keys, or delete again, before you rely on it.
 * - `"Applied"`: Instantly's own words confirm that it was carried out. The key is gone.
 *
 * @example
 * ```ts
 * import { ApiKeys, type ApiKey } from "effect-instantly"
 * import { Effect } from "effect"
 *
 * const isSurelyGone = (id: ApiKey.ApiKeyId) =>
 *   ApiKeys.delete(id).pipe(
 *     Effect.as(true),
 *     Effect.catchAll((error) => Effect.succeed(error.outcome === "Applied"))
 *   )
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export type Outcome = "NotApplied" | "Unknown" | "Applied"

/**
 * What two requests of one call add up to: `Applied` if one was, otherwise `Unknown` if one was, otherwise `NotApplied`.
 *
 * @internal
 */
export const combine = (self: Outcome, that: Outcome): Outcome => {
  if (self === "Applied" || that === "Applied") return "Applied"
  return self === "Unknown" || that === "Unknown" ? "Unknown" : "NotApplied"
}
