/** What became of one id: the receipts of a run, and the entry that a journal has before one. */
import type * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ApiKeyId } from "../ApiKey.js"
import type { DeleteApiKeyError } from "../ApiKeys.js"
import * as NameOf from "../internal/nameOf.js"
import * as Outcome from "../Outcome.js"

const stamped = {
  /** The id, as it was given. */
  id: ApiKeyId,
  /** When the receipt was made. */
  at: Schema.DateTimeUtc
}

const told = {
  ...stamped,
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
  ...stamped,
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
  outcome: Outcome.Outcome
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
  ...stamped,
  reason: Schema.Literal("Unauthorized", "PaymentRequired", "InsufficientScope", "Duplicate")
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
 * const toLookAt = Stream.filter(receipts, (receipt) => !Revocation.isSettled(receipt))
 * ```
 *
 * @since 0.1.0
 * @category guards
 */
export const isSettled = (receipt: Receipt): boolean => receipt._tag === "Deleted" || receipt._tag === "NotFound"

/** What is known of an id when its call has ended. */
export interface Facts {
  readonly id: ApiKeyId
  readonly at: DateTime.Utc
  /** Whether an earlier run may have deleted it. */
  readonly inDoubt: boolean
}

export const ofSuccess = ({ at, id }: Facts, name: string): Receipt => new Deleted({ id, at, name: Option.some(name) })

const ownKeyGone = "This run has deleted keys: one of them may be the very key that it authenticates with."

const earlierRun = "An earlier run began to delete this key, and it is not known how that ended."

const lines = (...said: ReadonlyArray<string>) => said.filter((line) => line !== "").join("\n")

export const ofError =
  ({ at, id, inDoubt }: Facts, hasDeleted: boolean) =>
  (error: DeleteApiKeyError): Receipt => {
    const { _tag, attempts, requestId } = error
    const outcome = inDoubt ? Outcome.combine(error.outcome, "Unknown") : error.outcome
    if (outcome === "Applied") return new Deleted({ id, at, name: Option.none() })
    const told = { id, at, attempts, error: _tag, requestId }
    if (_tag === "NotFound") {
      const message = lines(inDoubt ? `${earlierRun} Most likely it deleted the key.` : "", error.message)
      return new NotFound({ ...told, outcome, message })
    }
    const message = lines(
      _tag === "Unauthorized" && hasDeleted ? ownKeyGone : "",
      inDoubt ? `${earlierRun} It may have deleted the key.` : "",
      error.message
    )
    return outcome === "Unknown" ? new Unknown({ ...told, message }) : new Failed({ ...told, message })
  }

/** An `ApiKeys` of the app's own died. */
export const ofDefect = ({ at, id }: Facts, defect: unknown): Receipt => {
  const error = NameOf.ofDefect(defect)
  const message = `The call failed with ${error}, so what became of the request is not known. Check whether it was carried out.`
  return new Unknown({ id, at, attempts: 0, error, message, requestId: Option.none() })
}
