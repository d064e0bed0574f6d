/** Turns a response other than a success into an error, by its head and, if one was read, its body. */
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as InstantlyError from "../InstantlyError.js"
import * as RetryAfter from "./retryAfter.js"

/** The facts in the head of a response. It is read once: Fetch and Undici build the headers anew at each access. */
export interface Head {
  readonly status: number
  /** The wait that the server asks for: at most a day. */
  readonly retryAfter: Option.Option<Duration.Duration>
  /** The server's id of the request, for its support team. */
  readonly requestId: Option.Option<string>
}

const requestIdHeaders = ["x-request-id", "request-id", "cf-ray"]

/** A UUID, a ray id of Cloudflare, a request number of Fastify, or digits: no token looks like these. */
const requestIdShape =
  /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16}(?:-[A-Z]{3})?|req-[0-9a-z]{1,8}|\d{1,20})$/i

export const headOf = ({ headers, status }: HttpClientResponse.HttpClientResponse): Effect.Effect<Head> =>
  Effect.map(Clock.currentTimeMillis, (now) => ({
    status,
    retryAfter: RetryAfter.parse(headers["retry-after"], now),
    requestId: Option.fromNullable(
      requestIdHeaders.map((name) => headers[name]?.trim()).find((id) => id !== undefined && requestIdShape.test(id))
    )
  }))

export const isSuccess = (status: number): boolean => status >= 200 && status < 300

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

/** The reason phrases of Node's HTTP server, which Instantly's framework writes into its envelope. */
const reasons = new Map([
  [400, "Bad Request"],
  [401, "Unauthorized"],
  [402, "Payment Required"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [405, "Method Not Allowed"],
  [406, "Not Acceptable"],
  [409, "Conflict"],
  [410, "Gone"],
  [411, "Length Required"],
  [412, "Precondition Failed"],
  [413, "Payload Too Large"],
  [414, "URI Too Long"],
  [415, "Unsupported Media Type"],
  [416, "Range Not Satisfiable"],
  [417, "Expectation Failed"],
  [418, "I'm a Teapot"],
  [421, "Misdirected Request"],
  [422, "Unprocessable Entity"],
  [423, "Locked"],
  [424, "Failed Dependency"],
  [425, "Too Early"],
  [426, "Upgrade Required"],
  [428, "Precondition Required"],
  [431, "Request Header Fields Too Large"],
  [451, "Unavailable For Legal Reasons"]
])

/** Instantly's own envelope. A proxy's page is not one. Neither is JSON that disagrees with the status line. */
const envelopeOf = (status: number, body: string): Option.Option<Envelope> =>
  Option.filter(decodeEnvelope(body), ({ error, statusCode }) => statusCode === status && error === reasons.get(status))

/** Instantly's framework responds to a wrong address in the same envelope as to a missing resource. */
const isRouteNotFound = (envelope: Envelope) =>
  envelope.code !== undefined || /^Route [A-Z]+:.* not found$/s.test(envelope.message)

/** The code comes from a server, so it is shown only if it looks like Fastify's. */
const frameworkCode = (envelope: Envelope) =>
  Option.liftPredicate(envelope.code ?? "", (code) => /^FST_[A-Z_]{1,60}$/.test(code))

const longestServerMessage = 1000

/** No digits: a secret in the clear is a UUID, a colon and twelve characters. */
const scopeShape = /^(?=.{3,64}$)[a-z_-]+:[a-z_-]+$/i

const mostScopes = 200

/** What has the shape of a scope in "Invalid scope. Required: a:read. Found: b:all, c:all". Nothing else of it is kept. */
const scopesOf = (message: string) => {
  const [required = [], found = []] = message.split("Found:", 2).map((part) =>
    part
      .split(/[\s,]+|\.(?=\s|$)/)
      .filter((word) => scopeShape.test(word))
      .slice(0, mostScopes)
  )
  return { required, found }
}

/** The facts of a call. Without an outcome among them, an error has its default. */
export type OwnFacts = Omit<InstantlyError.Facts, "outcome"> & Partial<Pick<InstantlyError.Facts, "outcome">>

const ofEnvelope = (status: number, envelope: Envelope, facts: OwnFacts): InstantlyError.InstantlyError => {
  const { message } = envelope
  const serverMessage = Option.some(Redacted.make(message.slice(0, longestServerMessage)))
  const insufficientScope = (status: 401 | 403) =>
    new InstantlyError.InsufficientScope({ ...facts, status, ...scopesOf(message) })
  const refused = (detail: string) =>
    new InstantlyError.UnexpectedStatus({ ...facts, status, detail, serverMessage, fromInstantly: true })
  switch (status) {
    case 400:
      return new InstantlyError.BadRequest({ ...facts, code: frameworkCode(envelope), serverMessage })
    case 401:
      // The live API sends this for a missing scope, the documentation a 403.
      return message.startsWith("Invalid scope")
        ? insufficientScope(401)
        : new InstantlyError.Unauthorized({ ...facts, serverMessage })
    case 402:
      return new InstantlyError.PaymentRequired(facts)
    case 403:
      return /\bscopes?\b/i.test(message) ? insufficientScope(403) : refused("Instantly refused the request")
    case 404:
      return isRouteNotFound(envelope)
        ? refused("Instantly has no such address, or the base URL leads to another server")
        : new InstantlyError.NotFound(facts)
    default:
      return refused("Instantly refused the request")
  }
}

/** Whether the error of a status depends on the body. */
export const dependsOnBody = (status: number): boolean =>
  status >= 400 && status < 500 && status !== 408 && status !== 429

/** The error for a response with this head, and with this body or the reason why it could not be read. */
export const errorOf = (
  { retryAfter, status }: Head,
  body: Either.Either<string, string>,
  facts: OwnFacts
): InstantlyError.InstantlyError => {
  const unexpected = (detail: string) => new InstantlyError.UnexpectedStatus({ ...facts, status, detail })
  if (status === 429) return new InstantlyError.TooManyRequests({ ...facts, retryAfter })
  if (status >= 500 && status < 600) return new InstantlyError.ServerError({ ...facts, status, retryAfter })
  if (status === 408) return unexpected("the server gave up waiting for the request")
  if (status >= 300 && status < 400 && status !== 304) {
    return unexpected("a redirect, which is not followed because it would take the token to another address")
  }
  if (!dependsOnBody(status)) return unexpected("Instantly does not document this status")
  if (Either.isLeft(body))
    return unexpected(`its body could not be read (${body.left}), so it may not come from Instantly`)
  if (body.right === "") return unexpected("it has no body, so it may not come from Instantly")
  return Option.match(envelopeOf(status, body.right), {
    onNone: () => unexpected("it is not in Instantly's envelope, so a proxy or a firewall may have sent it"),
    onSome: (envelope) => ofEnvelope(status, envelope, facts)
  })
}
