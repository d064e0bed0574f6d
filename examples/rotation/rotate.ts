/**
 * Replaces an API key by a successor. At every moment the old key works or the successor has been handed over, and whatever
 * fails or is interrupted, `report` gets a report that says which. The caller decides where the successor is stored.
 */
import { HttpClientRequest } from "@effect/platform"
import { Cause, type Duration, Effect, Exit, Layer, Option, type Redacted, Ref, Schedule } from "effect"
import { ApiKey, ApiKeys, InstantlyClient, type InstantlyError } from "effect-instantly"
import type { Leftover, Old, Report } from "./report.js"

export interface Options<E, R> {
  /** The key to replace. It creates the successor, so it needs the scopes to create and to delete API keys. */
  readonly old: { readonly id: ApiKey.ApiKeyId; readonly secret: Redacted.Redacted }
  readonly successor: {
    /** Use a name that no other key has: if the response is lost, a person has to find the key by its name. */
    readonly name: string
    /** They must include the scope to delete API keys: the successor deletes the old key. */
    readonly scopes: ReadonlyArray<ApiKey.Scope>
  }
  /** Stores the successor. If it fails, nothing must be stored. It is never interrupted. */
  readonly handOver: (successor: ApiKey.ApiKey) => Effect.Effect<void, E, R>
  /** Gets the report, even after an interruption, when there is nobody to return it to. */
  readonly report: (report: Report) => Effect.Effect<void>
  /** How long Instantly may take to accept the new key, and to refuse the old one. */
  readonly patience: Duration.DurationInput
}

/** How far a rotation got. */
type Progress =
  | { readonly _tag: "Begun"; readonly leftover: Leftover }
  | { readonly _tag: "Created"; readonly successor: ApiKey.ApiKey }
  | { readonly _tag: "HandedOver"; readonly successor: ApiKey.ApiKey; readonly old: Old }
  | { readonly _tag: "Undecided"; readonly successor: ApiKey.ApiKey }
  | { readonly _tag: "Done"; readonly successor: ApiKey.ApiKey }

const nothing: Leftover = { _tag: "None" }

/** The limit of one call, so that what cannot be interrupted still ends. */
const deadline = "30 seconds"

/** The operations, with a client for this key. All clients share the gate of the workspace. */
const authenticatedBy = (apiKey: Redacted.Redacted) =>
  ApiKeys.layer.pipe(
    Layer.provideMerge(InstantlyClient.layerConfig({ apiKey, deadline })),
    Layer.mapError(() => "the API key cannot be used as a token")
  )

/** An operation that this library does not have. The client never repeats a POST that may have been carried out. */
const create = ({ name, scopes }: { readonly name: string; readonly scopes: ReadonlyArray<ApiKey.Scope> }) =>
  Effect.flatMap(InstantlyClient.InstantlyClient, (client) =>
    client.execute(
      HttpClientRequest.post("/api/v2/api-keys").pipe(HttpClientRequest.bodyUnsafeJson({ name, scopes })),
      ApiKey.ApiKey
    )
  )

/** Checks the secret until Instantly accepts or refuses it, as it should. After an error it is checked again, too. */
const prove = (accepted: boolean, secret: Redacted.Redacted, patience: Duration.DurationInput) =>
  ApiKeys.isActive(secret).pipe(
    Effect.mapError(({ _tag }) => `the check failed with ${_tag}`),
    Effect.filterOrFail(
      (isActive) => isActive === accepted,
      () => (accepted ? "Instantly refuses it" : "Instantly still accepts it")
    ),
    Effect.retry(Schedule.spaced("1 second").pipe(Schedule.upTo(patience)))
  )

/** What is left over after a creation that failed. */
const leftBy = (error: InstantlyError.InstantlyError, name: string): Leftover =>
  error.outcome === "NotApplied" ? nothing : { _tag: "Named", name }

/** What is left over after a deletion that failed. */
const leftOf = (error: InstantlyError.InstantlyError, id: ApiKey.ApiKeyId): Leftover =>
  error._tag === "NotFound" || error.outcome === "Applied"
    ? nothing
    : { _tag: "Successor", id, certain: error.outcome === "NotApplied" }

/** The state of the old key after its deletion failed. */
const oldAfter = (error: InstantlyError.InstantlyError): Old =>
  // A 404 may mean that the id is that of another workspace's key, and that the old key still exists.
  error._tag === "NotFound" || error.outcome === "Unknown"
    ? "MayBeGone"
    : error.outcome === "Applied"
      ? "Deleted"
      : "Works"

