/** What a failed exchange proves: whether its request was certainly never sent, and the code to show for it. */
import * as Data from "effect/Data"
import * as Predicate from "effect/Predicate"

/** The cause of the error for a request that the app's client did not send. */
export class NotSent extends Data.TaggedError("NotSent")<{ readonly message: string }> {}

/**
 * Codes that a request cannot fail with once it has been sent: there is no connection, or its certificate was refused
 * before the request. Other TLS failures are left out, because they can come at any time (an alert, a broken record).
 *
 * The errors of Deno and workerd for a refused connection are left out, too. When they lose a kept connection, they
 * silently send the request again, so the refused connection may be the second one.
 */
const neverSent = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "UND_ERR_CONNECT_TIMEOUT",
  // Bun before 1.4, for a refused connection and for a host that it cannot resolve
  "ConnectionRefused",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REVOKED",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
])

/**
 * System calls that come before a request. Only with them does an unreachable host (EHOSTUNREACH, ETIMEDOUT) prove it:
 * an open connection gives the same codes later, when its packets are lost.
 */
const beforeSending = new Set(["connect", "getaddrinfo"])

/** Fetch's error for a port that it never connects to, such as 9 or 6667. It has no code. */
const badPort = "bad port"

const stringAt = (value: unknown, key: string) =>
  Predicate.hasProperty(value, key) && Predicate.isString(value[key]) ? value[key] : ""

/** An error and its causes, outermost first. Causes can be circular. */
const chainOf = (error: unknown, seen: ReadonlySet<unknown> = new Set()): ReadonlyArray<unknown> =>
  Predicate.isObject(error) && !seen.has(error)
    ? [error, ...chainOf(Predicate.hasProperty(error, "cause") ? error.cause : undefined, new Set([...seen, error]))]
    : []

/** Whether the app's client says that it did not send a request. */
export const saysNotSent = (error: unknown): boolean => chainOf(error).some((link) => link instanceof NotSent)

/** Whether a failure proves that its request was never sent. */
export const isNeverSent = (error: unknown, seen: ReadonlySet<unknown> = new Set()): boolean =>
  chainOf(error, seen).some(
    (link) =>
      link instanceof NotSent ||
      neverSent.has(stringAt(link, "code")) ||
      beforeSending.has(stringAt(link, "syscall")) ||
      stringAt(link, "message") === badPort ||
      // every address of the host was tried, and none could be reached
      (link instanceof AggregateError &&
        link.errors.length > 0 &&
        link.errors.every((one) => isNeverSent(one, new Set([...seen, link]))))
  )

const isCode = (text: string) => neverSent.has(text) || /^[A-Z][A-Z0-9_]{2,60}$/.test(text)

/**
 * The code of a failure, as the runtime names it: one of the list above, or one in capitals. Any other text could hold
 * a secret.
 */
export const codeOf = (error: unknown): string => {
  const chain = chainOf(error)
  return (
    chain.find((link) => link instanceof NotSent)?.message ??
    chain
      .flatMap((link) => (link instanceof AggregateError ? [link, ...link.errors] : [link]))
      .map((link) => stringAt(link, "code"))
      .find(isCode) ??
    ""
  )
}

/** The host and the port of a URL, and nothing else of it. The app's client may have given it one that cannot be read. */
const addressOf = (url: string): string => {
  if (!URL.canParse(url)) return "the server"
  const { hostname, port, protocol } = new URL(url)
  return `${hostname}:${port === "" ? (protocol === "http:" ? 80 : 443) : port}`
}

/** Why a request to this URL was not sent: what the app's client says, or which connection failed, and its code. */
export const whyNotSent = (error: unknown, url: string): string => {
  if (saysNotSent(error)) return codeOf(error)
  const isBadPort = chainOf(error).some((link) => stringAt(link, "message") === badPort)
  const code = isBadPort ? "fetch refuses this port" : codeOf(error)
  return `no connection to ${addressOf(url)}${code === "" ? "" : ` (${code})`}`
}
