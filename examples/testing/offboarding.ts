/** A function of an app that uses the library. The tests beside it show four ways to test it. */
import { Effect } from "effect"
import { type ApiKey, ApiKeys } from "effect-instantly"

export type Offboarded = "gone" | "was not there" | "check again"

/** Deletes a client's key, and says in the app's words what happened. */
export const offboard = (id: ApiKey.ApiKeyId): Effect.Effect<Offboarded, never, ApiKeys.ApiKeys> =>
  ApiKeys.delete(id).pipe(
    Effect.as<Offboarded>("gone"),
    Effect.catchAll((error) =>
      Effect.succeed<Offboarded>(
        error._tag === "NotFound" && error.outcome === "NotApplied" ? "was not there" : "check again"
      )
    )
  )
