/** The fields that errors are made of, each with its default. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Outcome } from "../Outcome.js"

export const withDefault =
  <A>(value: () => NoInfer<A>) =>
  <I>(schema: Schema.Schema<A, I>) =>
    Schema.propertySignature(schema).pipe(Schema.withConstructorDefault(value))

/** The fields that every error has, with the outcome that it has by itself. */
export const facts = (own: Outcome) => ({
  /** The method of the request. */
  method: Schema.String.pipe(withDefault(() => "")),
  /** The path of the request, without the base URL and the query. */
  path: Schema.String.pipe(withDefault(() => "")),
  /** What the call as a whole may have done: the outcomes of all its attempts, added up. */
  outcome: Outcome.pipe(withDefault(() => own)),
  /** How many requests the call sent, or tried to send. */
  attempts: Schema.NonNegativeInt.pipe(withDefault(() => 1)),
  /** How long the call waited for permits and between attempts, all together. */
  waited: Schema.DurationFromMillis.pipe(withDefault(() => Duration.zero)),
  /** The id that the response gave the request, for the server's support. */
  requestId: Schema.OptionFromNullOr(Schema.String).pipe(withDefault(() => Option.none<string>()))
})

export const status = <Status extends number>(status: Status) => Schema.Literal(status).pipe(withDefault(() => status))

export const anyStatus = (own: number) => Schema.Int.pipe(withDefault(() => own))

export const detail = (own: string) => Schema.String.pipe(withDefault(() => own))

/** How long the server asks to wait: at most a day. */
export const retryAfter = Schema.OptionFromNullOr(Schema.DurationFromMillis).pipe(
  withDefault(() => Option.none<Duration.Duration>())
)

/**
 * How far a request got when no response arrived: it was certainly never sent, it was lost, or its time was up.
 *
 * @since 0.1.0
 * @category models
 */
export const TransportReason = Schema.Literal("NotSent", "ConnectionLost", "Timeout")

/**
 * How far a request got when no response arrived.
 *
 * @since 0.1.0
 * @category models
 */
export type TransportReason = typeof TransportReason.Type

/** What the server said, at most 1,000 characters. It may repeat the request: it is never printed, logged or encoded. */
export const serverMessage = Schema.transform(
  Schema.Null,
  Schema.OptionFromSelf(Schema.RedactedFromSelf(Schema.String)),
  { strict: true, decode: () => Option.none<Redacted.Redacted>(), encode: () => null }
).pipe(withDefault(() => Option.none<Redacted.Redacted>()))

/** The status of an `UnexpectedStatus` that names none. */
export const ownStatus = 302

export const unexpectedStatus = {
  ...facts("NotApplied"),
  status: anyStatus(ownStatus),
  /** What can be said of the response without repeating it. */
  detail: detail("Instantly does not document this response"),
  /** Whether the response is in Instantly's own envelope, and so not from a proxy on the way. */
  fromInstantly: Schema.Boolean.pipe(withDefault(() => false)),
  serverMessage
}

export const transportError = {
  ...facts("Unknown"),
  reason: TransportReason.pipe(withDefault((): TransportReason => "ConnectionLost")),
  /** The failure's code as the runtime names it, such as `ECONNREFUSED`, or which limit was reached. */
  detail: detail("")
}
