/** The error that a response other than a success becomes. */
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as InstantlyError from "../InstantlyError.js"
import type { Head } from "./head.js"

const Envelope = Schema.parseJson(
  Schema.Struct({
    statusCode: Schema.Number,
    error: Schema.String,
    message: Schema.String,
    // only the framework's own errors carry one
    code: Schema.optional(Schema.String)
  })
)
type Envelope = typeof Envelope.Type

const decodeEnvelope = Schema.decodeUnknownOption(Envelope)

/** How Instantly names the statuses that it documents. */
const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found"
}

/** Instantly's own envelope. A proxy's page is not one. Neither is JSON that disagrees with the status line. */
const envelopeOf = (status: number, body: string): Option.Option<Envelope> =>
  Option.filter(
    decodeEnvelope(body),
    ({ error, statusCode }) => statusCode === status && error === (reasons[status] ?? error)
  )

/** Instantly's framework responds to a wrong address in the same envelope as to a missing resource. */
const isRouteNotFound = (envelope: Envelope) =>
  envelope.code !== undefined || /^Route [A-Z]+:.* not found$/s.test(envelope.message)

/** The code comes from a server, so it is shown only where it can be nothing else. */
const frameworkCode = (envelope: Envelope) =>
  Option.liftPredicate(envelope.code ?? "", (code) => /^FST_[A-Z_]{1,60}$/.test(code))

const longestServerMessage = 1000

const ofEnvelope = (status: number, envelope: Envelope, facts: InstantlyError.Facts): InstantlyError.InstantlyError => {
  const serverMessage = Option.some(Redacted.make(envelope.message.slice(0, longestServerMessage)))
  switch (status) {
    case 400:
      return new InstantlyError.BadRequest({ ...facts, code: frameworkCode(envelope), serverMessage })
    case 401:
      return new InstantlyError.Unauthorized(facts)
    case 402:
      return new InstantlyError.PaymentRequired(facts)
    case 403:
      return new InstantlyError.Forbidden(facts)
    case 404:
      if (!isRouteNotFound(envelope)) return new InstantlyError.NotFound(facts)
  }
  const isAddress = status === 404
  const detail = isAddress ? "Instantly has no such address" : "Instantly refused the request"
  return new InstantlyError.UnexpectedStatus({ ...facts, status, detail, serverMessage, fromInstantly: !isAddress })
}

/** Whether the error of a status depends on the body. */
export const dependsOnBody = (status: number): boolean =>
  status >= 400 && status < 500 && status !== 408 && status !== 429

/** The error that a response with this head becomes, and with this body where one was read. */
export const errorOf = (
  { retryAfter, status }: Head,
  body: Option.Option<string>,
  facts: InstantlyError.Facts
): InstantlyError.InstantlyError => {
  const unexpected = (detail: string) => new InstantlyError.UnexpectedStatus({ ...facts, status, detail })
  if (status === 429) return new InstantlyError.TooManyRequests({ ...facts, retryAfter })
  if (status >= 500 && status < 600) return new InstantlyError.ServerError({ ...facts, status, retryAfter })
  if (status === 408) return unexpected("the server gave up waiting for the request")
  if (status >= 300 && status < 400 && status !== 304) {
    return unexpected("a redirect, which is not followed because it would take the token to another address")
  }
  if (!dependsOnBody(status)) return unexpected("Instantly does not document this status")
  if (Option.isNone(body)) return unexpected("its body could not be read, so it may not come from Instantly")
  if (body.value === "") return unexpected("it has no body, so it may not come from Instantly")
  return Option.match(envelopeOf(status, body.value), {
    onNone: () => unexpected("it is not in Instantly's envelope, so a proxy or a firewall may have given it"),
    onSome: (envelope) => ofEnvelope(status, envelope, facts)
  })
}
