/** What the double reads of a request, and the JSON that Instantly responds with. */
import type { Headers } from "@effect/platform"
import type { Response } from "../Fault.js"

export interface Incoming {
  readonly method: string
  /** The path, still encoded. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Headers.Headers
  readonly body: string
}

/** A response, and what the server did. */
export interface Served {
  readonly response: Response
  /** Whether the server carried the request out. */
  readonly applied: boolean
  /** Why this is the response. */
  readonly reason: string
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
