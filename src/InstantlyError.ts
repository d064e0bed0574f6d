/**
 * What can go wrong in a call to Instantly: a tagged error for each kind. Every one says what happened, what to do next
 * and what became of the request, and holds no secret. Which error an answer means is in `internal/answer`.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Words from "./InstantlyError/message.js"
import { Outcome } from "./Outcome.js"

const withDefault =
  <A>(value: () => NoInfer<A>) =>
  <I>(schema: Schema.Schema<A, I>) =>
    Schema.propertySignature(schema).pipe(Schema.withConstructorDefault(value))

const common = {
  /** What happened, what to do next, and the facts of the call; built from the other fields unless given. */
  message: Schema.String,
  /** The method of the request. */
  method: Schema.String.pipe(withDefault(() => "")),
  /** The path of the request, without the base URL and the query. */
  path: Schema.String.pipe(withDefault(() => "")),
  /** What the call as a whole may have done: its attempts, this one and those before it, added up. */
  outcome: Outcome,
  /** How many requests the call sent, or tried to send. */
  attempts: Schema.NonNegativeInt.pipe(withDefault(() => 1)),
  /** How long the call waited for permits and between attempts, all together. */
  waited: Schema.DurationFromMillis.pipe(withDefault(() => Duration.zero)),
  /** The id that the answer gave the request, for the server's support. */
  requestId: Schema.OptionFromNullOr(Schema.String).pipe(withDefault(() => Option.none<string>()))
}

const status = <Status extends number>(status: Status) => Schema.Literal(status).pipe(withDefault(() => status))

const retryAfter = Schema.OptionFromNullOr(Schema.DurationFromMillis).pipe(
  withDefault(() => Option.none<Duration.Duration>())
)

/**
 * 400: Instantly's framework refused the request as malformed, or it was not sent because Instantly would.
 *
 * @example
 * ```ts
 * import { InstantlyError } from "effect-instantly"
 *
 * const error = new InstantlyError.BadRequest()
 * error.outcome // "NotApplied"
 * ```
 *
 * @since 0.1.0
 * @category errors
 */
export class BadRequest extends Schema.TaggedError<BadRequest>("effect-instantly/BadRequest")("BadRequest", {
  ...common,
  status: status(400),
  /** The framework's code, such as `FST_ERR_VALIDATION`. */
  code: Schema.OptionFromNullOr(Schema.String).pipe(withDefault(() => Option.none<string>()))
}) {
  constructor(props: Words.BadRequest = {}, options?: Schema.MakeOptions) {
    super(Words.badRequest(props), options)
  }

  /** Whether the same request can succeed later. */
  get isRetryable(): boolean {
    return false
  }
}

/**
 * 401: the token is missing or wrong, or its key has been revoked.
 *
 * @example
 * ```ts
 * import { InstantlyError } from "effect-instantly"
 *
 * // deleting the key that one authenticates with: its answer was lost, and now it is not accepted any more
 * const error = new InstantlyError.Unauthorized({ outcome: "Unknown", attempts: 2 })
 * error.message // says so
 * ```
 *
 * @since 0.1.0
 * @category errors
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>("effect-instantly/Unauthorized")("Unauthorized", {
  ...common,
  status: status(401)
}) {
  constructor(props: Words.Unauthorized = {}, options?: Schema.MakeOptions) {
    super(Words.unauthorized(props), options)
  }

  /** Whether the same request can succeed later. */
  get isRetryable(): boolean {
    return false
  }
}

/**
 * 402: the workspace has no active paid plan.
 *
 * @example
 * ```ts
 * import { InstantlyError } from "effect-instantly"
 *
 * const error = new InstantlyError.PaymentRequired()
 * error.isRetryable // false
 * ```
 *
 * @since 0.1.0
 * @category errors
 */
export class PaymentRequired extends Schema.TaggedError<PaymentRequired>("effect-instantly/PaymentRequired")(
  "PaymentRequired",
  {
    ...common,
    status: status(402)
  }
) {
  constructor(props: Words.PaymentRequired = {}, options?: Schema.MakeOptions) {
    super(Words.paymentRequired(props), options)
  }

  /** Whether the same request can succeed later. */
  get isRetryable(): boolean {
    return false
  }
}

