/**
 * Many deletions: ids go in, and a stream of receipts comes out, one for each id, as they happen. `ApiKeys` deletes each key,
 * and the gate that all calls share sets the pace.
 *
 * @module
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { dual, identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ApiKeyId, spelling } from "./ApiKey.js"
import { ApiKeys } from "./ApiKeys.js"
import { refuse } from "./internal/parameters.js"
import * as Progress from "./Revocation/progress.js"
import * as Receipts from "./Revocation/receipt.js"
import { type Receipt, Skipped } from "./Revocation/receipt.js"

export { pending } from "./Revocation/pending.js"
export { Begun, Deleted, Entry, Failed, isSettled, NotFound, Receipt, Skipped, Unknown } from "./Revocation/receipt.js"

/**
 * Where a run records each call, before and after it: a file, a database. If a run is killed, {@link pending} works out
 * from the journal what the next one has to do.
 *
 * If `begin` or `record` fails, no further request is sent. Calls under way still get their receipts, and then the
 * stream fails with that error.
 *
 * @since 0.1.0
 * @category models
 */
export interface Journal<E = never, R = never> {
  /** Runs before the first request for an id leaves, and the request waits for it. `stop` interrupts it. */
  readonly begin: (id: ApiKeyId) => Effect.Effect<void, E, R>
  /** Runs with each receipt, before the stream emits it. It is never interrupted. */
  readonly record: (receipt: Receipt) => Effect.Effect<void, E, R>
}

/**
 * The options of {@link run}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<E = never, R = never> {
  /**
   * How many calls may be under way at once, including those that wait: a whole number of at least 1, or `"unbounded"`.
   * Memory grows with it. Default: 25, enough to use up `RateLimit.instantly` as long as a response takes up to a quarter of
   * a second.
   */
  readonly concurrency?: number | "unbounded" | undefined
  /**
   * When this effect ends, however it ends, no more ids are taken. Calls that have begun finish and get their receipts: at
   * most `concurrency`, those that still wait for a permit included. Default: never.
   */
  readonly stop?: Effect.Effect<unknown, unknown, R> | undefined
  /** The journal of the run. Default: none. */
  readonly journal?: Journal<E, R> | undefined
  /**
   * The ids that an earlier run may have deleted, from {@link pending}. Their outcome is `Unknown` from the start, so a 404
   * becomes `NotFound` with the outcome `Unknown`. Default: none.
   */
  readonly inDoubt?: Iterable<ApiKeyId> | undefined
}

/**
 * The ids for {@link run}.
 *
 * @since 0.1.0
 * @category models
 */
export type Ids<E = never, R = never> = Stream.Stream<ApiKeyId, E, R> | Iterable<ApiKeyId>

const isStream = (u: unknown): u is Stream.Stream<unknown> => Predicate.hasProperty(u, Stream.StreamTypeId)

const isId = Schema.is(ApiKeyId)

const noJournal: Journal = { begin: () => Effect.void, record: () => Effect.void }

