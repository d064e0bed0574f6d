import { HttpClient, HttpClientError, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Ref, Schedule, Schema } from "effect"
import { InstantlyClient, RetryPolicy } from "effect-instantly"
import { Fault } from "effect-instantly/testing"
import { callOver } from "../support/bodies.js"
import { inVirtualTime } from "../support/virtual.js"
import { withMock } from "../support/withMock.js"

const failure = (properties: Record<string, unknown>, cause?: unknown) =>
  Object.assign(new Error("made-up"), properties, cause === undefined ? {} : { cause })

const circular = failure({ code: "ECONNRESET" })
circular.cause = circular

/** What a call ends with whose request fails with this cause. */
const ending = (cause: unknown) =>
  Effect.map(
    Effect.flip(
      callOver(
        HttpClient.make((request) =>
          Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause }))
        ),
        Schema.Unknown
      )
    ),
    (error) => {
      if (error._tag !== "TransportError") throw new Error(error._tag)
      return { reason: error.reason, outcome: error.outcome, detail: error.detail }
    }
  )

const neverSent = { reason: "NotSent", outcome: "NotApplied" }
const lost = { reason: "ConnectionLost", outcome: "Unknown" }

/** All of its addresses failed with itself, at last. */
const circularAggregate = new AggregateError([failure({}, failure({ code: "ECONNRESET" }))])
circularAggregate.errors.push(failure({}, circularAggregate))
const onlyItself = new AggregateError([])
onlyItself.errors.push(onlyItself)