/**
 * 403: the token's key lacks the scope. A 403 that is not in Instantly's words is {@link UnexpectedStatus}.
 *
 * @example
 * ```ts
 * import { InstantlyError } from "effect-instantly"
 *
 * const error = new InstantlyError.Forbidden({ method: "DELETE", path: "/api/v2/api-keys/…" })
 * error.message // names the scopes that would do
 * ```
 *
 * @since 0.1.0
 * @category errors
 */
export class Forbidden extends Schema.TaggedError<Forbidden>("effect-instantly/Forbidden")("Forbidden", {
  ...common,
  status: status(403)
}) {
  constructor(props: Words.Forbidden = {}, options?: Schema.MakeOptions) {
    super(Words.forbidden(props), options)
  }

  /** Whether the same request can succeed later. */
  get isRetryable(): boolean {
    return false
  }
}

/**
 * 404, in Instantly's own words. It does not prove that a key is gone: it may belong to another workspace. A 404 of a
 * route, a proxy or a portal is {@link UnexpectedStatus}.
 *
 * @example
 * ```ts
 * import { InstantlyError } from "effect-instantly"
 *
 * const isProof = (error: InstantlyError.NotFound) => error.outcome === "NotApplied"
 * ```
 *
 * @since 0.1.0
 * @category errors
 */
export class NotFound extends Schema.TaggedError<NotFound>("effect-instantly/NotFound")("NotFound", {
  ...common,
  status: status(404)
}) {
  constructor(props: Words.NotFound = {}, options?: Schema.MakeOptions) {
    super(Words.notFound(props), options)
  }

  /** Whether the same request can succeed later. */
  get isRetryable(): boolean {
    return false
  }
}

/**
 * 429, whatever its body: the workspace has used up 100 requests a second or 6,000 a minute, over all its keys.
 *
 * @example
 * ```ts
 * import { InstantlyError } from "effect-instantly"
 * import { Duration, Option } from "effect"
 *
 * const error = new InstantlyError.TooManyRequests({ retryAfter: Option.some(Duration.seconds(3)) })
 * error.isRetryable // true
 * ```
 *
 * @since 0.1.0
 * @category errors
 */
export class TooManyRequests extends Schema.TaggedError<TooManyRequests>("effect-instantly/TooManyRequests")(
  "TooManyRequests",
  {
    ...common,
    status: status(429),
    /** How long the server asks to wait: at most a day. */
    retryAfter
  }
) {
  constructor(props: Words.TooManyRequests = {}, options?: Schema.MakeOptions) {
    super(Words.tooManyRequests(props), options)
  }

  /** Whether the same request can succeed later. */
  get isRetryable(): boolean {
    return true
  }
}

/**
 * 5xx: Instantly, or what stands in front of it, failed. The request may have been carried out all the same.
 *
 * @example
 * ```ts
 * import { InstantlyError } from "effect-instantly"
 *
 * const error = new InstantlyError.ServerError({ status: 502 })
 * error.outcome // "Unknown"
 * ```
 *
 * @since 0.1.0
 * @category errors
 */
export class ServerError extends Schema.TaggedError<ServerError>("effect-instantly/ServerError")("ServerError", {
  ...common,
  status: Schema.Int.pipe(withDefault(() => 500)),
  /** How long the server asks to wait: at most a day. */
  retryAfter
}) {
  constructor(props: Words.ServerError = {}, options?: Schema.MakeOptions) {
    super(Words.serverError(props), options)
  }

  /** Whether the same request can succeed later. */
  get isRetryable(): boolean {
    return true
  }
}

/**
 * Any other answer: a redirect, a 408, a status that Instantly does not document, or a documented one that is not in
 * Instantly's words.
 *
 * @example
 * ```ts
 * import { InstantlyError } from "effect-instantly"
 *
 * const error = new InstantlyError.UnexpectedStatus({ status: 302 })
 * error.outcome // "NotApplied"
 * ```
 *
 * @since 0.1.0
 * @category errors
 */
