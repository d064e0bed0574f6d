/**
 * What can go wrong in a call to Instantly: a tagged error for each kind. Every error says what happened, what to do
 * next and what became of the request, and shows no secret. The message is derived from the fields, so `new NotFound()`
 * works in a test, and the message is not part of the encoded error.
 *
 * @example
 * ```ts
 * import { InstantlyError } from "effect-instantly"
 *
 * new InstantlyError.NotFound({ outcome: "Unknown", attempts: 2 }).message // an earlier attempt may have deleted the key
 * ```
 *
 * @module
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Fields from "./InstantlyError/fields.js"
import * as Message from "./InstantlyError/message.js"
import { within } from "./InstantlyError/rejection.js"

export { TransportReason } from "./InstantlyError/fields.js"
/** @internal */
export { factsLine } from "./InstantlyError/message.js"

/**
 * The fields that every error has: the request, and what became of the call.
 *
 * @since 0.1.0
 * @category models
 */
export interface Facts extends Schema.Struct.Type<ReturnType<typeof Fields.facts>> {}

/**
 * 400: Instantly's framework refused the request as malformed.
 *
 * @since 0.1.0
 * @category errors
 */
export class BadRequest extends Schema.TaggedError<BadRequest>("effect-instantly/BadRequest")("BadRequest", {
  ...Fields.facts("NotApplied"),
  status: Fields.status(400),
  /** The framework's code, such as `FST_ERR_VALIDATION`. */
  code: Schema.OptionFromNullOr(Schema.String).pipe(Fields.withDefault(() => Option.none<string>())),
  serverMessage: Fields.serverMessage
}) {
  /** What happened, what to do next, and the facts of the call. */
  override get message(): string {
    return Message.badRequest(this)
  }

  /** Whether the same request can succeed later. */
  get isRetryable(): boolean {
    return false
  }
}

/**
 * 401, in Instantly's own envelope: the API key that the call authenticates with is missing, wrong or revoked. A 401 for a
 * missing scope is {@link InsufficientScope}.
 *
 * @since 0.1.0
 * @category errors
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>("effect-instantly/Unauthorized")("Unauthorized", {
  ...Fields.facts("NotApplied"),
  status: Fields.status(401),
  serverMessage: Fields.serverMessage
}) {
  /** What happened, what to do next, and the facts of the call. */
  override get message(): string {
    return Message.unauthorized(this)
  }

  /** Whether the same request can succeed later. */
  get isRetryable(): boolean {
    return false
  }
}

/**
 * 402: the workspace has no active paid plan.
 *
 * @since 0.1.0
 * @category errors
 */
export class PaymentRequired extends Schema.TaggedError<PaymentRequired>("effect-instantly/PaymentRequired")(
  "PaymentRequired",
  { ...Fields.facts("NotApplied"), status: Fields.status(402) }
) {
  /** What happened, what to do next, and the facts of the call. */
  override get message(): string {
    return Message.paymentRequired(this)
  }

  /** Whether the same request can succeed later. */
  get isRetryable(): boolean {
    return false
  }
}

/**
 * The API key that the call authenticates with is active, and lacks the scope: a 401 whose message begins with
 * `Invalid scope`, as the live API sends it, or the 403 of its documentation.
 *
 * `required` and `found` hold only words with the shape of a scope (letters, `_` and `-` around one colon), at most 200
 * of each.
 *
 * @since 0.1.0
 * @category errors
 */
export class InsufficientScope extends Schema.TaggedError<InsufficientScope>("effect-instantly/InsufficientScope")(
  "InsufficientScope",
  Fields.insufficientScope
) {
  /** What happened, what to do next, and the facts of the call. */
  override get message(): string {
    return Message.insufficientScope(this)
  }

  /** Whether the same request can succeed later. */
  get isRetryable(): boolean {
    return false
  }
}

/**
 * 404, in Instantly's own envelope. It does not prove that a key is gone: the key may belong to another workspace. A 404
 * of a route, a proxy or a portal is {@link UnexpectedStatus}.
 *
 * @since 0.1.0
 * @category errors
 */
export class NotFound extends Schema.TaggedError<NotFound>("effect-instantly/NotFound")("NotFound", {
  ...Fields.facts("NotApplied"),
  status: Fields.status(404)
}) {
  /** What happened, what to do next, and the facts of the call. */
  override get message(): string {
    return Message.notFound(this)
  }

  /** Whether the same request can succeed later. */
  get isRetryable(): boolean {
    return false
  }
}

/**
 * 429, whatever its body: all keys of the workspace together have used up 100 requests a second or 6,000 a minute.
 *
 * @since 0.1.0
 * @category errors
 */
export class TooManyRequests extends Schema.TaggedError<TooManyRequests>("effect-instantly/TooManyRequests")(
  "TooManyRequests",
  { ...Fields.facts("NotApplied"), status: Fields.status(429), retryAfter: Fields.retryAfter }
) {
  /** What happened, what to do next, and the facts of the call. */
  override get message(): string {
    return Message.tooManyRequests(this)
  }

  /** Whether the same request can succeed later. */
  get isRetryable(): boolean {
    return true
  }
}

/**
 * 5xx: Instantly, or a proxy in front of it, failed. The request may have been carried out all the same.
 *
 * @since 0.1.0
 * @category errors
 */
