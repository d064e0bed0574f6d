import { inspect } from "node:util"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Option, Redacted } from "effect"
import type { InstantlyError } from "effect-instantly"
import { errorOf } from "../../src/InstantlyClient/errorOf.js"
import * as Outcome from "../../src/Outcome.js"

const facts = (status: number): InstantlyError.Facts => ({
  method: "DELETE",
  path: "/api/v2/api-keys/019e18e2-78d4-7322-941a-7384d8969c61",
  outcome: Outcome.fromStatus(status),
  attempts: 1,
  waited: Duration.zero,
  requestId: Option.none()
})

const head = (status: number) => ({ status, retryAfter: Option.none(), requestId: Option.none() })

const responded = (status: number, body?: string) => errorOf(head(status), Option.fromNullable(body), facts(status))

const envelope = (statusCode: number, error: string, more: Record<string, unknown> = {}) =>
  JSON.stringify({ statusCode, error, message: "made-up", ...more })

describe("a response", () => {
  it.each([
    [400, envelope(400, "Bad Request"), "BadRequest"],
    [400, envelope(400, "Bad Request", { code: "FST_ERR_VALIDATION" }), "BadRequest"],
    [401, envelope(401, "Unauthorized"), "Unauthorized"],
    [402, envelope(402, "Payment Required"), "PaymentRequired"],
    [403, envelope(403, "Forbidden"), "Forbidden"],
    [404, envelope(404, "Not Found"), "NotFound"],
    [404, envelope(404, "Not Found", { more: "of the future" }), "NotFound"],
    [429, envelope(429, "Too Many Requests"), "TooManyRequests"],
    [429, "<html>", "TooManyRequests"],
    [429, "", "TooManyRequests"],
    [500, envelope(500, "Internal Server Error"), "ServerError"],
    [503, "<html>", "ServerError"],
    [599, "", "ServerError"]
  ])("%i %s is %s", (status, body, tag) => {
    expect(responded(status, body)).toMatchObject({ _tag: tag, status, outcome: Outcome.fromStatus(status) })
  })

  it.each([
    [404, "", "nothing"],
    [404, "<html>", "a page"],
    [404, "null", "JSON that is no object"],
    [404, "[]", "a list"],
    [404, envelope(403, "Not Found"), "another status"],
    [404, envelope(404, "Unauthorized"), "another reason"],
    [404, JSON.stringify({ statusCode: "404", error: "Not Found", message: "x" }), "a status that is a string"],
    [404, JSON.stringify({ statusCode: 404, error: "Not Found" }), "no message"],
    [404, JSON.stringify({ statusCode: 404, message: "x" }), "no reason"],
    [404, JSON.stringify({ statusCode: 404, error: "Not Found", message: 1 }), "a message that is a number"],
    [404, envelope(404, "Not Found", { message: "Route DELETE:/api/v2/x not found" }), "a route"],
    [404, envelope(404, "Not Found", { code: "FST_ERR_NOT_FOUND" }), "a code of the framework"],
    [401, "Unauthorized", "words"],
    [402, "<html>", "a page"],
    [403, "error code: 1010", "the edge"],
    [400, "<html>", "a page"],
    [302, envelope(302, "Found"), "a redirect"],
    [304, "", "not modified"],
    [408, envelope(408, "Request Timeout"), "a 408"],
    [409, envelope(409, "Conflict"), "a status that is not documented"],
    [415, envelope(415, "Unsupported Media Type", { code: "FST_ERR_CTP_INVALID_MEDIA_TYPE" }), "a media type"],
    [418, "", "a teapot"],
    [600, "", "a status beyond HTTP"]
  ])("%i %s is not Instantly's: %s", (status, body) => {
    expect(responded(status, body)).toMatchObject({
      _tag: "UnexpectedStatus",
      status,
      outcome: Outcome.fromStatus(status)
    })
  })

  it.each([
    [302, undefined, "a redirect, which is not followed because it would take the token to another address"],
    [408, undefined, "the server gave up waiting for the request"],
    [304, undefined, "Instantly does not document this status"],
    [199, undefined, "Instantly does not document this status"],
    [600, undefined, "Instantly does not document this status"],
    [404, undefined, "its body could not be read, so it may not come from Instantly"],
    [404, "", "it has no body, so it may not come from Instantly"],
    [404, "<html>", "it is not in Instantly's envelope, so a proxy or a firewall may have given it"],
    [404, envelope(404, "Not Found", { message: "Route GET:/made-up not found" }), "Instantly has no such address"],
    [409, envelope(409, "Conflict"), "Instantly refused the request"]
  ])("%i %s tells what can be said of it", (status, body, detail) => {
    expect(responded(status, body)).toMatchObject({ _tag: "UnexpectedStatus", detail })
  })

  it("is a missing resource's where its message only looks like a route's", () => {
    for (const message of ["no Route GET:/x not found", "Route GET:/x not found yet", "Route 9:/x not found"]) {
      expect(responded(404, envelope(404, "Not Found", { message }))._tag).toBe("NotFound")
    }
    const long = envelope(404, "Not Found", { message: "Route DELETE:/a\nb not found" })
    expect(responded(404, long)._tag).toBe("UnexpectedStatus")
  })

  it("shows nothing of its body", () => {
    for (const status of [302, 400, 401, 402, 403, 404, 408, 409, 429, 500]) {
      for (const body of [
        "made-up-secret",
        envelope(status, "x", { message: "made-up-secret", code: "made-up-secret" })
      ]) {
        const error = responded(status, body)
        expect(JSON.stringify(error) + error.message + error.stack).not.toContain("made-up-secret")
      }
    }
  })

  it("shows a code only where it is the framework's", () => {
    for (const [code, shown] of [
      ["FST_ERR_VALIDATION", Option.some("FST_ERR_VALIDATION")],
      ["FST_ERR_VALIDATION_made-up", Option.none()],
      ["made-up_FST_ERR_VALIDATION", Option.none()],
      ["FST_made-up", Option.none()],
      ["FST_", Option.none()],
      [`FST_${"A".repeat(61)}`, Option.none()],
      ["made-up", Option.none()]
    ] as const) {
      expect(responded(400, envelope(400, "Bad Request", { code }))).toMatchObject({ code: shown })
    }
  })

  it("of a 429 or a 5xx says how long to wait", () => {
    for (const status of [429, 503]) {
      const retryAfter = Option.some(Duration.seconds(7))
      expect(errorOf({ ...head(status), retryAfter }, Option.none(), facts(status))).toMatchObject({ retryAfter })
      expect(responded(status)).toMatchObject({ retryAfter: Option.none() })
    }
  })

  it("keeps what Instantly said, up to 1,000 characters, where it cannot be printed", () => {
    for (const [status, reason] of [
      [400, "Bad Request"],
      [404, "Not Found"],
      [409, "Conflict"],
      [422, "Unprocessable Entity"]
    ] as const) {
      const message = `Route GET:/${"x".repeat(2000)} not found`
      const error = responded(status, envelope(status, reason, { message }))
      expect("serverMessage" in error && Option.map(error.serverMessage, Redacted.value)).toEqual(
        Option.some(message.slice(0, 1000))
      )
      expect(JSON.stringify(error) + error.message + error.stack + inspect(error)).not.toContain("xxx")
    }
    for (const [status, body] of [
      [404, "<html>"],
      [302, envelope(302, "Found")],
      [408, envelope(408, "Request Timeout")]
    ] as const) {
      expect(responded(status, body)).toMatchObject({ serverMessage: Option.none() })
    }
  })

  it.each([
    [409, envelope(409, "Conflict"), true],
    [422, envelope(422, "Unprocessable Entity"), true],
    [404, envelope(404, "Not Found", { message: "Route GET:/made-up not found" }), false],
    [409, envelope(400, "Conflict"), false],
    [409, "<html>", false]
  ])(
    "%i %s comes from Instantly itself, and not from a wrong address or a proxy: %s",
    (status, body, fromInstantly) => {
      expect(responded(status, body)).toMatchObject({ _tag: "UnexpectedStatus", fromInstantly })
    }
  )
})
