/**
 * The words of each error: what happened, what to do next, and the facts of the call, on at most four lines. They are
 * built from what this library knows, never from a server's text: a proxy may echo the request, and with it the token.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { knownScopes } from "../ApiKey/knownScopes.js"
import { fromStatus, type Outcome } from "../Outcome.js"

/** What is known of a call when it fails. */
export interface Facts {
  readonly method: string
  readonly path: string
  readonly outcome: Outcome
  readonly attempts: number
  readonly waited: Duration.Duration
  readonly requestId: Option.Option<string>
}

/** What every error can be made from. Each field has a default, so that `new NotFound()` is enough in a test. */
export interface Plain extends Partial<Facts> {
  readonly message?: string
}

interface WithWait extends Plain {
  readonly retryAfter?: Option.Option<Duration.Duration>
}

interface WithDetail extends Plain {
  readonly status?: number
  readonly detail?: string
}

/** The facts of a call on one line. */
export const factsLine = ({ attempts, method, outcome, path, requestId, waited }: Facts) =>
  [
    ...(path === "" ? [] : [`${method} ${path}`]),
    `outcome ${outcome}`,
    `${attempts} ${attempts === 1 ? "attempt" : "attempts"}`,
    `waited ${Duration.format(waited)}`,
    ...Option.match(requestId, { onNone: () => [], onSome: (id) => [`request id ${id}`] })
  ].join(" · ")

/** An error's fields, with its outcome and its message: `lines` where it can add to them what the outcome is. */
const complete = <P extends Plain>(
  props: P,
  ownOutcome: Outcome,
  lines: (outcome: Outcome) => ReadonlyArray<string>
) => {
  const outcome = props.outcome ?? ownOutcome
  const facts = factsLine({
    method: props.method ?? "",
    path: props.path ?? "",
    outcome,
    attempts: props.attempts ?? 1,
    waited: props.waited ?? Duration.zero,
    requestId: props.requestId ?? Option.none()
  })
  return { message: [...lines(outcome), facts].join("\n"), ...props, outcome }
}

const failed = <P extends Plain>(props: P, ownOutcome: Outcome, what: string, next: string) =>
  complete(props, ownOutcome, () => [what, next])

const lostEarlier = "An earlier attempt of this call may have been carried out: its answer was lost."

/** A refusal speaks for its own attempt alone: what the attempts before it may have done is said beside it. */
const refused = <P extends Plain>(props: P, what: string, next: string, earlier = lostEarlier) =>
  complete(props, "NotApplied", (outcome) => (outcome === "NotApplied" ? [what, next] : [what, next, earlier]))

const waitAdvice = ({ retryAfter = Option.none() }: WithWait, otherwise: string) =>
  Option.match(retryAfter, {
    onNone: () => otherwise,
    onSome: (wait) => `Wait ${Duration.format(wait)} before the next request, as the server asks.`
  })

const actions: Record<string, string> = { DELETE: "delete", GET: "read", PATCH: "update", POST: "create" }

/** The scopes of which Instantly wants one, by its rule: this action or all, on this resource or on all. */
const scopesFor = ({ method = "", path = "" }: Plain): ReadonlyArray<string> => {
  const resource = /^\/api\/v2\/([\w-]+)/.exec(path)?.[1]?.replaceAll("-", "_")
  const wanted = [resource, "all"].flatMap((subject) => [`${subject}:${actions[method]}`, `${subject}:all`])
  const known = new Set<string>(knownScopes)
  return wanted.filter((scope) => known.has(scope))
}

export interface BadRequest extends Plain {
  readonly code?: Option.Option<string>
}
export const badRequest = (props: BadRequest) => {
  const code = Option.match(props.code ?? Option.none(), { onNone: () => "", onSome: (known) => `, ${known}` })
  const next = "Nothing was changed by it. Check the id, and what was sent with the request."
  return props.attempts === 0
    ? refused(props, "The request was not sent: its id is not a UUID (it is not shown here).", "Check the id.")
    : refused(props, `The request is malformed (400${code}).`, next)
}