export class ServerError extends Schema.TaggedError<ServerError>("effect-instantly/ServerError")("ServerError", {
  ...Fields.facts("Unknown"),
  status: Fields.anyStatus(500),
  retryAfter: Fields.retryAfter
}) {
  /** What happened, what to do next, and the facts of the call. */
  override get message(): string {
    return Message.serverError(this)
  }

  /** Whether the same request can succeed later. */
  get isRetryable(): boolean {
    return true
  }
}

/**
 * Any other response: a redirect, a 408, a status that Instantly does not document, or a documented one that is not in
 * Instantly's own envelope. By default its `outcome` is `NotApplied` if it is Instantly's own refusal (`fromInstantly`), and
 * otherwise `Unknown`.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnexpectedStatus extends Schema.TaggedError<UnexpectedStatus>("effect-instantly/UnexpectedStatus")(
  "UnexpectedStatus",
  Fields.unexpectedStatus
) {
  constructor(props: Schema.Struct.Constructor<typeof Fields.unexpectedStatus> = {}, options?: Schema.MakeOptions) {
    super({ ...props, outcome: props.outcome ?? Fields.outcomeOf(props) }, options)
  }

  /** What happened, what to do next, and the facts of the call. */
  override get message(): string {
    return Message.unexpectedStatus(this)
  }

  /** Whether the same request can succeed later: only a 408. */
  get isRetryable(): boolean {
    return this.status === 408
  }
}

/**
 * A 2xx whose body does not fit the `Schema` of the call, is about something else, or is not JSON. By default its `outcome` is
 * `Applied` if the body proves that the request was carried out (`confirmed`), and otherwise `Unknown`, because a proxy on the
 * way may have written it. It is never sent again.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidResponse extends Schema.TaggedError<InvalidResponse>("effect-instantly/InvalidResponse")(
  "InvalidResponse",
  Fields.invalidResponse
) {
  constructor(props: Schema.Struct.Constructor<typeof Fields.invalidResponse> = {}, options?: Schema.MakeOptions) {
    super({ ...props, outcome: props.outcome ?? Fields.outcomeOf(props) }, options)
  }

  /** What happened, what to do next, and the facts of the call. */
  override get message(): string {
    return Message.invalidResponse(this)
  }

  /** Whether the same request can succeed later. */
  get isRetryable(): boolean {
    return false
  }
}

/**
 * No response reached the call: the request never left, the connection was lost, or the time was up. By default its `outcome`
 * is `NotApplied` if the reason is `NotSent`, and otherwise `Unknown`.
 *
 * @since 0.1.0
 * @category errors
 */
export class TransportError extends Schema.TaggedError<TransportError>("effect-instantly/TransportError")(
  "TransportError",
  Fields.transportError
) {
  constructor(props: Schema.Struct.Constructor<typeof Fields.transportError> = {}, options?: Schema.MakeOptions) {
    super({ ...props, outcome: props.outcome ?? Fields.outcomeOf(props) }, options)
  }

  /** What happened, what to do next, and the facts of the call. */
  override get message(): string {
    return Message.transportError(this)
  }

  /** Whether the same request can succeed later. */
  get isRetryable(): boolean {
    return true
  }
}

/**
 * This client did not send the request: the id is not a UUID, the API key cannot be used, the URL is wrong, or the gate
 * refused a permit. It is never retried, whatever the policy says.
 *
 * @since 0.1.0
 * @category errors
 */
export class HeldBack extends Schema.TaggedError<HeldBack>("effect-instantly/HeldBack")("HeldBack", {
  ...Fields.facts("NotApplied"),
  attempts: Schema.NonNegativeInt.pipe(Fields.withDefault(() => 0)),
  /** Why it was not sent. */
  detail: Fields.detail("the client refused it")
}) {
  /** What happened, what to do next, and the facts of the call. */
  override get message(): string {
    return Message.heldBack(this)
  }

  /** Whether the same request can succeed later. */
  get isRetryable(): boolean {
    return false
  }
}

/**
 * Every error that a call to Instantly can fail with, as a schema: an error can be sent to another process and read there.
 *
 * @since 0.1.0
 * @category models
 */
export const InstantlyError = Schema.Union(
  BadRequest,
  Unauthorized,
  PaymentRequired,
  InsufficientScope,
  NotFound,
  TooManyRequests,
  ServerError,
  UnexpectedStatus,
  InvalidResponse,
  TransportError,
  HeldBack
)

for (const { prototype } of InstantlyError.members) Message.addToJson(prototype)

/**
 * Every error that a call to Instantly can fail with.
 *
 * @since 0.1.0
 * @category models
 */
export type InstantlyError = typeof InstantlyError.Type

/**
 * Whether a value is one of this library's errors. Its tag alone does not prove it: other libraries have a `NotFound`,
 * too.
 *
 * @since 0.1.0
 * @category guards
 * @function
 */
export const isInstantlyError: (u: unknown) => u is InstantlyError = Schema.is(InstantlyError)

/**
 * Finds this library's error in the reason of a rejected promise. `Effect.runPromise` rejects with a `FiberFailure`,
 * which has the message of the error, but not its class and fields. An interrupted call has no error; its outcome is
 * recorded on the span.
 *
 * @since 0.1.0
 * @category guards
 */
export const fromUnknown = (u: unknown): Option.Option<InstantlyError> => Chunk.findFirst(within(u), isInstantlyError)
