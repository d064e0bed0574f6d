/**
 * Many deletions: a stream of ids becomes a stream of receipts, one for each id, as they happen. `ApiKeys` deletes one key,
 * and the gate that all calls share sets the pace.
 *
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
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ApiKeyId } from "./ApiKey.js"
import { ApiKeys, type DeleteApiKeyError } from "./ApiKeys.js"
import * as NameOf from "./internal/nameOf.js"
import { refuse } from "./internal/parameters.js"
import { Outcome } from "./Outcome.js"

const common = {
  /** The id, as it was given. */
  id: ApiKeyId,
  /** When the receipt was made. */
  at: Schema.DateTimeUtc
}

const told = {
  ...common,
  /** How many requests were sent for it. */
  attempts: Schema.NonNegativeInt,
  /** The tag of the error, such as `NotFound`. */
  error: Schema.String,
  /** What the error says. It holds no secret. */
  message: Schema.String,
  /** The id under which Instantly knows the last request. */
  requestId: Schema.OptionFromNullOr(Schema.String)
}

/**
 * The key is gone: Instantly responded with success.
 *
 * @since 0.1.0
 * @category receipts
 */
export class Deleted extends Schema.TaggedClass<Deleted>("effect-instantly/Revocation/Deleted")("Deleted", {
  ...common,
  /** The key's name; none if the response could not be read. */
  name: Schema.OptionFromNullOr(Schema.String)
}) {}

/**
 * The workspace has no such key. If an earlier response was lost, `outcome` is `Unknown`: this run most likely deleted it.
 *
 * @since 0.1.0
 * @category receipts
 */
export class NotFound extends Schema.TaggedClass<NotFound>("effect-instantly/Revocation/NotFound")("NotFound", {
  ...told,
  outcome: Outcome
}) {}

/**
 * The key is as it was: nothing was carried out, and nothing will be.
 *
 * @since 0.1.0
 * @category receipts
 */
export class Failed extends Schema.TaggedClass<Failed>("effect-instantly/Revocation/Failed")("Failed", told) {}

/**
 * The key may be gone, or may still be deleted: check, or send it again.
 *
 * @since 0.1.0
 * @category receipts
 */
export class Unknown extends Schema.TaggedClass<Unknown>("effect-instantly/Revocation/Unknown")("Unknown", told) {}

/**
 * The id was not sent: an earlier error dooms every call (`Unauthorized`, `PaymentRequired`, `Forbidden`), or the id was
 * taken before (`Duplicate`).
 *
 * @since 0.1.0
 * @category receipts
 */
export class Skipped extends Schema.TaggedClass<Skipped>("effect-instantly/Revocation/Skipped")("Skipped", {
  ...common,
  reason: Schema.Literal("Unauthorized", "PaymentRequired", "Forbidden", "Duplicate")
}) {}

/**
 * What became of one id. Encoded it is plain JSON without secrets, one line of a file to keep and to resume from.
 *
 * @example
 * ```ts
 * import { Revocation } from "effect-instantly"
 * import { Schema } from "effect"
 *
 * const Line = Schema.parseJson(Revocation.Receipt)
 * const toLine = Schema.encode(Line)
 * const fromLine = Schema.decode(Line)
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export const Receipt = Schema.Union(Deleted, NotFound, Failed, Unknown, Skipped)

/**
 * What became of one id.
 *
 * @since 0.1.0
 * @category models
 */
export type Receipt = typeof Receipt.Type

/**
 * How a run is carried out.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<R = never> {
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
   * What happens to an id that was taken before. `"send"` treats it as any other. `"skip"` gives `Skipped`; for that it keeps
   * all ids in memory, about 80 bytes each and at most 16 million. Default: `"send"`.
   */
  readonly duplicates?: "send" | "skip" | undefined
}

type Doom = Exclude<Skipped["reason"], "Duplicate">

const doomOf = (error: DeleteApiKeyError): Option.Option<Doom> =>
  error._tag === "Unauthorized" || error._tag === "PaymentRequired" || error._tag === "Forbidden"
    ? Option.some(error._tag)
    : Option.none()

const ownKeyGone = "This run has deleted keys: one of them may be the very key that it authenticates with."

const receiptOf = (id: ApiKeyId, error: DeleteApiKeyError, at: DateTime.Utc, hasDeleted: boolean): Receipt => {
  const { _tag, attempts, outcome, requestId } = error
  const message = _tag === "Unauthorized" && hasDeleted ? `${ownKeyGone}\n${error.message}` : error.message
  const facts = { id, at, attempts, error: _tag, message, requestId }
  if (outcome === "Applied") return new Deleted({ id, at, name: Option.none() })
  if (_tag === "NotFound") return new NotFound({ ...facts, outcome })
  return outcome === "Unknown" ? new Unknown(facts) : new Failed(facts)
}

const ofDefect = (id: ApiKeyId, defect: unknown, at: DateTime.Utc): Receipt => {
  const error = NameOf.ofDefect(defect)
  const message = `The call failed with ${error}, which says nothing of the request. Check whether it was carried out.`
  return new Unknown({ id, at, attempts: 0, error, message, requestId: Option.none() })
}

