import { STATUS_CODES } from "node:http"
import { inspect } from "node:util"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Option, Redacted, Schema } from "effect"
import { InstantlyError } from "effect-instantly"
import { envelope, errorOver } from "../support/bodies.js"
import { leaksIn } from "../support/leaks.js"

const { InstantlyError: AnyError } = InstantlyError

/** A refusal in the words of its own status. */
const own = (status: number, message = "made-up", more: Readonly<Record<string, unknown>> = {}) =>
  envelope(status, STATUS_CODES[status] ?? "", { message, ...more })

describe("a refusal in Instantly's own words was not applied", () => {
  it.effect.each([
    [400, own(400), "BadRequest"],
    [400, own(400, "made-up", { code: "FST_ERR_VALIDATION" }), "BadRequest"],
    [401, own(401), "Unauthorized"],
    [401, own(401, "Missing authorization header"), "Unauthorized"],
    [401, own(401, "No Invalid scope"), "Unauthorized"],
    [401, own(401, "Invalid scope. Required: api_keys:delete. Found: leads:all"), "InsufficientScope"],
    [401, own(401, "Invalid scope"), "InsufficientScope"],
    [402, own(402), "PaymentRequired"],
    [403, own(403, "The scope api_keys:delete is missing"), "InsufficientScope"],
    [403, own(403, "Missing SCOPES"), "InsufficientScope"],
    [404, own(404), "NotFound"],
    [404, own(404, "made-up", { more: "of the future" }), "NotFound"],
    [404, ` ${own(404)}\n`, "NotFound"]
  ] as const)("%i %s is %s", ([status, body, tag]) =>
    Effect.gen(function* () {
      const error = yield* errorOver(status, body)
      expect(error).toMatchObject({ _tag: tag, status, outcome: "NotApplied", attempts: 1 })
      expect(error.message).toContain("outcome NotApplied")
    })
  )

  const others = [
    405, 406, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 431, 451
  ]
  it.effect.each([
    ...others.map((status) => [status, own(status)] as const),
    [403, own(403)],
    [403, own(403, "Look through a telescope")],
    [404, own(404, "Route DELETE:/api/v2/x not found")],
    [404, own(404, "made-up", { code: "FST_ERR_NOT_FOUND" })],
    [415, own(415, "made-up", { code: "FST_ERR_CTP_INVALID_MEDIA_TYPE" })]
  ] as const)("%i %s is UnexpectedStatus, from Instantly", ([status, body]) =>
    Effect.gen(function* () {
      expect(yield* errorOver(status, body)).toMatchObject({
        _tag: "UnexpectedStatus",
        status,
        outcome: "NotApplied",
        fromInstantly: true,
        attempts: 1,
        isRetryable: false
      })
    })
  )

  it.effect.each(["", "<html>", own(429), own(404)])("429 is TooManyRequests, whatever its body: %j", (...body) =>
    Effect.gen(function* () {
      expect(yield* errorOver(429, body.join(""))).toMatchObject({
        _tag: "TooManyRequests",
        status: 429,
        outcome: "NotApplied"
      })
    })
  )
})

