/**
 * Many deletions: a stream of ids becomes a stream of receipts, one for each id, as they happen. How one key is deleted is
 * left to `ApiKeys`, and how fast to the gate that all calls share.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ApiKeyId } from "./ApiKey.js"
import { ApiKeys, type DeleteApiKeyError } from "./ApiKeys.js"
import * as CallObserver from "./internal/callObserver.js"
import { refuse } from "./internal/parameters.js"
import { Outcome } from "./Outcome.js"

const common = {
  /** The id, as it was given. */
  id: ApiKeyId,
  /** When the receipt was made. */
  at: Schema.DateTimeUtc,
  /** How many requests were sent for it. */
  attempts: Schema.NonNegativeInt
}

const told = {
  ...common,
  /** The tag of the error, such as `NotFound`. */
  error: Schema.String,
  /** What the error says: it holds no secret. */
  message: Schema.String,
  /** Under which id Instantly knows the last request. */
  requestId: Schema.OptionFromNullOr(Schema.String)
}

/**
 * The key is gone: Instantly answered with success.
 *
 * @example
 * ```ts
 * import { Revocation } from "effect-instantly"
 *
 * const describe = (receipt: Revocation.Deleted) => `${receipt.id} is gone, in ${receipt.attempts} attempts`
 * ```
 *
 * @since 0.1.0
 * @category receipts
 */
export class Deleted extends Schema.TaggedClass<Deleted>("effect-instantly/Revocation/Deleted")("Deleted", {
  ...common,
  /** What the key was called; nothing where the answer could not be read. */
  name: Schema.OptionFromNullOr(Schema.String)
}) {}

/**
 * The workspace has no such key. Where an answer was lost before, `outcome` is `Unknown`: this run most likely deleted it.
 *
 * @example
 * ```ts
 * import { Revocation } from "effect-instantly"
 *
 * const wasHere = (receipt: Revocation.NotFound) => receipt.outcome === "Unknown"
 * ```
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
 * @example
 * ```ts
 * import { Revocation } from "effect-instantly"
 *
 * const isThrottled = (receipt: Revocation.Failed) => receipt.error === "TooManyRequests"
 * ```
 *
 * @since 0.1.0
 * @category receipts
 */
export class Failed extends Schema.TaggedClass<Failed>("effect-instantly/Revocation/Failed")("Failed", told) {}

/**
 * The key may be gone, or still go: look, or send it again.
 *
 * @example
 * ```ts
 * import { Revocation } from "effect-instantly"
 *
 * const describe = (receipt: Revocation.Unknown) => `${receipt.id}: ${receipt.message}`
 * ```
 *
 * @since 0.1.0
 * @category receipts
 */
export class Unknown extends Schema.TaggedClass<Unknown>("effect-instantly/Revocation/Unknown")("Unknown", told) {}

/**
 * The id was not sent: because an earlier error dooms every call (`Unauthorized`, `PaymentRequired`, `Forbidden`), or
 * because it had been taken before (`Duplicate`).
 *
 * @example
 * ```ts
 * import { Revocation } from "effect-instantly"
 *
 * const isDoomed = (receipt: Revocation.Skipped) => receipt.reason !== "Duplicate"
 * ```
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
 * How many deletions are run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<R = never> {
  /**
   * How many calls may be under way at once, waiting ones included: a whole number of at least 1. Default: 25, with which
   * `RateLimit.instantly` is used up while an answer takes up to a quarter of a second.
   */
  readonly concurrency?: number | undefined
  /**
   * When it ends, however it ends, no more ids are taken; what is under way finishes, and has its receipt. Default: never.
   */
  readonly stop?: Effect.Effect<unknown, unknown, R> | undefined
  /**
   * What happens to an id that was taken before: `"send"` treats it as any other, `"skip"` gives `Skipped`, and keeps all
   * ids in memory for it, about 80 bytes each, and no more than 16 million. Default: `"send"`.
   */
  readonly duplicates?: "send" | "skip" | undefined
}

type Doom = Exclude<Skipped["reason"], "Duplicate">

const doomOf = (error: DeleteApiKeyError): Option.Option<Doom> =>
  error._tag === "Unauthorized" || error._tag === "PaymentRequired" || error._tag === "Forbidden"
    ? Option.some(error._tag)
    : Option.none()

const receiptOf = (id: ApiKeyId, error: DeleteApiKeyError, at: DateTime.Utc): Receipt => {
  const { _tag, attempts, message, outcome, requestId } = error
  const facts = { id, at, attempts, error: _tag, message, requestId }
  if (outcome === "Applied") return new Deleted({ id, at, attempts, name: Option.none() })
  if (_tag === "NotFound") return new NotFound({ ...facts, outcome })
  return outcome === "Unknown" ? new Unknown(facts) : new Failed(facts)
}

