import { Headers } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Option } from "effect"
import { requestIdOf, toError } from "../../src/InstantlyClient/errorOf.js"
import type { Facts } from "../../src/InstantlyError/message.js"
import * as Outcome from "../../src/Outcome.js"

const facts = (status: number): Facts => ({
  method: "DELETE",
  path: "/api/v2/api-keys/019e18e2-78d4-7322-941a-7384d8969c61",
  outcome: Outcome.fromStatus(status),
  attempts: 1,
  waited: Duration.zero,
  requestId: Option.none()
})

const answered = (status: number, body: string, headers: Record<string, string> = {}) =>
  toError({ status, body, headers: Headers.fromInput(headers) }, facts(status), 0)

const envelope = (statusCode: number, error: string, more: Record<string, unknown> = {}) =>
  JSON.stringify({ statusCode, error, message: "made-up", ...more })

const uuid = "019e18e2-78d4-7322-941a-7384d8969c61"
const ray = "8f2a0c1d2e3f4a5b-FRA"

describe("an answer", () => {
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
    expect(answered(status, body)).toMatchObject({ _tag: tag, status, outcome: Outcome.fromStatus(status) })
  })

  it.each([
    [404, "", "nothing"],
    [404, "<html>", "a page"],
    [404, "null", "JSON that is none"],
    [404, "[]", "a list"],
    [404, envelope(403, "Not Found"), "another status"],
    [404, envelope(404, "Unauthorized"), "another reason"],
    [404, JSON.stringify({ statusCode: "404", error: "Not Found", message: "x" }), "a status that is a string"],
    [404, JSON.stringify({ statusCode: 404, error: "Not Found" }), "no message"],
    [404, JSON.stringify({ statusCode: 404, message: "x" }), "no reason"],
    [404, JSON.stringify({ statusCode: 404, error: "Not Found", message: 1 }), "a message that is a number"],
    [404, envelope(404, "Not Found", { message: "Route DELETE:/api/v2/x not found" }), "a route"],
    [404, envelope(404, "Not Found", { code: "FST_ERR_NOT_FOUND" }), "a code of the framework"],
    [404, envelope(404, "Not Found", { message: "x".repeat(20_000) }), "far too long an envelope"],
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
    expect(answered(status, body)).toMatchObject({
      _tag: "UnexpectedStatus",
      status,
      outcome: Outcome.fromStatus(status)
    })
  })

  it.each([
    [302, "made-up", "a redirect, which is not followed: it would take the token to another address"],
    [408, "made-up", "the server gave up waiting for the request"],
    [304, "", "its body is missing, which would say whose answer it is"],
    [404, "", "its body is missing, which would say whose answer it is"],
    [404, "<html>", "not an answer that Instantly is known to give: a proxy, a firewall or its edge may have given it"],
    [
      404,
      envelope(404, "Not Found", { message: "Route GET:/made-up not found" }),
      "Instantly has no such address: check the base URL"
    ]
  ])("%i %s tells what can be said of it", (status, body, detail) => {
    expect(answered(status, body)).toMatchObject({ detail })
  })

  it("is Instantly's up to the longest envelope, and no longer", () => {
    const long = (length: number) => {
      const body = envelope(404, "Not Found", { message: "" })
      return body.replace('"message":""', `"message":"${"x".repeat(length - body.length)}"`)
    }
    expect(long(16_384)).toHaveLength(16_384)
    expect(answered(404, long(16_384))._tag).toBe("NotFound")
    expect(answered(404, long(16_385))._tag).toBe("UnexpectedStatus")
  })

  it("is a missing resource's where its message only looks like a route's", () => {
    for (const message of ["no Route GET:/x not found", "Route GET:/x not found yet", "Route 9:/x not found"]) {
      expect(answered(404, envelope(404, "Not Found", { message }))._tag).toBe("NotFound")
    }
    const long = envelope(404, "Not Found", { message: "Route DELETE:/a\nb not found" })
    expect(answered(404, long)._tag).toBe("UnexpectedStatus")
  })

  it("shows nothing of its body", () => {
    for (const status of [302, 400, 401, 402, 403, 404, 408, 409, 429, 500]) {
      for (const body of [
        "made-up-secret",
        envelope(status, "x", { message: "made-up-secret", code: "made-up-secret" })
      ]) {
        const error = answered(status, body, { "x-request-id": "made up secret" })
        expect(JSON.stringify(error) + error.message + error.stack).not.toMatch(/made-up-secret|made up secret/)
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
      expect(answered(400, envelope(400, "Bad Request", { code }))).toMatchObject({ code: shown })
    }
  })

  it("says how long to wait", () => {
    for (const status of [429, 503]) {
      expect(answered(status, "", { "retry-after": "7" })).toMatchObject({
        retryAfter: Option.some(Duration.seconds(7))
      })
      expect(answered(status, "", { "retry-after": "soon" })).toMatchObject({ retryAfter: Option.none() })
    }
  })

  it.each([
    [{ "x-request-id": uuid, "cf-ray": ray }, uuid],
    [{ "request-id": "req-1a" }, "req-1a"],
    [{ "cf-ray": ray }, ray],
    [{ "x-request-id": "two words", "cf-ray": ray }, ray],
    [{ "x-request-id": "made-up-secret" }, undefined],
    [{ "x-request-id": ` ${uuid} ` }, uuid],
    [{ "x-request-id": uuid.toUpperCase() }, uuid.toUpperCase()],
    [{ "cf-ray": "8f2a0c1d2e3f4a5b" }, "8f2a0c1d2e3f4a5b"],
    [{ "x-request-id": "req-1a", "request-id": "req-2b" }, "req-1a"],
    [{ "x-request-id": `${uuid}0` }, undefined],
    [{ "x-request-id": `0${uuid}` }, undefined],
    [{ "x-request-id": `${uuid.replaceAll("-", "")}0` }, undefined],
    [{ "x-request-id": `${ray}A` }, undefined],
    [{ "x-request-id": "req-123456789" }, undefined],
    [{ "x-request-id": "req-" }, undefined],
    [{ "x-request-id": "" }, undefined],
    [{}, undefined]
  ])("has the request id of %j", (headers, id) => {
    expect(requestIdOf(Headers.fromInput(headers))).toEqual(Option.fromNullable(id))
  })
})
