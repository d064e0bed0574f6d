/** What each response proves, over each client: the error, its outcome, its receipt, and that no message claims more. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Either, Redacted, Stream } from "effect"
import { ApiKey, ApiKeys, Instantly, RateLimit, RetryPolicy, Revocation } from "effect-instantly"
import { clients } from "../support/clients.js"
import { key } from "../support/key.js"
import { headOf, responseOf, serveRaw } from "../support/rawServer.js"

const id = ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-7384d8969c61")
const another = "019e18e2-78d4-7322-941a-7384d8969c62"

const deletedKey = key({ id, organization_id: another })
const { name: _, ...nameless } = deletedKey

type Expected = readonly [tag: string, outcome: "NotApplied" | "Unknown" | "Applied", receipt: string]

const deleted: Expected = ["Deleted", "Applied", "Deleted"]
/** The body proves the deletion, and cannot be read as a whole. */
const confirmed: Expected = ["InvalidResponse", "Applied", "Deleted"]
const unproven: Expected = ["InvalidResponse", "Unknown", "Unknown"]
const page: Expected = ["UnexpectedStatus", "Unknown", "Unknown"]
const refused = (tag: string): Expected => [tag, "NotApplied", tag === "NotFound" ? "NotFound" : "Failed"]
const failed: Expected = ["ServerError", "Unknown", "Unknown"]

const html = "<!doctype html><title>made-up</title>"
const json = (value: unknown) => JSON.stringify(value)
const envelope = (statusCode: number, error: string, message = "made-up", code?: string) =>
  json({ statusCode, error, message, code })

const successes: ReadonlyArray<readonly [status: number, body: string, expected: Expected]> = [
  [200, json(deletedKey), deleted],
  [200, json({ ...deletedKey, id: id.toUpperCase() }), deleted],
  [200, json({ ...deletedKey, key: "" }), deleted],
  [200, json({ ...deletedKey, made_up: [1, { two: 2 }] }), deleted],
  [201, json(deletedKey), deleted],
  [202, json(deletedKey), deleted],
  [200, json(nameless), confirmed],
  [200, json({ id }), confirmed],
  [200, json({ ...deletedKey, scopes: 42 }), confirmed],
  [200, json({ ...deletedKey, timestamp_created: "yesterday" }), confirmed],
  [200, json({ error: "made-up", id }), confirmed],
  [200, html, unproven],
  [200, "", unproven],
  [200, "{}", unproven],
  [200, "[]", unproven],
  [200, "null", unproven],
  [200, "42", unproven],
  [200, '"deleted"', unproven],
  [200, json(id), unproven],
  [200, json(deletedKey).slice(0, 60), unproven],
  [200, json({ ...deletedKey, id: another }), unproven],
  [200, json({ ...deletedKey, id: [id] }), unproven],
  [200, json([deletedKey]), unproven],
  [200, json({ data: deletedKey }), unproven],
  [200, json({ items: [deletedKey] }), unproven],
  [200, json({ error: "made-up" }), unproven],
  [200, json({ success: true }), unproven],
  [200, envelope(401, "Unauthorized"), unproven],
  [200, envelope(404, "Not Found"), unproven],
  [200, envelope(500, "Internal Server Error"), unproven],
  [201, html, unproven],
  [202, "{}", unproven],
  [203, html, unproven],
  [204, "", unproven],
  [206, json(deletedKey).slice(0, 60), unproven]
]