const failUnlessEmpty = <E>(cause: Cause.Cause<E>) => (Cause.isEmpty(cause) ? Effect.void : Effect.failCause(cause))

/** What is the same for two spellings of an id. */
const keyOf = (id: ApiKeyId) => id.toLowerCase()

/**
 * Deletes API keys, and gives a receipt for each id that is taken, as soon as there is one: not in the order of the ids.
 * What happens to one key never fails the stream; it fails as `ids` does, once what is under way has its receipts.
 *
 * An error that dooms every call, 401, 402 or 403, stops the sending: calls already under way still end, and every id
 * after them is `Skipped`. Interrupted, it leaves no receipt for what is under way; with `stop` it does.
 *
 * Throws a `RangeError` where `concurrency` is out of its bounds.
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
 *   (ids) => Revocation.run(ids, { concurrency: 10 }),
 *   Stream.mapEffect(toLine),
 *   Stream.runForEach((line) => Console.log(line))
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const run = <E = never, R = never, R2 = never>(
  ids: Stream.Stream<ApiKeyId, E, R> | Iterable<ApiKeyId>,
  options: Options<R2> = {}
): Stream.Stream<Receipt, E, ApiKeys | R | R2> => {
  const { concurrency = 25, duplicates = "send", stop = Effect.never } = options
  if (!(Number.isInteger(concurrency) && concurrency >= 1)) {
    refuse("Revocation: concurrency", "a whole number of at least 1", concurrency)
  }
  return Stream.unwrapScoped(
    Effect.gen(function* () {
      const apiKeys = yield* ApiKeys
      const doom = yield* Ref.make(Option.none<Doom>())
      const stopped = yield* Deferred.make<void>()
      // A fiber inherits whether it can be interrupted: these two must end with the stream, also in a finalizer.
      yield* Effect.interruptible(stop).pipe(
        Effect.exit,
        Effect.ensuring(Deferred.succeed(stopped, undefined)),
        Effect.forkScoped
      )
      const untilStopped = Effect.interruptible(Deferred.await(stopped))

      const taken = new Set<string>()
      /** Whether an id comes for the first time, as far as anybody wants to know. */
      const isNew = (id: ApiKeyId) => {
        if (duplicates === "send") return true
        const before = taken.size
        return taken.add(keyOf(id)).size > before
      }

      const skip = (id: ApiKeyId, reason: Skipped["reason"]) =>
        Effect.map(DateTime.now, (at) => new Skipped({ id, at, attempts: 0, reason }))

      const send = (id: ApiKeyId): Effect.Effect<Receipt> =>
        Effect.gen(function* () {
          // A success does not say how many attempts it took.
          const [result, attempts] = yield* CallObserver.attemptsOf(Effect.either(apiKeys.delete(id)))
          const at = yield* DateTime.now
          if (Either.isRight(result)) return new Deleted({ id, at, attempts, name: Option.some(result.right.name) })
          yield* Ref.update(
            doom,
            Option.orElse(() => doomOf(result.left))
          )
          return receiptOf(id, result.left, at)
        })

      const settle = (id: ApiKeyId) =>
        Effect.gen(function* () {
          if (yield* Deferred.isDone(stopped)) return Option.none<Receipt>()
          const doomed = yield* Ref.get(doom)
          if (Option.isSome(doomed)) return Option.some<Receipt>(yield* skip(id, doomed.value))
          return Option.some(isNew(id) ? yield* send(id) : yield* skip(id, "Duplicate"))
        })

      // How `ids` failed, kept until the last call is over: a failure would cut off what is under way.
      const failure = yield* Ref.make<Cause.Cause<E>>(Cause.empty)
      return (Predicate.isIterable(ids) ? Stream.fromIterable(ids) : ids).pipe(
        Stream.interruptWhen(untilStopped),
        Stream.catchAllCause((cause) => Stream.execute(Ref.set(failure, cause))),
        // What was taken from `ids` ahead of its turn is not sent either, once it has stopped.
        Stream.mapEffect(settle, { concurrency, unordered: true }),
        Stream.filterMap(identity),
        Stream.concat(Stream.execute(Effect.flatMap(Ref.get(failure), failUnlessEmpty)))
      )
    })
  )
}

/**
 * Whether a receipt says that nothing is left to do for its id: the key is gone, or this workspace never had it.
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
 * What a run that is resumed still has to do: the ids, in their order and each once, that no receipt settles.
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
