/** What the head of a response says. It is read once: Fetch and Undici build the headers anew at each look. */
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as RetryAfter from "./retryAfter.js"

export interface Head {
  readonly status: number
  /** How long the server asks to wait: at most a day. */
  readonly retryAfter: Option.Option<Duration.Duration>
  /** The id under which the server knows the request, for its support. */
  readonly requestId: Option.Option<string>
}

const requestIdHeaders = ["x-request-id", "request-id", "cf-ray"]

/** A UUID, a ray id of Cloudflare's, or a number of Fastify's: nothing that a token could look like. */
const requestIdShape = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16}(?:-[A-Z]{3})?|req-[0-9a-z]{1,8})$/i

export const headOf = (
  { headers, status }: Pick<HttpClientResponse.HttpClientResponse, "headers" | "status">,
  now: number
): Head => ({
  status,
  retryAfter: RetryAfter.parse(headers["retry-after"], now),
  requestId: Option.fromNullable(
    requestIdHeaders.map((name) => headers[name]?.trim()).find((id) => id !== undefined && requestIdShape.test(id))
  )
})
