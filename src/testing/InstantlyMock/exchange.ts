/** The requests that the double reads, the JSON that Instantly responds with, and routes. */
import type { Headers } from "@effect/platform"
import type * as Either from "effect/Either"
import type { Response } from "../Fault.js"
import type { StoredKey } from "./keys.js"

export interface Incoming {
  readonly method: string
  /** The path, still encoded. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Headers.Headers
  readonly body: string
  /** The IP address that it comes from. */
  readonly remoteAddress: string
}

/** A response, and what the server did. */
export interface Served {
  readonly response: Response
  /** Whether the server carried the request out. */
  readonly applied: boolean
  /** Why this is the response. */
  readonly reason: string
}

/** A request whose caller may make it. */
export interface Call {
  readonly caller: StoredKey
  /** The workspace that the request acts on. */
  readonly workspaceId: string
  readonly incoming: Incoming
  readonly now: number
}

export interface Route {
  readonly method: string
  /** The pattern of the whole path, still encoded. */
  readonly path: RegExp
  /** The scope that it needs: this one, `…:all` of the same resource, the same action of `all`, or `all:all`. */
  readonly scope: { readonly resource: string; readonly action: string }
  /** Validates a request as the framework does, and returns the function that carries it out. */
  readonly validate: (incoming: Incoming) => Either.Either<(call: Call) => Served, Response>
}

export const json = (status: number, body: unknown, headers: Response["headers"] = {}): Response => ({
  status,
  headers: { "content-type": "application/json; charset=utf-8", ...headers },
  body: JSON.stringify(body)
})

const reasons: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found",
  415: "Unsupported Media Type",
  429: "Too Many Requests"
}

/** Instantly's error body. The errors of its framework have a code, too. */
export const envelope = (
  status: number,
  message: string,
  options: { readonly code?: string; readonly headers?: Response["headers"] } = {}
): Response =>
  json(
    status,
    {
      statusCode: status,
      ...(options.code === undefined ? {} : { code: options.code }),
      error: reasons[status] ?? "Error",
      message
    },
    options.headers
  )

export const refused = (response: Response, reason: string): Served => ({ response, applied: false, reason })

export const carriedOut = (response: Response, reason: string): Served => ({ response, applied: true, reason })