const failUnlessEmpty = <E>(cause: Cause.Cause<E>) => (Cause.isEmpty(cause) ? Effect.void : Effect.failCause(cause))

/** What is the same for two spellings of an id. */
const keyOf = (id: ApiKeyId) => id.toLowerCase()

/** What {@link run} takes its ids from. */
type Ids<E, R> = Stream.Stream<ApiKeyId, E, R> | Iterable<ApiKeyId>

const isStream = (u: unknown): u is Stream.Stream<unknown> => Predicate.hasProperty(u, Stream.StreamTypeId)

const runAll = <E, R, R2>(ids: Ids<E, R>, options: Options<R2> = {}): Stream.Stream<Receipt, E, ApiKeys | R | R2> => {
  const { concurrency = 25, duplicates = "send", stop = Effect.never } = options
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

      const taken = new Set<string>()
      /** Whether an id comes for the first time, where that matters. */
      const isNew = (id: ApiKeyId) => {
        if (duplicates === "send") return true
        const before = taken.size
        return taken.add(keyOf(id)).size > before
      }

      const skip = (id: ApiKeyId, reason: Skipped["reason"]) =>
        Effect.map(DateTime.now, (at) => new Skipped({ id, at, reason }))

      const hasDeleted = yield* Ref.make(false)
      const send = (id: ApiKeyId): Effect.Effect<Receipt> =>
        Effect.gen(function* () {
          const result = yield* Effect.either(apiKeys.delete(id))
          const at = yield* DateTime.now
          if (Either.isRight(result)) {
            yield* Ref.set(hasDeleted, true)
            return new Deleted({ id, at, name: Option.some(result.right.name) })
          }
          yield* Ref.update(
            doom,
            Option.orElse(() => doomOf(result.left))
          )
          return receiptOf(id, result.left, at, yield* Ref.get(hasDeleted))
        }).pipe(
          // An `ApiKeys` of the app's own may die. What it did is unknown, and the other ids go on.
          Effect.catchAllDefect((defect) => Effect.map(DateTime.now, (at) => ofDefect(id, defect, at)))
        )

      const settle = (id: ApiKeyId) =>
        Effect.gen(function* () {
          if (yield* Deferred.isDone(stopped)) return Option.none<Receipt>()
          const doomed = yield* Ref.get(doom)
          if (Option.isSome(doomed)) return Option.some<Receipt>(yield* skip(id, doomed.value))
          return Option.some(isNew(id) ? yield* send(id) : yield* skip(id, "Duplicate"))
        })

      // How `ids` failed is kept until the last call is over, because a failure would cut off what is under way.
      const failure = yield* Ref.make<Cause.Cause<E>>(Cause.empty)
      return (Predicate.isIterable(ids) ? Stream.fromIterable(ids) : ids).pipe(
        Stream.interruptWhen(untilStopped),
        Stream.catchAllCause((cause) => Stream.execute(Ref.set(failure, cause))),
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
 * What happens to one key never fails the stream. If `ids` fails, the stream fails with it, after what is under way has
 * its receipts.
 *
 * An error that dooms every call (401, 402 or 403) stops the sending: calls already under way still end, and every id
 * after them is `Skipped`. An interruption leaves no receipt for what is under way; `stop` does.
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
  <R2 = never>(
    options?: Options<R2>
  ): <E = never, R = never>(ids: Ids<E, R>) => Stream.Stream<Receipt, E, ApiKeys | R | R2>
  <E = never, R = never, R2 = never>(ids: Ids<E, R>, options?: Options<R2>): Stream.Stream<Receipt, E, ApiKeys | R | R2>
} = dual((args) => isStream(args[0]) || Predicate.isIterable(args[0]), runAll)

/**
 * Whether a receipt says that nothing is left to do for its id: the key is gone, or this workspace has no such key.
 *
 * @example
 * ```ts
 * import { Revocation } from "effect-instantly"
 * import { Stream } from "effect"
 *
 * declare const receipts: Stream.Stream<Revocation.Receipt>
 * const toLookAt = Stream.filter(receipts, (receipt) => !Revocation.isSettled(receipt))
 * ```
 *
 * @since 0.1.0
 * @category guards
 */
export const isSettled = (receipt: Receipt): boolean => receipt._tag === "Deleted" || receipt._tag === "NotFound"

/**
 * What a resumed run still has to do: the ids that no receipt settles, in their order and each once.
 *
 * @example
 * ```ts
 * import { Revocation, type ApiKey } from "effect-instantly"
 *
 * declare const ids: ReadonlyArray<ApiKey.ApiKeyId>
 * declare const receipts: ReadonlyArray<Revocation.Receipt>
 * const resumed = Revocation.run(Revocation.pending(ids, receipts))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const pending = (ids: Iterable<ApiKeyId>, receipts: Iterable<Receipt>): ReadonlyArray<ApiKeyId> => {
  const left = new Map<string, ApiKeyId>()
  for (const id of ids) if (!left.has(keyOf(id))) left.set(keyOf(id), id)
  for (const receipt of receipts) if (isSettled(receipt)) left.delete(keyOf(receipt.id))
  return [...left.values()]
}
