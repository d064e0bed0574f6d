/** The keys of the workspace, and what is read from their list. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { ApiKey } from "../../ApiKey.js"
import * as ApiKeys from "../../ApiKeys.js"
import type { InstantlyError } from "../../InstantlyError.js"
import { codes, Exit } from "../usage/exit.js"
import { Target } from "./target.js"

/** All keys of the workspace, or the error that kept them from being read. */
export type Listing = Either.Either<ReadonlyArray<ApiKey>, InstantlyError>

export const readKeys: Effect.Effect<ReadonlyArray<ApiKey>, InstantlyError, ApiKeys.ApiKeys> = Effect.map(
  Stream.runCollect(ApiKeys.list()),
  Chunk.toReadonlyArray
)

const unauthorized: ReadonlySet<string> = new Set(["Unauthorized", "PaymentRequired", "InsufficientScope"])

/** Whether an error with this tag means that the API key may not do this. */
export const isUnauthorized = (tag: string) => unauthorized.has(tag)

/** Ends the tool after an error before the first deletion. */
export const endWith = (error: InstantlyError) =>
  Effect.flatMap(Target, ({ address }) =>
    Effect.fail(
      new Exit({
        code: isUnauthorized(error._tag) ? codes.unauthorized : codes.failed,
        message: `${error.message}\nThis was at ${address}. Nothing was deleted.`
      })
    )
  )

/** Why the keys cannot be listed. */
export const reasonOf = (error: InstantlyError) =>
  error._tag === "InsufficientScope" ? "the API key lacks the scope api_keys:read" : error._tag

/** The workspace that the environment names, or else the one that the keys are in. */
export const workspaceOf = (listing: Listing): Effect.Effect<Option.Option<string>, never, Target> =>
  Effect.map(Target, ({ workspaceId }) =>
    Option.orElse(workspaceId, () =>
      Option.flatMap(Either.getRight(listing), (keys) => Option.fromNullable(keys[0]?.organizationId))
    )
  )

/** The address and the workspace, in one line. */
export const placeOf = (workspace: Option.Option<string>): Effect.Effect<string, never, Target> =>
  Effect.map(
    Target,
    ({ address }) =>
      `${address} · workspace ${Option.getOrElse(workspace, () => "of the API key (its id is not known, because no key could be listed)")}`
  )

/** The key with this secret. Lists need not show secrets; where they mask them or leave them out, there is none. */
export const withSecret = (listing: Listing, secret: Redacted.Redacted): Option.Option<ApiKey> => {
  const wanted = Redacted.value(secret).trim()
  return Option.flatMap(Either.getRight(listing), (keys) =>
    Option.fromNullable(keys.find(({ key }) => Redacted.value(key) === wanted))
  )
}