describe("any other response proves nothing", () => {
  it.effect.each([
    [300, "", "several choices"],
    [301, "", "a redirect"],
    [302, own(302), "a redirect in an envelope"],
    [303, "", "a redirect after a deed"],
    [304, "", "not modified"],
    [307, "", "a redirect that keeps the method"],
    [400, "<html>", "a page"],
    [400, "", "nothing"],
    [401, "Unauthorized", "words"],
    [401, JSON.stringify({ error: "Unauthorized" }), "an envelope without its status"],
    [402, "<html>", "a page"],
    [403, "error code: 1010", "the edge"],
    [403, "<html>Invalid scope</html>", "a page that speaks of a scope"],
    [404, "", "nothing"],
    [404, "<html>", "a page"],
    [404, "null", "JSON that is no object"],
    [404, "[]", "a list"],
    [404, `[${own(404)}]`, "a list of envelopes"],
    [404, JSON.stringify({ data: JSON.parse(own(404)) }), "an envelope in another one"],
    [404, own(403), "another refusal"],
    [404, envelope(404, "Unauthorized"), "another reason"],
    [404, envelope(404, "not found"), "a reason in small letters"],
    [404, envelope(404, ""), "an empty reason"],
    [404, envelope(403, "Not Found"), "another status"],
    [404, JSON.stringify({ statusCode: "404", error: "Not Found", message: "x" }), "a status that is a string"],
    [404, JSON.stringify({ statusCode: 404, error: "Not Found" }), "no message"],
    [404, JSON.stringify({ statusCode: 404, message: "x" }), "no reason"],
    [404, own(404, "made-up", { message: 1 }), "a message that is a number"],
    [404, own(404, "made-up", { code: 1 }), "a code that is a number"],
    [404, `${own(404)}<html>`, "an envelope and a page"],
    [407, own(407), "a proxy that wants a password"],
    [408, own(408), "a server that gave up waiting"],
    [409, own(400), "another refusal"],
    [409, "<html>", "a page"],
    [418, "", "a teapot"],
    [499, "", "a proxy whose client has gone"],
    [499, envelope(499, "Client Closed Request"), "a reason that Node does not have"],
    [199, "", "a status below those that end an exchange"],
    [600, "", "a status beyond HTTP"]
  ] as const)("%i %s is UnexpectedStatus, and unknown: %s", ([status, body]) =>
    Effect.gen(function* () {
      const error = yield* errorOver(status, body)
      expect(error).toMatchObject({
        _tag: "UnexpectedStatus",
        status,
        outcome: "Unknown",
        fromInstantly: false,
        serverMessage: Option.none(),
        attempts: 1
      })
      expect(error.message).toContain("The request may have been carried out.")
    })
  )

  it.effect.each([
    [500, own(500)],
    [500, own(404)],
    [502, "<html>"],
    [503, ""],
    [599, ""]
  ] as const)("%i %s is ServerError, and unknown", ([status, body]) =>
    Effect.gen(function* () {
      expect(yield* errorOver(status, body)).toMatchObject({ _tag: "ServerError", status, outcome: "Unknown" })
    })
  )

  it.effect("not even a status that Node does not know, in an envelope", () =>
    Effect.gen(function* () {
      for (let status = 400; status < 500; status += 1) {
        if (STATUS_CODES[status] !== undefined) continue
        for (const reason of ["", "undefined", "Bad Request", "Unknown"]) {
          expect(yield* errorOver(status, envelope(status, reason))).toMatchObject({ outcome: "Unknown" })
        }
      }
    })
  )
})

describe("UnexpectedStatus says what can be said of the response", () => {
  it.effect.each([
    [302, "", "a redirect, which is not followed because it would take the token to another address"],
    [408, "", "the server gave up waiting for the request"],
    [304, "", "Instantly does not document this status"],
    [199, "", "Instantly does not document this status"],
    [600, "", "Instantly does not document this status"],
    [404, "", "it has no body, so it may not come from Instantly"],
    [404, "<html>", "it is not in Instantly's envelope, so a proxy or a firewall may have sent it"],
    [
      404,
      own(404, "Route GET:/made-up not found"),
      "Instantly has no such address, or the base URL leads to another server"
    ],
    [403, own(403), "Instantly refused the request"],
    [409, own(409), "Instantly refused the request"]
  ] as const)("%i %s", ([status, body, detail]) =>
    Effect.gen(function* () {
      const error = yield* errorOver(status, body)
      expect(error).toMatchObject({ _tag: "UnexpectedStatus", detail })
      expect(error.message).toContain(`The response had status ${status}: ${detail}.`)
    })
  )

  it.effect("a message that only looks like a route's is that of a missing resource", () =>
    Effect.gen(function* () {
      for (const message of ["no Route GET:/x not found", "Route GET:/x not found yet", "Route 9:/x not found"]) {
        expect(yield* errorOver(404, own(404, message))).toHaveProperty("_tag", "NotFound")
      }
      expect(yield* errorOver(404, own(404, "Route DELETE:/a\nb not found"))).toHaveProperty("_tag", "UnexpectedStatus")
    })
  )
})

