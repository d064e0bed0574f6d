/** Requests and answers as the double sees them, and how an exchange can break. */
import type { Headers } from "@effect/platform"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"

export interface Incoming {
  readonly method: string
  /** The path, still encoded. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Headers.Headers
  readonly body: string
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Text, or bytes that need not be any. */
  readonly body: string | Uint8Array
}

/** The exchange broke: no connection, none any more, or none any more in the middle of the answer. */
export class Broken extends Data.TaggedError("Broken")<{
  readonly how: "Refused" | "Lost" | "CutOff"
  readonly answer?: Answer
}> {}

/** One exchange, from the arrival of the request to the departure of its answer. */
export type Exchange = Effect.Effect<Answer, Broken>

export const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer => ({
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

/** Instantly's error body; the framework's own errors have a code. */
export const envelope = (
  status: number,
  message: string,
  options: { readonly code?: string; readonly headers?: Readonly<Record<string, string>> } = {}
): Answer =>
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
