/** The fields of errors, each with its default, and the outcome that follows from them. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Outcome } from "../Outcome.js"

export const withDefault =
  <A>(value: () => NoInfer<A>) =>
  <I>(schema: Schema.Schema<A, I>) =>
    Schema.propertySignature(schema).pipe(Schema.withConstructorDefault(value))

/** The fields that every error has, with its default outcome. */
export const facts = (own: Outcome) => ({
  /** The method of the request. */
  method: Schema.String.pipe(withDefault(() => "")),
  /** The path of the request, without the base URL and the query. */
  path: Schema.String.pipe(withDefault(() => "")),
  /** What the call as a whole may have done: the outcomes of all its attempts, added up. */
  outcome: Outcome.pipe(withDefault(() => own)),
  /** How many requests the call sent, or tried to send. */
  attempts: Schema.NonNegativeInt.pipe(withDefault(() => 1)),
  /** How long the call waited for permits and between attempts, in total. */
  waited: Schema.DurationFromMillis.pipe(withDefault(() => Duration.zero)),
  /** The server's id of the request, for its support team. */
  requestId: Schema.OptionFromNullOr(Schema.String).pipe(withDefault(() => Option.none<string>()))
})

export const status = <Status extends number>(status: Status) => Schema.Literal(status).pipe(withDefault(() => status))

export const anyStatus = (own: number) => Schema.Int.pipe(withDefault(() => own))

export const detail = (own: string) => Schema.String.pipe(withDefault(() => own))

/** The wait that the server asks for: at most a day. */
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

/** The server's message, at most 1,000 characters. It may repeat the request, so it is never printed, logged or encoded. */
export const serverMessage = Schema.transform(
  Schema.Null,
  Schema.OptionFromSelf(Schema.RedactedFromSelf(Schema.String)),
  { strict: true, decode: () => Option.none<Redacted.Redacted>(), encode: () => null }
).pipe(withDefault(() => Option.none<Redacted.Redacted>()))

const scopes = Schema.Array(Schema.String).pipe(withDefault((): ReadonlyArray<string> => []))

export const insufficientScope = {
  ...facts("NotApplied"),
  /** 401 from the live API, 403 in its documentation. */
  status: Schema.Literal(401, 403).pipe(withDefault(() => 401 as const)),
  /** The scopes that Instantly listed as sufficient: the key needs one of them. */
  required: scopes,
  /** The scopes that the API key has, as far as Instantly listed them. */
  found: scopes
}

export const unexpectedStatus = {
  ...facts("Unknown"),
  status: anyStatus(302),
  /** A description of the response that does not repeat it. */
  detail: detail("Instantly does not document this response"),
  /** Whether the response is a refusal in Instantly's own envelope, and so not from a proxy on the way. */
  fromInstantly: Schema.Boolean.pipe(withDefault(() => false)),
  serverMessage
}

export const invalidResponse = {
  ...facts("Unknown"),
  status: anyStatus(200),
  /** Whether the body proves that the request was carried out, although it cannot be read as a whole. */
  confirmed: Schema.Boolean.pipe(withDefault(() => false)),
  /** What is wrong with the body, by path and expected type, never by value. */
  detail: detail("it is not the expected response")
}

export const transportError = {
  ...facts("Unknown"),
  reason: TransportReason.pipe(withDefault((): TransportReason => "ConnectionLost")),
  /**
   * The failure's code as the runtime names it, such as `ECONNRESET`; the address that could not be reached; or which limit
   * was reached.
   */
  detail: detail("")
}

/** The fields that an outcome can follow from. */
interface Evidence {
  readonly fromInstantly?: boolean
  readonly confirmed?: boolean
  readonly reason?: TransportReason
}

/**
 * The outcome of an error that is `Unknown` unless its fields prove more: Instantly's own refusal, a body that confirms
 * the request, or a request that was never sent.
 */
export const outcomeOf = ({ confirmed, fromInstantly, reason }: Evidence): Outcome => {
  if (confirmed === true) return "Applied"
  return fromInstantly === true || reason === "NotSent" ? "NotApplied" : "Unknown"
}