/** Goes on if the old key may be gone: whether Instantly still accepts it will show that. */
const failIfThere = (error: InstantlyError.InstantlyError) =>
  oldAfter(error) === "Works" ? Effect.fail(`the old key could not be deleted: ${error.message}`) : Effect.void

const reasonOf = (exit: Exit.Exit<unknown, string>): string =>
  Exit.match(exit, {
    onSuccess: () => "",
    onFailure: (cause) =>
      Option.getOrElse(Cause.failureOption(cause), () =>
        Cause.isInterrupted(cause) ? "it was interrupted" : "it died"
      )
  })

const reportOf = (progress: Progress, oldId: ApiKey.ApiKeyId, because: string): Report => {
  switch (progress._tag) {
    case "Begun":
      return { _tag: "NotRotated", because, leftover: progress.leftover }
    case "Created":
      return { _tag: "NotRotated", because, leftover: { _tag: "Successor", id: progress.successor.id, certain: true } }
    case "Undecided":
      return { _tag: "Undecided", because, successor: progress.successor.id }
    case "HandedOver":
      return { _tag: "HandedOver", because, successor: progress.successor.id, old: progress.old, oldId }
    case "Done":
      return { _tag: "Rotated", successor: progress.successor.id }
  }
}

/** Replaces a key by its successor. It does not fail: the report says what went wrong. */
export const rotate = <E, R>({ handOver, old, patience, report, successor: wanted }: Options<E, R>) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const progress = yield* Ref.make<Progress>({ _tag: "Begun", leftover: nothing })
      const note = (now: Progress) => Ref.set(progress, now)

      const acquire = create(wanted).pipe(
        Effect.tap((successor) => note({ _tag: "Created", successor })),
        Effect.tapError((error) => note({ _tag: "Begun", leftover: leftBy(error, wanted.name) })),
        Effect.mapError((error) => `the successor could not be created: ${error.message}`)
      )

      const release = Effect.flatMap(Ref.get(progress), (now) =>
        now._tag === "Created"
          ? ApiKeys.delete(now.successor.id).pipe(
              Effect.match({ onFailure: (error) => leftOf(error, now.successor.id), onSuccess: () => nothing }),
              Effect.flatMap((leftover) => note({ _tag: "Begun", leftover }))
            )
          : Effect.void
      )

      const store = (successor: ApiKey.ApiKey) =>
        handOver(successor).pipe(
          Effect.tapErrorCause((cause) =>
            // Only a failure promises that nothing was stored: a defect does not.
            Cause.isDie(cause) || Cause.isInterrupted(cause) ? note({ _tag: "Undecided", successor }) : Effect.void
          ),
          Effect.mapError(() => "the successor could not be handed over"),
          Effect.zipRight(note({ _tag: "HandedOver", successor, old: "Works" })),
          // If it were interrupted, nobody would know what it did.
          Effect.uninterruptible
        )

      const removeOld = (successor: ApiKey.ApiKey) => {
        const noteOld = (now: Old) => note({ _tag: "HandedOver", successor, old: now })
        return noteOld("MayBeGone").pipe(
          Effect.zipRight(ApiKeys.delete(old.id)),
          Effect.zipRight(noteOld("Deleted")),
          Effect.catchAll((error) => Effect.zipRight(noteOld(oldAfter(error)), failIfThere(error))),
          Effect.uninterruptible
        )
      }

      const use = (successor: ApiKey.ApiKey) =>
        Effect.gen(function* () {
          yield* Effect.mapError(
            prove(true, successor.key, patience),
            (why) => `it is not certain that the successor works: ${why}`
          )
          yield* store(successor)
          yield* removeOld(successor)
          yield* Effect.mapError(
            prove(false, old.secret, patience),
            (why) => `it is not certain that the old key is dead: ${why}`
          )
          yield* note({ _tag: "Done", successor })
        }).pipe(Effect.provide(authenticatedBy(successor.key)))

      const exit = yield* Effect.acquireUseRelease(acquire, use, () => release).pipe(
        Effect.provide(authenticatedBy(old.secret)),
        restore,
        Effect.exit
      )
      const end = reportOf(yield* Ref.get(progress), old.id, reasonOf(exit))
      yield* report(end)
      return end
    })
  )