describe("a failure", () => {
  it.effect.each<readonly [string, unknown]>([
    ["a refused connection", failure({ code: "ECONNREFUSED" })],
    ["a refused connection in Bun before 1.4", failure({ code: "ConnectionRefused" })],
    ["an unresolved host", failure({ code: "ENOTFOUND", syscall: "getaddrinfo" })],
    ["a resolver that is not there", failure({ code: "EAI_AGAIN", syscall: "getaddrinfo" })],
    ["a host that cannot be reached", failure({ code: "EHOSTUNREACH", syscall: "connect" })],
    ["a connection that is not made in time", failure({ code: "ETIMEDOUT", syscall: "connect" })],
    ["Undici's connect timeout", failure({ code: "UND_ERR_CONNECT_TIMEOUT" })],
    ["a certificate that is refused", failure({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" })],
    ["a port that Fetch does not connect to", failure({}, new Error("bad port"))],
    ["Fetch, by its cause", failure({}, failure({ code: "ECONNREFUSED" }))],
    ["a cause's cause", failure({}, failure({}, failure({ code: "ECONNREFUSED" })))],
    [
      "every address in vain",
      new AggregateError([
        failure({ code: "ENETUNREACH", syscall: "connect" }),
        failure({ code: "ETIMEDOUT", syscall: "connect" })
      ])
    ]
  ])("of %s proves that nothing was sent", ([, cause]) =>
    Effect.map(ending(cause), (ended) => expect(ended).toMatchObject(neverSent))
  )

  it.effect.each([
    "CERT_HAS_EXPIRED",
    "CERT_NOT_YET_VALID",
    "CERT_REVOKED",
    "CERT_UNTRUSTED",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "ECONNREFUSED",
    "ENOTFOUND",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "UNABLE_TO_GET_ISSUER_CERT",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "UND_ERR_CONNECT_TIMEOUT"
  ])("with the code %s comes before its request, and proves that nothing was sent", (code) =>
    Effect.map(ending(failure({ code })), (ended) =>
      expect(ended).toEqual({ ...neverSent, detail: `no connection to api.instantly.ai:443 (${code})` })
    )
  )

  it.effect.each<readonly [string, unknown]>([
    ["a reset", failure({ code: "ECONNRESET", syscall: "read" })],
    ["a closed socket", failure({ code: "UND_ERR_SOCKET" })],
    ["a host that can no longer be reached", failure({ code: "EHOSTUNREACH", syscall: "read" })],
    ["a broken pipe", failure({ code: "EPIPE", syscall: "write" })],
    ["a TLS alert, which can come late", failure({ code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED" })],
    ["a connection that Bun lost", failure({ code: "ConnectionClosed" })],
    [
      "a refused connection in Deno, which may be its second",
      failure(
        {},
        new Error("error sending request for url (http://127.0.0.1:1/): client error (Connect): tcp connect error")
      )
    ],
    ["a lost connection in workerd, which does not say which", failure({ message: "Network connection lost." })],
    ["some addresses", new AggregateError([failure({ code: "ECONNREFUSED" }), failure({ code: "ECONNRESET" })])],
    ["no addresses", new AggregateError([])],
    ["nothing known", failure({})],
    ["a code that is no string", failure({ code: 7 })],
    ["no error at all", "ECONNREFUSED"],
    ["undefined", undefined],
    ["a circle of causes", circular],
    ["a circle of addresses", circularAggregate],
    ["addresses that all failed with itself", onlyItself]
  ])("of %s proves nothing", ([, cause]) => Effect.map(ending(cause), (ended) => expect(ended).toMatchObject(lost)))

  const nothing = "the HttpClient failed"
  it.effect.each<readonly [unknown, string]>([
    [failure({ code: "made-up-secret" }, failure({ code: "ECONNRESET" })), "ECONNRESET"],
    [failure({ code: "UND_ERR_SOCKET" }, failure({ code: "ECONNRESET" })), "UND_ERR_SOCKET"],
    [circular, "ECONNRESET"],
    ["ECONNRESET", nothing],
    [failure({ code: "ConnectionRefused" }), "no connection to api.instantly.ai:443 (ConnectionRefused)"],
    [failure({ code: "MadeUpSecret" }), nothing],
    [failure({ code: "E".repeat(61) }), "E".repeat(61)],
    ...["E".repeat(62), "EX", "x-ECONNRESET", "ECONNRESET: made-up", "7ECONNRESET", 7].map(
      (code) => [failure({ code }), nothing] as const
    )
  ])("is shown by the first code in its chain that is one", ([cause, detail]) =>
    Effect.map(ending(cause), (ended) => expect(ended).toHaveProperty("detail", detail))
  )
})

describe("a request that was not sent", () => {
  const detailOf = (cause: unknown, url?: string) =>
    Effect.map(
      Effect.flip(
        callOver(
          HttpClient.make((sent) => {
            const request = url === undefined ? sent : HttpClientRequest.setUrl(sent, url)
            return Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause }))
          }),
          Schema.Unknown
        )
      ),
      (error) => ("detail" in error ? error.detail : "")
    )
  const refused = failure({ code: "ECONNREFUSED" })
  const inVain = new AggregateError([failure({ code: "ENETUNREACH", syscall: "connect" })])

  it.effect.each<readonly [unknown, string | undefined, string]>([
    [refused, undefined, "no connection to api.instantly.ai:443 (ECONNREFUSED)"],
    [failure({}, new Error("bad port")), undefined, "no connection to api.instantly.ai:443 (fetch refuses this port)"],
    [failure({ syscall: "connect" }), undefined, "no connection to api.instantly.ai:443"],
    [inVain, undefined, "no connection to api.instantly.ai:443 (ENETUNREACH)"],
    [refused, "http://localhost/api/v2", "no connection to localhost:80 (ECONNREFUSED)"],
    [refused, "http://made-up:secret@[::1]:7/api/v2?made-up", "no connection to [::1]:7 (ECONNREFUSED)"],
    [refused, "made-up", "no connection to the server (ECONNREFUSED)"]
  ])("names its host and port, and the code where there is one", ([cause, url, detail]) =>
    Effect.map(detailOf(cause, url), (shown) => expect(shown).toBe(detail))
  )
})

describe("notSent", () => {
  const open = (client: HttpClient.HttpClient) =>
    HttpClient.transform(client, (_, request) => Effect.fail(InstantlyClient.notSent(request, "the circuit is open")))

  it.effect("is a TransportError that says why, and proves that nothing was sent", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({
            _tag: "TransportError",
            reason: "NotSent",
            detail: "the circuit is open",
            outcome: "NotApplied",
            attempts: 1,
            isRetryable: true
          })
          expect(error.message).toContain("The request was not sent: the circuit is open.")
          expect(yield* mock.arrivals).toEqual([])
        }),
      { retryPolicy: RetryPolicy.none, transformClient: open }
    )
  )

  it.effect("is retried as the policy says, a POST too", () =>
    Effect.gen(function* () {
      const left = yield* Ref.make(2)
      const closing = (client: HttpClient.HttpClient) =>
        HttpClient.transform(client, (send, request) =>
          Effect.flatMap(
            Ref.getAndUpdate(left, (n) => n - 1),
            (n) => (n > 0 ? Effect.fail(InstantlyClient.notSent(request, "the circuit is open")) : send)
          )
        )
      yield* withMock(
        ({ execute, mock }) =>
          Effect.gen(function* () {
            yield* inVirtualTime(execute(HttpClientRequest.post("/api/v2/api-keys"), Schema.Unknown)).pipe(Effect.flip)
            expect((yield* mock.arrivals).map(({ at, method }) => [method, at])).toEqual([["POST", 2000]])
          }),
        { retryPolicy: Schedule.spaced("1 second").pipe(RetryPolicy.attempts(3)), transformClient: closing }
      )
    })
  )

  it.effect("does not hide what an earlier attempt may have done", () =>
    Effect.gen(function* () {
      const sent = yield* Ref.make(0)
      const opening = (client: HttpClient.HttpClient) =>
        HttpClient.transform(client, (send, request) =>
          Effect.flatMap(
            Ref.getAndUpdate(sent, (n) => n + 1),
            (n) => (n === 0 ? send : Effect.fail(InstantlyClient.notSent(request, "the circuit is open")))
          )
        )
      yield* withMock(
        ({ mock, remove }) =>
          Effect.gen(function* () {
            yield* mock.script(Fault.next(Fault.loseResponse))
            const error = yield* Effect.flip(inVirtualTime(remove))
            expect(error).toMatchObject({ reason: "NotSent", outcome: "Unknown", attempts: 2 })
          }),
        { retryPolicy: Schedule.recurs(1), transformClient: opening }
      )
    })
  )
})
