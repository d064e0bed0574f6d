/** Whatever comes back, a call ends in a value or a typed error: never in a defect, and never not at all. */
import { STATUS_CODES } from "node:http"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, FastCheck, Redacted } from "effect"
import {
  ApiKey,
  ApiKeys,
  Instantly,
  type InstantlyClient,
  InstantlyError,
  type Outcome,
  RateLimit,
  RetryPolicy
} from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { clients } from "../support/clients.js"
import { histories } from "../support/histories.js"
import { key } from "../support/key.js"
import { serveRaw } from "../support/rawServer.js"

const id = "019e18e2-78d4-7322-941a-7384d8969c61"

const remove = (options: Partial<InstantlyClient.Options> = {}) =>
  ApiKeys.delete(ApiKey.ApiKeyId.make(id)).pipe(
    Effect.provide(
      Instantly.layer({
        apiKey: Redacted.make("made-up"),
        retryPolicy: RetryPolicy.none,
        rateLimit: RateLimit.unlimited,
        ...options
      })
    ),
    Effect.exit
  )

const propertiesOf = (body: string): Record<string, unknown> => {
  try {
    return Object(JSON.parse(body))
  } catch {
    return {}
  }
}

/** What a response proves, by the table of README, and by nothing else. */
const provenBy = (status: number, body: string): Outcome.Outcome => {
  const { error, id: named, message, statusCode, code } = propertiesOf(body)
  if (status === 429) return "NotApplied"
  // a 204 or a 205 has no body
  if (status < 300) return status !== 204 && status !== 205 && named === id ? "Applied" : "Unknown"
  const isEnvelope =
    statusCode === status &&
    error === STATUS_CODES[status] &&
    typeof message === "string" &&
    (code === undefined || typeof code === "string")
  return status >= 400 && status < 500 && status !== 407 && status !== 408 && isEnvelope ? "NotApplied" : "Unknown"
}

/** A call that got this response ended as it should. */
const expectTyped = (status: number, body: string, exit: Exit.Exit<ApiKey.ApiKey, unknown>) => {
  if (Exit.isSuccess(exit)) {
    expect(status).toBeLessThan(300)
    expect(exit.value.id).toBe(id)
    return
  }
  const { cause } = exit
  expect(cause._tag).toBe("Fail")
  const error = cause._tag === "Fail" ? cause.error : undefined
  expect(InstantlyError.isInstantlyError(error)).toBe(true)
  if (!InstantlyError.isInstantlyError(error)) return
  expect(error.outcome).toBe(provenBy(status, body))
  expect(error.message).toEqual(expect.stringMatching(/^.{10,600}(\n.{10,600}){2,3}$/))
}

const { array, constant, constantFrom, dictionary, integer, json, nat, oneof, string, stringMatching, tuple } =
  FastCheck

const wire = key({ id })

const body = oneof(
  constant(JSON.stringify(wire)),
  json(),
  string({ unit: "binary", maxLength: 200 }),
  // a good body of which one thing is something else
  tuple(constantFrom(...Object.keys(wire)), FastCheck.jsonValue()).map(([field, value]) =>
    JSON.stringify({ ...wire, [field]: value })
  ),
  // an envelope that may agree with its status or not
  tuple(integer({ min: 400, max: 405 }), string(), string(), json()).map(([statusCode, error, message, code]) =>
    JSON.stringify({ statusCode, error, message, code })
  ),
  constantFrom(400, 401, 402, 403, 404).map((statusCode) =>
    JSON.stringify({ statusCode, error: "Not Found", message: "x" })
  ),
  nat({ max: 100_000 }).map((depth) => "[".repeat(depth) + "]".repeat(depth)),
  nat({ max: 20_000 }).map((depth) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`),
  constantFrom(
    "",
    "null",
    "\u0000",
    `${JSON.stringify(wire)}\u0000`,
    `{"id":"${id}","id":"made-up"}`,
    `{"__proto__":{"id":"${id}"},"constructor":{"prototype":{}}}`,
    '{"statusCode":1e999,"error":"Not Found","message":"x"}',
    JSON.stringify({ ...wire, scopes: 1e308 }),
    JSON.stringify({ ...wire, scopes: Array.from({ length: 50_000 }, (_, index) => `made-up:${index}`) }),
    JSON.stringify({ ...wire, name: "x".repeat(2_000_000) }),
    "x".repeat(2_000_000),
    new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])
  )
)

const headers = dictionary(
  constantFrom("retry-after", "x-request-id", "cf-ray", "content-type", "location", "content-length", "x-made-up"),
  oneof(
    stringMatching(/^[\t\x20-\x7e\xa0-\xff]{0,40}$/),
    array(nat().map(String), { maxLength: 3 }).map((values) => values.join(", ")),
    constantFrom("application/json", "text/html", "gzip", "-1", "Mon, 99 Nov 2026 99:99:99 GMT")
  )
)

describe("any response", () => {
  it("of every status from 200 to 599, with any body and headers, ends in a value or a typed error", async () => {
    for (let status = 200; status < 600; status++) {
      await FastCheck.assert(
        FastCheck.asyncProperty(body, headers, async (body, headers) => {
          const faults = [Fault.always(Fault.respond({ status, body, headers }))]
          const exit = await Effect.runPromise(Effect.provide(remove(), InstantlyMock.layer({ faults })))
          expectTyped(status, typeof body === "string" ? body : new TextDecoder().decode(body), exit)
        }),
        { numRuns: histories(5) }
      )
    }
  })

  const bytes: ReadonlyArray<readonly [what: string, status: number, head: ReadonlyArray<string>, body: Buffer]> = [
    ["invalid UTF-8", 200, [], Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
    ["a byte order mark", 404, [], Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from("{}")])],
    ["what is no gzip", 404, ["content-encoding: gzip"], Buffer.from("made-up")],
    ["what is no gzip in a success", 200, ["content-encoding: gzip"], Buffer.from(JSON.stringify(wire))],
    [
      "two of each header",
      429,
      ["retry-after: 5", "retry-after: 7", "x-request-id: a", "x-request-id: b"],
      Buffer.from("{}")
    ],
    ["an unknown reason", 599, ["x-made-up: \u00fc"], Buffer.from("")],
    ["megabytes", 500, [], Buffer.alloc(5_000_000, 0x20)]
  ]
  describe.each(clients)("over %s", (_, client) => {
    it.scopedLive.each(bytes)("of %s", ([, status, head, body]) =>
      Effect.gen(function* () {
        const start = [`HTTP/1.1 ${status} -`, `content-length: ${body.length}`, ...head, "", ""].join("\r\n")
        const server = yield* serveRaw((socket) => {
          socket.write(start, "latin1")
          socket.write(body)
        })
        const exit = yield* remove({ baseUrl: server.origin, timeout: "5 seconds" }).pipe(Effect.provide(client))
        // a body that is no gzip proves nothing, whatever it says
        const text = head.includes("content-encoding: gzip") ? "" : body.toString("latin1")
        expectTyped(status, text, exit)
      })
    )
  })
})
