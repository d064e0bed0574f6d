/**
 * Replaces an API key by a successor, so that at every moment the old key works or the successor has been handed over.
 * Whatever fails or is interrupted, and whenever, `tell` is given a report that says which. Where the successor is stored
 * is left to the caller.
 */
import { HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { Cause, type Duration, Effect, Exit, Layer, Option, type Redacted, Ref, Schedule } from "effect"
import { ApiKey, ApiKeys, InstantlyClient, type InstantlyError } from "effect-instantly"
import type { Leftover, Old, Report } from "./report.js"

export interface Options<E, R> {
  /** The key to replace. It creates its successor, and needs the scopes to create and to delete API keys. */
  readonly old: { readonly id: ApiKey.ApiKeyId; readonly secret: Redacted.Redacted }
  readonly successor: {
    /** Best a name that no other key has: it is what an orphan is looked for by. */
    readonly name: string
    /** With the scope to delete API keys: the successor deletes the old one. */
    readonly scopes: ReadonlyArray<ApiKey.Scope>
  }
  /** Stores the successor, all of it or nothing: where it fails, nothing is stored. It is never interrupted. */
  readonly handOver: (successor: ApiKey.ApiKey) => Effect.Effect<void, E, R>
  /** Is told what became of it, also where an interruption leaves nobody to return to. */
  readonly tell: (report: Report) => Effect.Effect<void>
  /** How long a key may take to be accepted, and to be refused. */
  readonly patience: Duration.DurationInput
}

/** How far a rotation has come. */
type Progress =
  | { readonly _tag: "Begun"; readonly leftover: Leftover }
  | { readonly _tag: "Created"; readonly successor: ApiKey.ApiKey }
  | { readonly _tag: "HandedOver"; readonly successor: ApiKey.ApiKey; readonly old: Old }
  | { readonly _tag: "Undecided"; readonly successor: ApiKey.ApiKey }
  | { readonly _tag: "Done"; readonly successor: ApiKey.ApiKey }

const nothing: Leftover = { _tag: "None" }

/** No call outlasts this: what cannot be interrupted still ends. */
const deadline = "30 seconds"

/** A client of one key at the address of the settings, and the operations with it. All share the gate of the workspace. */
const authenticatedBy = (apiKey: Redacted.Redacted) =>
  Layer.effect(ApiKeys.ApiKeys, ApiKeys.make).pipe(
    Layer.provideMerge(InstantlyClient.layerConfig({ apiKey, deadline })),
    // its message names the setting, and does not show it
    Layer.mapError(() => "the API key is no usable token")
  )

/** An operation that this library does not cover. A POST is never repeated where it may have been carried out. */
const create = ({ name, scopes }: { readonly name: string; readonly scopes: ReadonlyArray<ApiKey.Scope> }) =>
  Effect.flatMap(InstantlyClient.InstantlyClient, (client) =>
    client.execute(
      HttpClientRequest.post("/api/v2/api-keys").pipe(HttpClientRequest.bodyUnsafeJson({ name, scopes })),
      HttpClientResponse.schemaBodyJson(ApiKey.ApiKey)
    )
  )

const remove = (id: ApiKey.ApiKeyId) => Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.delete(id))

/** Asks until a secret is accepted, or refused, as it should be; a response that says neither is followed by another request. */
const prove = (accepted: boolean, secret: Redacted.Redacted, patience: Duration.DurationInput) =>
  Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.isActive(secret)).pipe(
    Effect.mapError(({ _tag }) => `it could not be asked: ${_tag}`),
    Effect.filterOrFail(
      (isActive) => isActive === accepted,
      () => (accepted ? "it is refused" : "it is still accepted")
    ),
    Effect.retry(Schedule.spaced("1 second").pipe(Schedule.upTo(patience)))
  )

/** What the failed creation of a key leaves. */
const leftBy = (error: InstantlyError.InstantlyError, name: string): Leftover =>
  error.outcome === "NotApplied" ? nothing : { _tag: "Named", name, certain: error.outcome === "Applied" }

/** What the failed deletion of a key leaves of it. */
const leftOf = (error: InstantlyError.InstantlyError, id: ApiKey.ApiKeyId): Leftover =>
  error._tag === "NotFound" || error.outcome === "Applied"
    ? nothing
    : { _tag: "Successor", id, certain: error.outcome === "NotApplied" }

/** What the failed deletion of the old key says of it. */
const oldAfter = (error: InstantlyError.InstantlyError): Old =>
  // The id may be that of another workspace's key, and the old one there.
  error._tag === "NotFound" || error.outcome === "Unknown"
    ? "MayBeGone"
    : error.outcome === "Applied"
      ? "Deleted"
      : "Works"

/** Where the old key may be gone, the response to it will say. */
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

/** Replaces a key by its successor. It does not fail: what goes wrong is in the report. */
export const rotate = <E, R>({ handOver, old, patience, successor: wanted, tell }: Options<E, R>) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const progress = yield* Ref.make<Progress>({ _tag: "Begun", leftover: nothing })
      const know = (now: Progress) => Ref.set(progress, now)

      const acquire = create(wanted).pipe(
        Effect.tap((successor) => know({ _tag: "Created", successor })),
        Effect.tapError((error) => know({ _tag: "Begun", leftover: leftBy(error, wanted.name) })),
        Effect.mapError((error) => `the successor could not be created: ${error.message}`)
      )

      const release = Effect.flatMap(Ref.get(progress), (now) =>
        now._tag === "Created"
          ? remove(now.successor.id).pipe(
              Effect.match({ onFailure: (error) => leftOf(error, now.successor.id), onSuccess: () => nothing }),
              Effect.flatMap((leftover) => know({ _tag: "Begun", leftover }))
            )
          : Effect.void
      )

      const store = (successor: ApiKey.ApiKey) =>
        handOver(successor).pipe(
          Effect.tapErrorCause((cause) =>
            // Whoever dies has not said that nothing was stored.
            Cause.isDie(cause) || Cause.isInterrupted(cause) ? know({ _tag: "Undecided", successor }) : Effect.void
          ),
          Effect.mapError(() => "the successor could not be handed over"),
          Effect.zipRight(know({ _tag: "HandedOver", successor, old: "Works" })),
          // What it has done is known at its end only.
          Effect.uninterruptible
        )

      const removeOld = (successor: ApiKey.ApiKey) => {
        const knowOld = (now: Old) => know({ _tag: "HandedOver", successor, old: now })
        return knowOld("MayBeGone").pipe(
          Effect.zipRight(remove(old.id)),
          Effect.zipRight(knowOld("Deleted")),
          Effect.catchAll((error) => Effect.zipRight(knowOld(oldAfter(error)), failIfThere(error))),
          Effect.uninterruptible
        )
      }

      const use = (successor: ApiKey.ApiKey) =>
        Effect.gen(function* () {
          yield* Effect.mapError(prove(true, successor.key, patience), (why) => `the successor does not work: ${why}`)
          yield* store(successor)
          yield* removeOld(successor)
          yield* Effect.mapError(prove(false, old.secret, patience), (why) => `the old key is not seen dead: ${why}`)
          yield* know({ _tag: "Done", successor })
        }).pipe(Effect.provide(authenticatedBy(successor.key)))

      const exit = yield* Effect.acquireUseRelease(acquire, use, () => release).pipe(
        Effect.provide(authenticatedBy(old.secret)),
        restore,
        Effect.exit
      )
      const report = reportOf(yield* Ref.get(progress), old.id, reasonOf(exit))
      yield* tell(report)
      return report
    })
  )
