/** A function of an app's own, that uses the library. */
import { Effect } from "effect"
import { type ApiKey, ApiKeys } from "effect-instantly"

export type Offboarded = "gone" | "was not there" | "look again"

/** Takes a client's key away, and says in the app's words what became of it. */
export const offboard = (id: ApiKey.ApiKeyId): Effect.Effect<Offboarded, never, ApiKeys.ApiKeys> =>
  Effect.gen(function* () {
    const apiKeys = yield* ApiKeys.ApiKeys
    return yield* apiKeys.delete(id).pipe(
      Effect.as<Offboarded>("gone"),
      Effect.catchAll((error) =>
        Effect.succeed<Offboarded>(
          error._tag === "NotFound" && error.outcome === "NotApplied" ? "was not there" : "look again"
        )
      )
    )
  })
