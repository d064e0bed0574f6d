/**
 * Many deletions: a stream of ids becomes a stream of receipts, one for each id, as they happen. `ApiKeys` deletes one key,
 * and the gate that all calls share sets the pace.
 *
 * @module
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { dual, identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { ApiKeyId } from "./ApiKey.js"
import { ApiKeys, type DeleteApiKeyError } from "./ApiKeys.js"
import { refuse } from "./internal/parameters.js"
import * as Receipts from "./Revocation/receipt.js"
import { type Entry, type Receipt, Skipped } from "./Revocation/receipt.js"

export { Begun, Deleted, Entry, Failed, isSettled, NotFound, Receipt, Skipped, Unknown } from "./Revocation/receipt.js"

/**
 * Where a run writes down what it does, before and after it: a file, a database. A run that is killed leaves its journal
 * for the next one, which reads it with {@link pending}.
 *
 * If one of the two fails, nothing more is sent, and the stream fails with it after what is under way has its receipts.
 *
 * @since 0.1.0
 * @category models
 */
export interface Journal<E = never, R = never> {
  /** Called before the first request for an id leaves. The request waits until it is done. */
  readonly begin: (id: ApiKeyId) => Effect.Effect<void, E, R>
  /** Called with each receipt, before the stream emits it. An interruption waits until it is done. */
  readonly record: (receipt: Receipt) => Effect.Effect<void, E, R>
}

/**
 * How a run is carried out.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<R = never, E = never> {
  /**
   * How many calls may be under way at once, including those that wait: a whole number of at least 1. Default: 25, enough
   * to use up `RateLimit.instantly` as long as a response takes up to a quarter of a second.
   */
  readonly concurrency?: number | undefined
  /**
   * When this effect ends, however it ends, no more ids are taken. What is under way finishes, and has its receipt. Default:
   * never.
   */
  readonly stop?: Effect.Effect<unknown, unknown, R> | undefined
  /**
   * What happens to an id that the run has taken before. `"send"` sends it again. `"skip"` gives a `Skipped` receipt: to know
   * them, the run keeps all ids in memory, about 80 bytes each and at most 16 million. Default: `"send"`.
   */
  readonly duplicates?: "send" | "skip" | undefined
  /** Where the run writes down what it does. Default: nowhere. */
  readonly journal?: Journal<E, R> | undefined
  /**
   * The ids that an earlier run may have deleted, from {@link pending}: their outcome is `Unknown` to begin with, so that a
   * 404 is `NotFound` with the outcome `Unknown`. Default: none.
   */
  readonly inDoubt?: Iterable<ApiKeyId> | undefined
}

type Doom = Exclude<Skipped["reason"], "Duplicate">

const doomOf = (error: DeleteApiKeyError): Option.Option<Doom> =>
  error._tag === "Unauthorized" || error._tag === "PaymentRequired" || error._tag === "InsufficientScope"
    ? Option.some(error._tag)
    : Option.none()

const failUnlessEmpty = <E>(cause: Cause.Cause<E>) => (Cause.isEmpty(cause) ? Effect.void : Effect.failCause(cause))

/** What is the same for two spellings of an id. */
const keyOf = (id: ApiKeyId) => id.toLowerCase()

/**
 * Where {@link run} takes its ids from.
 *
 * @since 0.1.0
 * @category models
 */
export type Ids<E = never, R = never> = Stream.Stream<ApiKeyId, E, R> | Iterable<ApiKeyId>

const isStream = (u: unknown): u is Stream.Stream<unknown> => Predicate.hasProperty(u, Stream.StreamTypeId)

const noJournal: Journal = { begin: () => Effect.void, record: () => Effect.void }