describe("InsufficientScope", () => {
  const scopes = (message: string, status: 401 | 403 = 401) =>
    Effect.map(errorOver(status, own(status, message)), (error) => {
      if (error._tag !== "InsufficientScope") throw new Error(error._tag)
      return { required: error.required, found: error.found, status: error.status, shown: error.message, error }
    })

  const longest = `${"a".repeat(31)}:${"b".repeat(32)}`
  it.effect.each([
    [
      "Invalid scope. Required: accounts:read. Found: campaigns:all, leads:all",
      ["accounts:read"],
      ["campaigns:all", "leads:all"]
    ],
    ["Invalid scope. Required: api_keys:delete", ["api_keys:delete"], []],
    ["Invalid scope", [], []],
    ["Invalid scope. Required: . Found: ", [], []],
    ["Invalid scope. Required: a:b,c:d, e:f\ng:h\ti:j. Found: k:l", ["a:b", "c:d", "e:f", "g:h", "i:j"], ["k:l"]],
    ["Invalid scope. Found: all:all", [], ["all:all"]],
    ["Invalid scope. Required: Dashed-Name:Some_Action. Found: x:y.", ["Dashed-Name:Some_Action"], ["x:y"]],
    [`Invalid scope. Required: ${longest} ${longest}c`, [longest], []]
  ] as const)("lists the scopes that %j names", ([message, required, found]) =>
    Effect.gen(function* () {
      expect(yield* scopes(message)).toMatchObject({ required, found, status: 401 })
    })
  )

  it.effect("of a 403 lists the scopes that its message names", () =>
    Effect.gen(function* () {
      expect(yield* scopes("The scope api_keys:delete is missing", 403)).toMatchObject({
        required: ["api_keys:delete"],
        found: [],
        status: 403
      })
    })
  )

  it.effect("names in its message what would do, and what the key has", () =>
    Effect.gen(function* () {
      const { shown } = yield* scopes("Invalid scope. Required: api_keys:delete. Found: campaigns:all, leads:all")
      expect(shown).toContain("lacks the scope for it (401). It has: campaigns:all, leads:all.")
      expect(shown).toContain("one of these scopes: api_keys:delete, api_keys:all, all:delete, all:all.")
    })
  )

  it.effect("keeps at most 200 of each", () =>
    Effect.gen(function* () {
      const many = (letter: string) => Array.from({ length: 300 }, (_, n) => `${letter.repeat(1 + (n % 20))}:x`)
      const { found, required, shown } = yield* scopes(
        `Invalid scope. Required: ${many("a").join(", ")}. Found: ${many("b").join(", ")}`
      )
      expect(required).toEqual(many("a").slice(0, 200))
      expect(found).toEqual(many("b").slice(0, 200))
      expect(shown).toContain("and 188 more")
    })
  )

  const token = "bWFkZS11cC1jYW5hcnktb2YtYS1zZWNyZXQ6bWFkZS11cC1zZWNyZXQtMDEyMzQ1Njc4OQ=="
  const decoded = "5f0c9d1e-0000-4000-8000-00c0ffee0000:madeupcanary"
  const hostile: ReadonlyArray<readonly [string, string]> = [
    ["escape sequences", "\u001b[2J\u001b]0;made-up-canary\u0007 \u001b[31ma:b\u001b[0m"],
    ["signs that hide or turn text", "\u202emade-up:canary\u202c \u200bmade-up:canary \u2066a:b"],
    ["the token", token],
    ["the token in a header", `Bearer ${token}`],
    ["a decoded secret", decoded],
    ["what is in front of a decoded secret", `key:${decoded}`],
    ["digits", "made-up-canary:0 0made-up:canary m4de-up:canary"],
    ["two colons", "made:up:canary https://made-up.canary/"],
    ["a colon alone", ": made-up-canary: :made-up-canary"],
    ["other letters", "made-üp:canary m\u0430de-up:canary"],
    ["a word that is too long", `made-up-canary:${"x".repeat(64)}`],
    ["16 KiB in one word", `made-up-canary:${"x".repeat(15 * 1024)}`],
    ["16 KiB of spaces", `made-up-canary-${" ".repeat(15 * 1024)}`],
    ["16 KiB of dots", `made-up-canary-${". ".repeat(7 * 1024)}`],
    ["16 KiB of colons", `made-up-canary-${":".repeat(15 * 1024)}`],
    ["markup", "<script>made-up:canary</script> \"made-up:canary\" 'made-up:canary' {made-up:canary}"]
  ]
  it.effect.each(hostile)("keeps and shows nothing of %s", ([, text]) =>
    Effect.gen(function* () {
      for (const message of [
        `Invalid scope. Required: ${text}`,
        `Invalid scope. Found: ${text}`,
        `Invalid scope${text}`
      ]) {
        const { error, found, required, shown } = yield* scopes(message)
        expect([...required, ...found]).toEqual([])
        expect(leaksIn(error, ["made-up-canary", "made-up:canary", token, decoded])).toEqual([])
        expect(JSON.stringify(Schema.encodeSync(AnyError)(error)) + shown).not.toMatch(/canary|(?!\n)\p{C}/u)
      }
    })
  )
})

