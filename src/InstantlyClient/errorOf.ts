/** How an HTTP answer that is not a success becomes an `InstantlyError`. */
import type { Headers } from "@effect/platform"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Facts } from "../InstantlyError/message.js"
import * as InstantlyError from "../InstantlyError.js"
import * as RetryAfter from "./retryAfter.js"

export interface Answer {
  readonly status: number
  readonly headers: Headers.Headers
  readonly body: string
}

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

const reasons: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found"
}

/** Far more than any envelope holds, and little enough to parse. */
const longestEnvelope = 16_384

/** Instantly's error body. A proxy's page, or JSON that does not agree with the status line, is none. */
const envelopeOf = ({ body, status }: Answer): Option.Option<Envelope> =>
  body.length > longestEnvelope
    ? Option.none()
    : Option.filter(
        decodeEnvelope(body),
        (envelope) => envelope.statusCode === status && envelope.error === reasons[status]
      )

/** Instantly's framework answers a wrong address in the same envelope as a missing resource. */
const isRouteNotFound = (envelope: Envelope) =>
  envelope.code !== undefined || /^Route [A-Z]+:.* not found$/s.test(envelope.message)

/** A code is shown only where it can be nothing else: it comes from a server. */
const frameworkCode = (envelope: Envelope) =>
  Option.liftPredicate(envelope.code ?? "", (code) => /^FST_[A-Z_]{1,60}$/.test(code))

const requestIdHeaders = ["x-request-id", "request-id", "cf-ray"]

/** A UUID, a ray of Cloudflare's, or what Fastify counts: nothing that a token could look like. */
const requestIdShape = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16}(?:-[A-Z]{3})?|req-[0-9a-z]{1,8})$/i

/** The id under which the server knows the request, for its support. */
export const requestIdOf = (headers: Headers.Headers): Option.Option<string> =>
  Option.fromNullable(
    requestIdHeaders.map((name) => headers[name]?.trim()).find((id) => id !== undefined && requestIdShape.test(id))
  )

export const retryAfterOf = (headers: Headers.Headers, now: number) => RetryAfter.parse(headers["retry-after"], now)

const unexpected = (status: number, facts: Facts, detail: string) =>
  new InstantlyError.UnexpectedStatus({ ...facts, status, detail })

/** The error that an answer means at the time `now`. */
export const toError = (answer: Answer, facts: Facts, now: number): InstantlyError.InstantlyError => {
  const { headers, status } = answer
  if (status === 429) return new InstantlyError.TooManyRequests({ ...facts, retryAfter: retryAfterOf(headers, now) })
  if (status >= 500 && status < 600) {
    return new InstantlyError.ServerError({ ...facts, status, retryAfter: retryAfterOf(headers, now) })
  }
  if (status === 408) return unexpected(status, facts, "the server gave up waiting for the request")
  if (status >= 300 && status < 400 && status !== 304) {
    return unexpected(status, facts, "a redirect, which is not followed: it would take the token to another address")
  }
  return Option.match(envelopeOf(answer), {
    onNone: () =>
      unexpected(
        status,
        facts,
        answer.body === ""
          ? "its body is missing, which would say whose answer it is"
          : "not an answer that Instantly is known to give: a proxy, a firewall or its edge may have given it"
      ),
    onSome: (envelope) => {
      switch (status) {
        case 400:
          return new InstantlyError.BadRequest({ ...facts, code: frameworkCode(envelope) })
        case 401:
          return new InstantlyError.Unauthorized(facts)
        case 402:
          return new InstantlyError.PaymentRequired(facts)
        case 403:
          return new InstantlyError.Forbidden(facts)
        default:
          return isRouteNotFound(envelope)
            ? unexpected(status, facts, "Instantly has no such address: check the base URL")
            : new InstantlyError.NotFound(facts)
      }
    }
  })
}