const runAll = <E, R, E2, R2>(
  ids: Ids<E, R>,
  options: Options<E2, R2> = {}
): Stream.Stream<Receipt, E | E2, ApiKeys | R | R2> => {
  const { concurrency = 25, inDoubt = [], stop = Effect.never } = options
  const journal: Journal<E2, R2> = options.journal ?? noJournal
  if (concurrency !== "unbounded" && !(Number.isInteger(concurrency) && concurrency >= 1)) {
    refuse("Revocation: concurrency", 'a whole number of at least 1, or "unbounded"', concurrency)
  }
  return Stream.unwrapScoped(
    Effect.gen(function* () {
      const apiKeys = yield* ApiKeys
      const progress = yield* Ref.make(Progress.start)
      const stopped = yield* Deferred.make<void>()
      // A failure is kept until the last call has ended, because a stream that fails cuts off what is under way.
      const failed = yield* Deferred.make<never, E | E2>()
      const failure = Effect.flatMap(Deferred.poll(failed), (first) => Option.getOrElse(first, () => Effect.void))

      // A fiber inherits whether it can be interrupted. These two must end with the stream, even in a finalizer.
      yield* Effect.interruptible(stop).pipe(
        Effect.exit,
        Effect.ensuring(Deferred.succeed(stopped, undefined)),
        Effect.forkScoped
      )
      const untilStopped = Effect.interruptible(Deferred.await(stopped))

      /** Whether the journal has taken an entry. A run that cannot be written down must not go on. */
      const written = (entry: Effect.Effect<void, E2, R2>): Effect.Effect<boolean, never, R2> =>
        Effect.matchCauseEffect(entry, {
          onFailure: (cause) =>
            Effect.as(Effect.zipRight(Deferred.failCause(failed, cause), Deferred.succeed(stopped, undefined)), false),
          onSuccess: () => Effect.succeed(true)
        })
      const begin = (id: ApiKeyId) =>
        written(
          Effect.raceFirst(
            Effect.suspend(() => journal.begin(id)),
            untilStopped
          )
        )
      const record = (receipt: Receipt) =>
        Effect.as(Effect.uninterruptible(written(Effect.suspend(() => journal.record(receipt)))), Option.some(receipt))

      const doubted = new Set(Array.from(inDoubt, spelling))
      const factsOf = (id: ApiKeyId) =>
        Effect.map(DateTime.now, (at) => ({ id, at, inDoubt: doubted.has(spelling(id)) }))
      const send = (id: ApiKeyId): Effect.Effect<Receipt> =>
        Effect.gen(function* () {
          const result = yield* Effect.either(apiKeys.delete(id))
          const { hasDeleted } = yield* Ref.getAndUpdate(progress, Progress.after(result))
          return Receipts.ofResult(yield* factsOf(id), result, hasDeleted)
        }).pipe(
          // A custom `ApiKeys` may die, or interrupt itself. What it did is unknown, and the other ids go on.
          Effect.catchAllCause((cause) => Effect.map(factsOf(id), (facts) => Receipts.ofCause(facts, cause)))
        )

      const revoke = (id: ApiKeyId) =>
        Effect.gen(function* () {
          if (yield* Deferred.isDone(stopped)) return Option.none<Receipt>()
          // The type rules it out, but untyped code can still pass it. It may be a secret, so `begin` does not get it
          // either.
          if (!isId(id)) return yield* Effect.flatMap(DateTime.now, (at) => record(Receipts.ofMalformed(at)))
          const { skips } = yield* Ref.get(progress)
          if (Option.isSome(skips)) {
            return yield* record(new Skipped({ id, at: yield* DateTime.now, reason: skips.value }))
          }
          const hasBegun = yield* begin(id)
          // The run may have been stopped in the meantime, or another entry may have failed.
          if (!hasBegun || (yield* Deferred.isDone(stopped))) return Option.none<Receipt>()
          // A result is recorded even if nobody waits for it any more.
          return yield* Effect.uninterruptibleMask((restore) => Effect.flatMap(restore(send(id)), record))
        })

      return (Predicate.isIterable(ids) ? Stream.fromIterable(ids) : ids).pipe(
        Stream.interruptWhen(untilStopped),
        Stream.catchAllCause((cause) => Stream.execute(Deferred.failCause(failed, cause))),
        // Once the run has stopped, ids that were taken ahead of their turn are not sent either.
        Stream.mapEffect(revoke, { concurrency, unordered: true }),
        Stream.filterMap(identity),
        Stream.concat(Stream.execute(failure))
      )
    })
  )
}

/**
 * Deletes API keys, and emits a receipt for each id, in the order in which the calls end. What happens to one key never
 * fails the stream. If `ids` or the journal fails, calls under way still get their receipts, and then the stream fails
 * with that error.
 *
 * Two things stop the sending. Calls under way then finish, and every id that was not sent is `Skipped`, with the first
 * of these as its `reason`.
 * - After an `Unauthorized`, `PaymentRequired` or `InsufficientScope` no further call can succeed.
 * - Five responses in a row that are not Instantly's own (`Blocked`) come from a portal or a proxy on the way, which
 *   would answer the other ids, too. Calls count in the order in which they end. A 429, a 5xx and a lost connection do
 *   not show who responded: they are left out of the count.
 *
 * `stop` lets calls under way finish. Interrupting the stream, or ending it early (`Stream.take(1)`), does not: those calls
 * have no receipt, but a journal has their `Begun`.
 *
 * An id that comes twice is sent twice: the run keeps no ids, so its memory does not grow with them. To send each once,
 * give it `pending(ids, []).ids`. An id that is not a UUID, which only untyped code can give, is not sent: its receipt
 * is `Failed`, with the nil UUID in its place, because it may be a secret.
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
 * @function
 */
export const run: {
  <E2 = never, R2 = never>(
    options?: Options<E2, R2>
  ): <E = never, R = never>(ids: Ids<E, R>) => Stream.Stream<Receipt, E | E2, ApiKeys | R | R2>
  <E = never, R = never, E2 = never, R2 = never>(
    ids: Ids<E, R>,
    options?: Options<E2, R2>
  ): Stream.Stream<Receipt, E | E2, ApiKeys | R | R2>
} = dual((args) => isStream(args[0]) || Predicate.isIterable(args[0]), runAll)