const runAll = <E, R, R2, E2>(
  ids: Ids<E, R>,
  options: Options<R2, E2> = {}
): Stream.Stream<Receipt, E | E2, ApiKeys | R | R2> => {
  const { concurrency = 25, duplicates = "send", inDoubt = [], stop = Effect.never } = options
  const journal: Journal<E2, R2> = options.journal ?? noJournal
  if (!(Number.isInteger(concurrency) && concurrency >= 1)) {
    refuse("Revocation: concurrency", "a whole number of at least 1", concurrency)
  }
  return Stream.unwrapScoped(
    Effect.gen(function* () {
      const apiKeys = yield* ApiKeys
      const doom = yield* Ref.make(Option.none<Doom>())
      const stopped = yield* Deferred.make<void>()
      // A fiber inherits whether it can be interrupted. These two must end with the stream, even in a finalizer.
      yield* Effect.interruptible(stop).pipe(
        Effect.exit,
        Effect.ensuring(Deferred.succeed(stopped, undefined)),
        Effect.forkScoped
      )
      const untilStopped = Effect.interruptible(Deferred.await(stopped))

      // How it failed is kept until the last call is over, because a failure would cut off what is under way.
      const failure = yield* Ref.make<Cause.Cause<E | E2>>(Cause.empty)
      const failWith = (cause: Cause.Cause<E | E2>) =>
        Ref.update(failure, (first) => (Cause.isEmpty(first) ? cause : first))

      /** A run that cannot be written down must not go on. */
      const written = (entry: Effect.Effect<void, E2, R2>): Effect.Effect<boolean, never, R2> =>
        Effect.matchCauseEffect(entry, {
          onFailure: (cause) =>
            Effect.as(Effect.zipRight(failWith(cause), Deferred.succeed(stopped, undefined)), false),
          onSuccess: () => Effect.succeed(true)
        })
      const record = (receipt: Receipt) =>
        Effect.as(Effect.uninterruptible(written(Effect.suspend(() => journal.record(receipt)))), receipt)

      const taken = new Set<string>()
      /** Whether an id comes for the first time, where that matters. */
      const isNew = (id: ApiKeyId) => {
        if (duplicates === "send") return true
        const before = taken.size
        return taken.add(keyOf(id)).size > before
      }

      const skip = (id: ApiKeyId, reason: Skipped["reason"]) =>
        Effect.map(DateTime.now, (at) => new Skipped({ id, at, reason }))

      const doubted = new Set(Array.from(inDoubt, keyOf))
      const hasDeleted = yield* Ref.make(false)
      const factsOf = (id: ApiKeyId) => Effect.map(DateTime.now, (at) => ({ id, at, inDoubt: doubted.has(keyOf(id)) }))
      const send = (id: ApiKeyId): Effect.Effect<Receipt> =>
        Effect.gen(function* () {
          const result = yield* Effect.either(apiKeys.delete(id))
          const facts = yield* factsOf(id)
          if (Either.isLeft(result)) yield* Ref.update(doom, (first) => Option.orElse(first, () => doomOf(result.left)))
          const receipt = Either.match(result, {
            onLeft: Receipts.ofError(facts, yield* Ref.get(hasDeleted)),
            onRight: ({ name }) => Receipts.ofSuccess(facts, name)
          })
          if (receipt._tag === "Deleted") yield* Ref.set(hasDeleted, true)
          return receipt
        }).pipe(
          // An `ApiKeys` of the app's own may die. What it did is unknown, and the other ids go on.
          Effect.catchAllDefect((defect) => Effect.map(factsOf(id), (facts) => Receipts.ofDefect(facts, defect)))
        )

      const settle = (id: ApiKeyId) =>
        Effect.gen(function* () {
          if (yield* Deferred.isDone(stopped)) return Option.none<Receipt>()
          const doomed = yield* Ref.get(doom)
          if (Option.isSome(doomed)) return Option.some(yield* Effect.flatMap(skip(id, doomed.value), record))
          if (!isNew(id)) return Option.some(yield* Effect.flatMap(skip(id, "Duplicate"), record))
          const hasBegun = yield* written(Effect.suspend(() => journal.begin(id)))
          // Another entry may have failed in the meantime, or the run may have been stopped.
          if (!hasBegun || (yield* Deferred.isDone(stopped))) return Option.none<Receipt>()
          // What has happened is written down, even if nobody waits for it any more.
          return Option.some(yield* Effect.uninterruptibleMask((restore) => Effect.flatMap(restore(send(id)), record)))
        })

      return (Predicate.isIterable(ids) ? Stream.fromIterable(ids) : ids).pipe(
        Stream.interruptWhen(untilStopped),
        Stream.catchAllCause((cause) => Stream.execute(failWith(cause))),
        // What was taken from `ids` ahead of its turn is not sent either, once the run has stopped.
        Stream.mapEffect(settle, { concurrency, unordered: true }),
        Stream.filterMap(identity),
        Stream.concat(Stream.execute(Effect.flatMap(Ref.get(failure), failUnlessEmpty)))
      )
    })
  )
}