export type Unauthorized = Plain
export const unauthorized = (props: Unauthorized) =>
  refused(
    props,
    "Instantly does not accept the API key that this call authenticates with (401): it is missing, wrong or revoked.",
    "Authenticate with an API key that is active.",
    `${lostEarlier} If this call deletes the very key it authenticates with, that attempt worked.`
  )

export type PaymentRequired = Plain
export const paymentRequired = (props: PaymentRequired) =>
  refused(
    props,
    "The workspace has no active paid plan (402), and Instantly refuses its API calls.",
    "Renew the plan: until then the API changes nothing in this workspace."
  )

export type Forbidden = Plain
export const forbidden = (props: Forbidden) =>
  refused(
    props,
    "The API key that this call authenticates with lacks the scope for it (403).",
    `Authenticate with an API key that has one of: ${scopesFor(props).join(", ")}; for a sub workspace, of its admin workspace.`
  )

export type NotFound = Plain
export const notFound = (props: NotFound) =>
  refused(
    props,
    "Instantly finds nothing with this id in the workspace of this call (404).",
    "It does not prove that a key is gone: it may belong to another workspace, or the id be a wrong one.",
    `${lostEarlier} It may be what deleted the key.`
  )

export type TooManyRequests = WithWait
export const tooManyRequests = (props: TooManyRequests) =>
  refused(
    props,
    "The workspace has exceeded Instantly's rate limit (429), which all its API keys and programs share.",
    waitAdvice(props, "The server did not say how long to wait: a minute outlasts either limit.")
  )

export interface ServerError extends WithWait {
  readonly status?: number
}
export const serverError = (props: ServerError) =>
  failed(
    props,
    "Unknown",
    `Instantly, or what stands in front of it, failed (${props.status ?? 500}): the request may have been carried out.`,
    waitAdvice(props, "Send it again, or look whether it was.")
  )

export type UnexpectedStatus = WithDetail
export const unexpectedStatus = (props: UnexpectedStatus) => {
  const { detail = "not an answer that Instantly is known to give", status = 302 } = props
  const outcome = fromStatus(status)
  const what = `The request was answered with status ${status}: ${detail}.`
  const next = "Check the base URL, and the network on the way to it."
  return outcome === "NotApplied" ? refused(props, what, next) : failed(props, outcome, what, next)
}

export type InvalidResponse = WithDetail
export const invalidResponse = (props: InvalidResponse) => {
  const { detail = "not what was asked for", status = 200 } = props
  const what = `Instantly answered with success (${status}), but the answer cannot be read: ${detail}.`
  return failed(
    props,
    "Applied",
    what,
    props.method === "GET"
      ? "It was a read: nothing was changed."
      : "The request was carried out. Do not repeat it: look at its effect."
  )
}

export interface TransportError extends Plain {
  readonly reason?: "NotSent" | "ConnectionLost" | "Timeout"
  readonly detail?: string
  readonly heldBack?: boolean
}
export const transportError = (props: TransportError) => {
  const because = props.detail ? `: ${props.detail}` : ""
  const again = "Send it again, or look whether it was."
  switch (props.reason) {
    case "NotSent":
      return refused(props, `The request was not sent${because}.`, "Check the address, the network and the settings.")
    case "Timeout":
      return complete(props, "Unknown", (outcome) => [
        props.attempts === 0
          ? `The time was up before a request could be sent${because}.`
          : `No answer came in time${because}.`,
        outcome === "NotApplied" ? "Nothing was carried out." : `The request may still be carried out. ${again}`
      ])
    default: {
      const what = `The connection was lost before the answer came${because}.`
      return failed(props, "Unknown", what, `The request may have been carried out. ${again}`)
    }
  }
}