describe("an error", () => {
  it.effect("shows nothing of a body", () =>
    Effect.gen(function* () {
      const canary = "made-up-secret"
      for (const status of [302, 400, 401, 402, 403, 404, 407, 408, 409, 422, 429, 500, 503]) {
        for (const body of [canary, own(status, canary, { code: canary }), own(status, `Invalid scope ${canary}`)]) {
          const error = yield* errorOver(status, body)
          expect(leaksIn(error, [canary])).toEqual([])
          expect(JSON.stringify(Schema.encodeSync(AnyError)(error))).not.toContain(canary)
        }
      }
    })
  )

  it.effect("shows a code only if it can be nothing but the framework's", () =>
    Effect.gen(function* () {
      for (const [code, shown] of [
        ["FST_ERR_VALIDATION", Option.some("FST_ERR_VALIDATION")],
        [`FST_${"A".repeat(60)}`, Option.some(`FST_${"A".repeat(60)}`)],
        ["FST_ERR_VALIDATION_made-up", Option.none()],
        ["made-up_FST_ERR_VALIDATION", Option.none()],
        ["FST_made-up", Option.none()],
        ["FST_", Option.none()],
        [`FST_${"A".repeat(61)}`, Option.none()],
        ["made-up", Option.none()]
      ] as const) {
        expect(yield* errorOver(400, own(400, "made-up", { code }))).toMatchObject({ code: shown })
      }
    })
  )

  it.effect.each([400, 401, 404, 409, 422])(
    "of a %i keeps what Instantly said, up to 1,000 characters, where it cannot be printed",
    (status) =>
      Effect.gen(function* () {
        const message = `Route GET:/${"x".repeat(2000)} not found`
        const error = yield* errorOver(status, own(status, message))
        expect("serverMessage" in error && Option.map(error.serverMessage, Redacted.value)).toEqual(
          Option.some(message.slice(0, 1000))
        )
        expect(JSON.stringify(error) + error.message + error.stack + inspect(error)).not.toContain("xxx")
      })
  )

  it.effect.each([429, 500, 503])("of a %i says how long the server asks to wait, from now on", (status) =>
    Effect.gen(function* () {
      const asked = (header: string) => errorOver(status, "", { "retry-after": header })
      expect(yield* asked("7")).toMatchObject({ retryAfter: Option.some(Duration.seconds(7)) })
      expect(yield* asked("Thu, 01 Jan 1970 00:01:30 GMT")).toMatchObject({
        retryAfter: Option.some(Duration.seconds(90))
      })
      expect(yield* asked("soon")).toMatchObject({ retryAfter: Option.none() })
      expect(yield* errorOver(status)).toMatchObject({ retryAfter: Option.none() })
    })
  )

  const uuid = "019e18e2-78d4-7322-941a-7384d8969c61"
  const ray = "8f2a0c1d2e3f4a5b-FRA"
  it.effect.each([
    [{ "x-request-id": uuid, "cf-ray": ray }, uuid],
    [{ "request-id": "req-1a" }, "req-1a"],
    [{ "cf-ray": ray }, ray],
    [{ "x-request-id": "two words", "cf-ray": ray }, ray],
    [{ "x-request-id": "", "cf-ray": ray }, ray],
    [{ "x-request-id": ` ${uuid} ` }, uuid],
    [{ "x-request-id": uuid.toUpperCase() }, uuid.toUpperCase()],
    [{ "cf-ray": "8f2a0c1d2e3f4a5b" }, "8f2a0c1d2e3f4a5b"],
    [{ "x-request-id": "req-1a", "request-id": "req-2b" }, "req-1a"],
    [{ "x-request-id": "1" }, "1"],
    [{ "x-request-id": "1234567890123456789" }, "1234567890123456789"],
    [{ "x-request-id": "12345678901234567890" }, "12345678901234567890"],
    [{ "x-request-id": "123456789012345678901" }, undefined],
    [{ "x-request-id": "-1" }, undefined],
    [{ "x-request-id": "1.5" }, undefined],
    [{ "x-request-id": "1 2" }, undefined],
    [{ "x-request-id": "made-up-secret" }, undefined],
    [{ "x-request-id": `${uuid}0` }, undefined],
    [{ "x-request-id": `0${uuid}` }, undefined],
    [{ "x-request-id": `${uuid.replaceAll("-", "")}0` }, undefined],
    [{ "x-request-id": `${ray}A` }, undefined],
    [{ "x-request-id": "req-123456789" }, undefined],
    [{ "x-request-id": "req-" }, undefined],
    [{ "x-request-id": "" }, undefined],
    [{}, undefined]
  ] as const)("has the request id of %j", ([headers, requestId]) =>
    Effect.gen(function* () {
      const error = yield* errorOver(503, "", headers)
      expect(error.requestId).toEqual(Option.fromNullable(requestId))
      expect(error.message.includes("request id")).toBe(requestId !== undefined)
    })
  )
})