export class UnexpectedStatus extends Schema.TaggedError<UnexpectedStatus>("effect-instantly/UnexpectedStatus")(
  "UnexpectedStatus",
  {
    ...common,
    status: Schema.Int.pipe(withDefault(() => 302)),
    /** What can be said of the answer without repeating it. */
    detail: Schema.String.pipe(withDefault(() => "not an answer that Instantly is known to give"))
  }
) {
  constructor(props: Words.UnexpectedStatus = {}, options?: Schema.MakeOptions) {
    super(Words.unexpectedStatus(props), options)
  }

  /** Whether the same request can succeed later: only a 408. */
  get isRetryable(): boolean {
    return this.status === 408
  }
}

/**
 * A 2xx whose body cannot be read as what was asked for. The request was carried out: it is never sent again.
 *
 * @example
 * ```ts
 * import { InstantlyError } from "effect-instantly"
 *
 * const error = new InstantlyError.InvalidResponse({ detail: "id is missing" })
 * error.outcome // "Applied"
 * ```
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidResponse extends Schema.TaggedError<InvalidResponse>("effect-instantly/InvalidResponse")(
  "InvalidResponse",
  {
    ...common,
    status: Schema.Int.pipe(withDefault(() => 200)),
    /** What is wrong with the body, by path and expected type, never by value. */
    detail: Schema.String.pipe(withDefault(() => "not what was asked for"))
  }
) {
  constructor(props: Words.InvalidResponse = {}, options?: Schema.MakeOptions) {
    super(Words.invalidResponse(props), options)
  }

  /** Whether the same request can succeed later. */
  get isRetryable(): boolean {
    return false
  }
}

/**
 * How far a request came that has no answer: certainly never sent, lost on the way, or not answered in time.
 *
 * @since 0.1.0
 * @category models
 */
export const TransportReason = Schema.Literal("NotSent", "ConnectionLost", "Timeout")

/**
 * How far a request came that has no answer.
 *
 * @since 0.1.0
 * @category models
 */
export type TransportReason = typeof TransportReason.Type

/**
 * No answer: the request was never sent, the connection was lost, or the time was up.
 *
 * @example
 * ```ts
 * import { InstantlyError } from "effect-instantly"
 *
 * const error = new InstantlyError.TransportError({ reason: "NotSent", detail: "ECONNREFUSED" })
 * error.outcome // "NotApplied"
 * ```
 *
 * @since 0.1.0
 * @category errors
 */
export class TransportError extends Schema.TaggedError<TransportError>("effect-instantly/TransportError")(
  "TransportError",
  {
    ...common,
    reason: TransportReason.pipe(withDefault((): TransportReason => "ConnectionLost")),
    /** The failure's code as the runtime names it (`ECONNREFUSED`), or what this client held the request back for. */
    detail: Schema.String.pipe(withDefault(() => "")),
    /** Whether the client itself held the request back, as it will again: a refused permit, an unusable token. */
    heldBack: Schema.Boolean.pipe(withDefault(() => false))
  }
) {
  constructor(props: Words.TransportError = {}, options?: Schema.MakeOptions) {
    super(Words.transportError(props), options)
  }

  /** Whether the same request can succeed later. */
  get isRetryable(): boolean {
    return !this.heldBack
  }
}

/**
 * Every error that a call to Instantly can fail with, as a schema: they can be sent to another process and read there.
 *
 * @example
 * ```ts
 * import { InstantlyError } from "effect-instantly"
 * import { Schema } from "effect"
 *
 * const toJson = Schema.encodeSync(Schema.parseJson(InstantlyError.InstantlyError))
 * toJson(new InstantlyError.NotFound())
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export const InstantlyError = Schema.Union(
  BadRequest,
  Unauthorized,
  PaymentRequired,
  Forbidden,
  NotFound,
  TooManyRequests,
  ServerError,
  UnexpectedStatus,
  InvalidResponse,
  TransportError
)

/**
 * Every error that a call to Instantly can fail with.
 *
 * @since 0.1.0
 * @category models
 */
export type InstantlyError = typeof InstantlyError.Type

/**
 * Whether a value is one of this library's errors.
 *
 * @example
 * ```ts
 * import { InstantlyError } from "effect-instantly"
 *
 * InstantlyError.isInstantlyError(new InstantlyError.NotFound()) // true
 * InstantlyError.isInstantlyError(new Error("not found")) // false
 * ```
 *
 * @since 0.1.0
 * @category guards
 */
export const isInstantlyError: (u: unknown) => u is InstantlyError = Schema.is(InstantlyError)
