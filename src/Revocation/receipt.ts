/** What became of one id: the receipts of a run, and the entry that a journal has before one. */
import type * as Cause from "effect/Cause"
import type * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type ApiKey, ApiKeyId } from "../ApiKey.js"
import type { DeleteApiKeyError } from "../ApiKeys.js"
import { HeldBack } from "../InstantlyError.js"
import * as NameOf from "../internal/nameOf.js"

const stamped = {
  /** The id as it was given; the nil UUID in place of one that is not a UUID. */
  id: ApiKeyId,
  /** When the receipt was made. */
  at: Schema.DateTimeUtc
}

const afterError = {
  ...stamped,
  /** How many requests were sent for it. */
  attempts: Schema.NonNegativeInt,
  /** The tag of the error, such as `NotFound`, or the class of a defect. */
  error: Schema.String,
  /** The message of the error, without secrets. */
  message: Schema.String,
  /** The id that Instantly gave the last request, for its support. */
  requestId: Schema.OptionFromNullOr(Schema.String)
}

/**
 * The key is gone: Instantly's own response confirms it.
 *
 * @since 0.1.0
 * @category receipts
 */
export class Deleted extends Schema.TaggedClass<Deleted>("effect-instantly/Revocation/Deleted")("Deleted", {
  ...stamped,
  /** The key's name; none if the rest of the response could not be read. */
  name: Schema.OptionFromNullOr(Schema.String)
}) {}

/**
 * The workspace has no such key. If an earlier response was lost, or an earlier run may have deleted the key, `outcome` is
 * `Unknown`: most likely the key was deleted then.
 *
 * @since 0.1.0
 * @category receipts
 */
export class NotFound extends Schema.TaggedClass<NotFound>("effect-instantly/Revocation/NotFound")("NotFound", {
  ...afterError,
  /** Whether an earlier request may have deleted it. */
  outcome: Schema.Literal("NotApplied", "Unknown")
}) {}

/**
 * The key is as it was: nothing was carried out, and nothing will be.
 *
 * @since 0.1.0
 * @category receipts
 */
export class Failed extends Schema.TaggedClass<Failed>("effect-instantly/Revocation/Failed")("Failed", afterError) {}

/**
 * The key may be gone, or a request on its way may still delete it: check, or send it again.
 *
 * @since 0.1.0
 * @category receipts
 */
export class Unknown extends Schema.TaggedClass<Unknown>("effect-instantly/Revocation/Unknown")(
  "Unknown",
  afterError
) {}

/**
 * The id was not sent: after an `Unauthorized`, `PaymentRequired` or `InsufficientScope` no further call can succeed, or five
 * responses in a row were not Instantly's own (`Blocked`).
 *
 * @since 0.1.0
 * @category receipts
 */
export class Skipped extends Schema.TaggedClass<Skipped>("effect-instantly/Revocation/Skipped")("Skipped", {
  ...stamped,
  reason: Schema.Literal("Unauthorized", "PaymentRequired", "InsufficientScope", "Blocked")
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
 * A run is about to send the first request for an id. A journal that has this entry and no receipt after it leaves the id
 * in doubt: the request may have been carried out.
 *
 * @since 0.1.0
 * @category models
 */
export class Begun extends Schema.TaggedClass<Begun>("effect-instantly/Revocation/Begun")("Begun", stamped) {}

/**
 * What a journal keeps: one line of JSON each, without secrets.
 *
 * @since 0.1.0
 * @category models
 */
export const Entry = Schema.Union(Begun, ...Receipt.members)

/**
 * What a journal keeps.
 *
 * @since 0.1.0
 * @category models
 */
export type Entry = typeof Entry.Type

/**
 * Whether a receipt says that nothing is left to do for its id: the key is gone, or this workspace has no such key.
 *
 * @example
 * ```ts
 * import { Revocation } from "effect-instantly"
 * import { Stream } from "effect"
 *
 * declare const receipts: Stream.Stream<Revocation.Receipt>
 * const unsettled = Stream.filter(receipts, (receipt) => !Revocation.isSettled(receipt))
 * ```
 *
 * @since 0.1.0
 * @category guards
 */
export const isSettled = (receipt: Receipt): boolean => receipt._tag === "Deleted" || receipt._tag === "NotFound"

/** What a receipt needs in addition to the result of the call. */
export interface Facts {
  readonly id: ApiKeyId
  readonly at: DateTime.Utc
  /** Whether an earlier run may have deleted it. */
  readonly inDoubt: boolean
}

const ownKeyGone = "This run has deleted keys: one of them may be the very key that it authenticates with."

const earlierRun = "An earlier run began to delete this key, and its outcome is unknown."

const lines = (...said: ReadonlyArray<string>) => said.filter((line) => line !== "").join("\n")

const ofError = ({ at, id, inDoubt }: Facts, error: DeleteApiKeyError, hasDeleted: boolean): Receipt => {
  const { _tag, attempts, requestId } = error
  if (error.outcome === "Applied") return new Deleted({ id, at, name: Option.none() })
  const outcome = inDoubt ? "Unknown" : error.outcome
  const fields = { id, at, attempts, error: _tag, requestId }
  if (_tag === "NotFound") {
    const message = lines(inDoubt ? `${earlierRun} Most likely it deleted the key.` : "", error.message)
    return new NotFound({ ...fields, outcome, message })
  }
  const message = lines(
    _tag === "Unauthorized" && hasDeleted ? ownKeyGone : "",
    inDoubt ? `${earlierRun} It may have deleted the key.` : "",
    error.message
  )
  return outcome === "Unknown" ? new Unknown({ ...fields, message }) : new Failed({ ...fields, message })
}

/** `hasDeleted` says whether the run had deleted a key before. */
export const ofResult = (
  facts: Facts,
  result: Either.Either<ApiKey, DeleteApiKeyError>,
  hasDeleted: boolean
): Receipt =>
  Either.match(result, {
    onLeft: (error) => ofError(facts, error, hasDeleted),
    onRight: ({ name }) => new Deleted({ id: facts.id, at: facts.at, name: Option.some(name) })
  })

/** A custom `ApiKeys` died, or interrupted itself. */
export const ofCause = ({ at, id }: Facts, cause: Cause.Cause<never>): Receipt => {
  const error = NameOf.ofCause(cause)
  const message = `The call failed with ${error}, so the outcome of the request is unknown. Check whether it was carried out.`
  return new Unknown({ id, at, attempts: 0, error, message, requestId: Option.none() })
}

/** Replaces, in a receipt, an id that is not a UUID. */
const nil = ApiKeyId.make("00000000-0000-0000-0000-000000000000")

/** The receipt for an id that is not a UUID. That may be a secret, so the receipt does not hold it. */
export const ofMalformed = (at: DateTime.Utc): Receipt =>
  ofError(
    { id: nil, at, inDoubt: false },
    new HeldBack({ detail: "the id is not a UUID (it is not shown, because it may be a secret)" }),
    false
  )
