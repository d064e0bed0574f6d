/**
 * The message of each error, from its fields: what happened, what to do next, and the facts of the call, on at most
 * four lines. It never repeats a server's text: a proxy may echo the request, and with it the token.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as InstantlyError from "../InstantlyError.js"
import { isIdempotent } from "../internal/isIdempotent.js"

/** @internal The facts of a call on one line. */
export const factsLine = ({ attempts, method, outcome, path, requestId, waited }: InstantlyError.Facts): string =>
  [
    ...(path === "" ? [] : [`${method} ${path}`]),
    `outcome ${outcome}`,
    `${attempts} ${attempts === 1 ? "attempt" : "attempts"}`,
    `waited ${Duration.format(waited)}`,
    ...Option.match(requestId, { onNone: () => [], onSome: (id) => [`request id ${id}`] })
  ].join(" · ")

const lines = (error: InstantlyError.Facts, ...said: ReadonlyArray<string>) => [...said, factsLine(error)].join("\n")

const lostEarlier =
  "An earlier attempt of this call may have been carried out: its response was lost, or proves nothing."

/** A refusal is about its own attempt alone, so the message adds what the attempts before it may have done. */
const refused = (error: InstantlyError.Facts, what: string, next: string, earlier = lostEarlier) =>
  error.outcome === "NotApplied" ? lines(error, what, next) : lines(error, what, next, earlier)

const waitAdvice = (error: { readonly retryAfter: Option.Option<Duration.Duration> }, otherwise: string) =>
  Option.match(error.retryAfter, {
    onNone: () => otherwise,
    onSome: (wait) => `Wait ${Duration.format(wait)} before the next request, as the server asks.`
  })

const because = (detail: string) => (detail === "" ? "" : `: ${detail}`)

const sendAgain = ({ method }: InstantlyError.Facts) =>
  method === "" || isIdempotent(method)
    ? "Wait longer than your timeout, then send it again, or check whether it was carried out."
    : `Do not repeat it: a ${method} can be carried out twice. Check first whether it was carried out.`

/** Nothing proves what became of the request. */
const unproven = (error: InstantlyError.Facts) =>
  error.method === "GET"
    ? "The request only reads: nothing was changed."
    : `The request may have been carried out. ${sendAgain(error)}`

const actions: Readonly<Record<string, string>> = {
  DELETE: "delete",
  GET: "read",
  PATCH: "update",
  POST: "create"
}

/** The scopes of which Instantly requires one, by its rule: this action or all, on this resource or on all. */
const scopesFor = ({ method, path }: InstantlyError.Facts): ReadonlyArray<string> => {
  const resource = /^\/api\/v2\/([\w-]+)/.exec(path)?.[1]?.replaceAll("-", "_")
  const subjects = resource === undefined ? ["all"] : [resource, "all"]
  const action = actions[method]
  return subjects.flatMap((subject) => [...(action === undefined ? [] : [`${subject}:${action}`]), `${subject}:all`])
}

const mostScopes = 12

const listed = (scopes: ReadonlyArray<string>): string => {
  const rest = scopes.length > mostScopes ? `, and ${scopes.length - mostScopes} more` : ""
  return `${scopes.slice(0, mostScopes).join(", ")}${rest}`
}

export const badRequest = (error: InstantlyError.BadRequest): string =>
  refused(
    error,
    `Instantly refused the request as malformed (400${Option.match(error.code, { onNone: () => "", onSome: (code) => `, ${code}` })}).`,
    "The request changed nothing. Check the id, and what was sent with the request."
  )

export const unauthorized = (error: InstantlyError.Unauthorized): string =>
  refused(
    error,
    "Instantly does not accept the API key that this call authenticates with (401): it is missing, wrong or revoked.",
    "Authenticate with an API key that is active.",
    `${lostEarlier} If this call deletes the very key it authenticates with, that attempt most likely worked.`
  )