const refusals: ReadonlyArray<readonly [status: number, body: string, expected: Expected]> = [
  [400, envelope(400, "Bad Request"), refused("BadRequest")],
  [400, envelope(400, "Bad Request", "made-up", "FST_ERR_VALIDATION"), refused("BadRequest")],
  [401, envelope(401, "Unauthorized", "Invalid API key"), refused("Unauthorized")],
  [401, envelope(401, "Unauthorized", "Missing authorization header"), refused("Unauthorized")],
  [401, envelope(401, "Unauthorized", "The key has no Invalid scope"), refused("Unauthorized")],
  [401, envelope(401, "Unauthorized", "Invalid scope"), refused("InsufficientScope")],
  [
    401,
    envelope(401, "Unauthorized", "Invalid scope. Required: api_keys:delete. Found: all:read"),
    refused("InsufficientScope")
  ],
  [402, envelope(402, "Payment Required"), refused("PaymentRequired")],
  [403, envelope(403, "Forbidden", "You need the scope api_keys:delete"), refused("InsufficientScope")],
  [403, envelope(403, "Forbidden"), refused("UnexpectedStatus")],
  [404, envelope(404, "Not Found", "Resource not found"), refused("NotFound")],
  [404, envelope(404, "Not Found", "Route DELETE:/made-up not found"), refused("UnexpectedStatus")],
  [404, envelope(404, "Not Found", "made-up", "FST_ERR_NOT_FOUND"), refused("UnexpectedStatus")],
  [405, envelope(405, "Method Not Allowed"), refused("UnexpectedStatus")],
  [409, envelope(409, "Conflict"), refused("UnexpectedStatus")],
  [413, envelope(413, "Payload Too Large"), refused("UnexpectedStatus")],
  [415, envelope(415, "Unsupported Media Type"), refused("UnexpectedStatus")],
  [422, envelope(422, "Unprocessable Entity"), refused("UnexpectedStatus")],
  [429, envelope(429, "Too Many Requests"), refused("TooManyRequests")],
  [429, html, refused("TooManyRequests")],
  [429, "", refused("TooManyRequests")]
]

const pages: ReadonlyArray<readonly [status: number, body: string, expected: Expected]> = [
  ...[300, 301, 302, 303, 307, 308].map((status) => [status, html, page] as const),
  [400, html, page],
  [401, html, page],
  [401, "", page],
  [401, "{}", page],
  [401, envelope(403, "Forbidden"), page],
  [401, envelope(401, "Forbidden"), page],
  [401, json({ statusCode: "401", error: "Unauthorized", message: "made-up" }), page],
  [401, json({ statusCode: 401, error: "Unauthorized" }), page],
  [402, html, page],
  [403, html, page],
  [403, "error code: 1010", page],
  [404, html, page],
  [404, "", page],
  [404, envelope(404, "Gone"), page],
  [404, `${envelope(404, "Not Found")}${" ".repeat(16 * 1024)}`, page],
  [408, "", page],
  [408, envelope(408, "Request Timeout"), page],
  [410, html, page],
  [418, "", page],
  [451, html, page],
  [499, "", page],
  [499, envelope(499, "Client Closed Request"), page],
  [500, envelope(500, "Internal Server Error"), failed],
  ...[500, 501, 502, 503, 504, 520, 522, 524, 599].map((status) => [status, html, failed] as const)
]

const responses = [...successes, ...refusals, ...pages]

/** What a message may say only where the outcome is one of these. */
const claims = [
  [/The request was carried out|confirmed the request/, ["Applied"]],
  [/changed nothing|Nothing was carried out/, ["NotApplied"]],
  [/may have been carried out/, ["Unknown"]]
] as const

it("there are more than seventy responses", () => {
  expect(responses.length).toBeGreaterThan(70)
})

describe.each(clients)("over %s", (_, client) => {
  const named = responses.map(([status, body, expected], index) => ({
    index,
    what: `${status} ${body.slice(0, 60).trim()}`,
    expected
  }))
  it.scopedLive.each(named)("$what is $expected", ({ expected: [tag, outcome, receipt], index }) =>
    Effect.gen(function* () {
      const [status, body] = responses[index] ?? [0, ""]
      const bytes = status === 204 ? headOf(status) : responseOf(status, body)
      const server = yield* serveRaw((socket) => socket.write(bytes))
      const live = Instantly.layer({
        apiKey: Redacted.make("made-up-token"),
        baseUrl: server.origin,
        retryPolicy: RetryPolicy.none,
        rateLimit: RateLimit.unlimited
      })
      yield* Effect.gen(function* () {
        const result = yield* Effect.either(ApiKeys.delete(id))
        if (Either.isLeft(result)) {
          const { message, ...error } = result.left
          expect({ tag: error._tag, outcome: error.outcome }).toEqual({ tag, outcome })
          for (const [claim, outcomes] of claims) {
            if (claim.test(message)) expect(outcomes).toContain(outcome)
          }
        } else {
          expect(tag).toBe("Deleted")
        }
        const [made] = yield* Stream.runCollect(Revocation.run([id]))
        expect(made?._tag).toBe(receipt)
      }).pipe(Effect.provide(live))
    }).pipe(Effect.provide(client))
  )
})