/**
 * Deletes API keys, and gives a receipt for each id that is taken, as soon as there is one: not in the order of the ids.
 * What happens to one key never fails the stream. If `ids` or the journal fails, the stream fails with it, after what is
 * under way has its receipts.
 *
 * An error that dooms every call (401, 402 or 403) stops the sending: calls already under way still end, and every id
 * after them is `Skipped`, for the reason of the first such error. `stop` lets what is under way finish. An interruption
 * does not, and nor does a consumer that ends early (`Stream.take(1)`): what was under way then has no receipt, but a
 * journal has its `Begun`.
 *
 * Throws a `RangeError` if `concurrency` is out of bounds.
 *
 * @example
 * ```ts
 * import { ApiKeys, Revocation } from "effect-instantly"
 * import { Console, Effect, Schema, Stream } from "effect"
 *
 * const toLine = Schema.encode(Schema.parseJson(Revocation.Receipt))
 *
 * // every key whose name says so, one line for each
 * const offboard = ApiKeys.list().pipe(
 *   Stream.filter((key) => key.name.startsWith("acme")),
 *   Stream.map((key) => key.id),
 *   Revocation.run({ concurrency: 10 }),
 *   Stream.mapEffect(toLine),
 *   Stream.runForEach((line) => Console.log(line))
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const run: {
  <R2 = never, E2 = never>(
    options?: Options<R2, E2>
  ): <E = never, R = never>(ids: Ids<E, R>) => Stream.Stream<Receipt, E | E2, ApiKeys | R | R2>
  <E = never, R = never, R2 = never, E2 = never>(
    ids: Ids<E, R>,
    options?: Options<R2, E2>
  ): Stream.Stream<Receipt, E | E2, ApiKeys | R | R2>
} = dual((args) => isStream(args[0]) || Predicate.isIterable(args[0]), runAll)

/** What a journal tells of one id. */
interface Told {
  /** A run began to delete it, and has not recorded how that ended. */
  readonly isOpen: boolean
  readonly isInDoubt: boolean
}

const untold: Told = { isOpen: false, isInDoubt: false }

const read = (before: Told, { _tag }: Exclude<Entry, { readonly _tag: "Deleted" | "NotFound" }>): Told => {
  switch (_tag) {
    case "Begun":
      // An earlier beginning that is still open has been left by a run that was killed.
      return { isOpen: true, isInDoubt: before.isInDoubt || before.isOpen }
    case "Failed":
      return { ...before, isOpen: false }
    case "Unknown":
      return { isOpen: false, isInDoubt: true }
    case "Skipped":
      return before
  }
}

/**
 * What a resumed run still has to do, from the entries of a journal in their order. `ids` are those that no receipt
 * settles, in their order and each once. `inDoubt` are those among them that an earlier run may have deleted: it began, and
 * did not record how that ended, or recorded `Unknown`.
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
  for (const id of ids) if (!left.has(keyOf(id))) left.set(keyOf(id), id)
  const told = new Map<string, Told>()
  for (const entry of entries) {
    const key = keyOf(entry.id)
    if (entry._tag === "Deleted" || entry._tag === "NotFound") left.delete(key)
    else told.set(key, read(told.get(key) ?? untold, entry))
  }
  const isInDoubt = (id: ApiKeyId) => {
    const { isInDoubt, isOpen } = told.get(keyOf(id)) ?? untold
    return isInDoubt || isOpen
  }
  const pending = [...left.values()]
  return { ids: pending, inDoubt: pending.filter(isInDoubt) }
}