export const paymentRequired = (error: InstantlyError.PaymentRequired): string =>
  refused(
    error,
    "The workspace has no active paid plan (402), and Instantly refuses its API calls.",
    "Renew the plan. Until then the API changes nothing in this workspace."
  )

export const insufficientScope = (error: InstantlyError.InsufficientScope): string =>
  refused(
    error,
    `The API key that this call authenticates with lacks the scope for it (${error.status}).${
      error.found.length === 0 ? "" : ` It has: ${listed(error.found)}.`
    }`,
    `Use an API key with one of these scopes: ${listed([...new Set([...error.required, ...scopesFor(error)])])}. For a sub workspace, use a key of its admin workspace.`
  )

export const notFound = (error: InstantlyError.NotFound): string =>
  refused(
    error,
    "Instantly has nothing with this id in the workspace that this call acts on (404).",
    "This does not prove that a key is gone: it may belong to another workspace, or the id may be wrong.",
    `${lostEarlier} That attempt may have deleted the key.`
  )

export const tooManyRequests = (error: InstantlyError.TooManyRequests): string =>
  refused(
    error,
    "The workspace has exceeded Instantly's rate limit (429), which all its API keys and programs share.",
    waitAdvice(error, "The server did not say how long to wait. One minute is enough for either limit.")
  )

export const serverError = (error: InstantlyError.ServerError): string =>
  lines(
    error,
    `Instantly, or a proxy in front of it, failed (${error.status}). The request may have been carried out.`,
    isIdempotent(error.method) || error.method === "" ? waitAdvice(error, sendAgain(error)) : sendAgain(error)
  )

export const unexpectedStatus = (error: InstantlyError.UnexpectedStatus): string => {
  const what = `The response had status ${error.status}: ${error.detail}.`
  return error.fromInstantly
    ? refused(error, what, "Check the base URL, the `workspaceId`, and what was sent with the request.")
    : lines(error, what, `Check the base URL, and the network on the way to it. ${unproven(error)}`)
}

export const invalidResponse = (error: InstantlyError.InvalidResponse): string =>
  error.confirmed
    ? lines(
        error,
        `Instantly confirmed the request (${error.status}), but the body could not be read as a whole: ${error.detail}.`,
        "The request was carried out. Do not repeat it."
      )
    : lines(
        error,
        `The body of the response (${error.status}) is not what the call and its Schema expect: ${error.detail}.`,
        unproven(error)
      )

/** Nothing is under way if the outcome is `NotApplied`: then the call was waiting for a permit, or for its next attempt. */
const timedOut = ({ attempts, outcome }: InstantlyError.TransportError): string => {
  if (attempts === 0) return "The call timed out before a request was sent"
  return outcome === "NotApplied"
    ? "The call timed out before the request was sent again"
    : "No response arrived in time"
}

export const transportError = (error: InstantlyError.TransportError): string => {
  switch (error.reason) {
    case "NotSent":
      return refused(
        error,
        `The request was not sent${because(error.detail)}.`,
        "Check the address, the network and the settings."
      )
    case "Timeout":
      return lines(
        error,
        `${timedOut(error)}${because(error.detail)}.`,
        error.outcome === "NotApplied" ? "Nothing was carried out." : unproven(error)
      )
    case "ConnectionLost":
      return lines(error, `No response reached this client${because(error.detail)}.`, unproven(error))
  }
}

export const heldBack = (error: InstantlyError.HeldBack): string =>
  refused(
    error,
    `This client did not send the request: ${error.detail}.`,
    "Sending it again will not help until that changes."
  )

/** `JSON.stringify` and JSON logs show an error's own properties, and a derived message is not one of them. */
export const addToJson = (prototype: Error): void => {
  Object.defineProperty(prototype, "toJSON", {
    value(this: Error) {
      return { ...this, message: this.message }
    },
    configurable: true,
    writable: true
  })
}
