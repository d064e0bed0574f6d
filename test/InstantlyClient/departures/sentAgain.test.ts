import { HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, flow, identity, Ref } from "effect"
import { InstantlyClient } from "effect-instantly"
import { again, around, type Departure, ending } from "./ending.js"

describe("an app's client that sends the request again", () => {
  const retrying = (client: HttpClient.HttpClient) => HttpClient.retry(client, { times: 1 })

  it.effect.each<readonly [string, ReadonlyArray<Departure>, object]>([
    [
      "lost, and then refused, is unknown",
      ["ECONNRESET", "ECONNREFUSED"],
      { _tag: "TransportError", reason: "ConnectionLost", outcome: "Unknown", attempts: 2 }
    ],
    ["lost, and then a 404, is unknown", ["ECONNRESET", 404], { _tag: "NotFound", outcome: "Unknown", attempts: 2 }],
    [
      "lost, and then a 429, is unknown",
      ["ECONNRESET", 429],
      { _tag: "TooManyRequests", outcome: "Unknown", attempts: 2 }
    ],
    ["lost, and then a 200 that confirms it, is applied", ["ECONNRESET", 200], { _tag: "Applied" }],
    [
      "refused, and then sent, is what it is without the first",
      ["ECONNREFUSED", 404],
      { _tag: "NotFound", outcome: "NotApplied", attempts: 1 }
    ],
    [
      "refused, and then lost, is unknown",
      ["ECONNREFUSED", "ECONNRESET"],
      { reason: "ConnectionLost", outcome: "Unknown", attempts: 1 }
    ],
    [
      "refused twice was never sent",
      ["ECONNREFUSED", "ECONNREFUSED"],
      { reason: "NotSent", outcome: "NotApplied", attempts: 1 }
    ]
  ])("%s", ([, departures, expected]) =>
    Effect.gen(function* () {
      const { ended, left } = yield* ending(departures, retrying)
      expect(ended).toMatchObject(expected)
      expect(left).toBe(departures.length)
    })
  )

  it.effect("counts with the attempts of the call", () =>
    Effect.gen(function* () {
      const { ended } = yield* ending(["ECONNRESET", "ECONNRESET", "ECONNREFUSED", 404], retrying, {
        retryPolicy: again
      })
      expect(ended).toMatchObject({ _tag: "NotFound", outcome: "Unknown", attempts: 3 })
    })
  )

  it.effect.each<
    readonly [string, (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest]
  >([
    ["another URL", HttpClientRequest.setUrl("https://gateway.example/made-up")],
    ["another credential", HttpClientRequest.bearerToken("made-up")],
    [
      "another host and another credential",
      flow(
        HttpClientRequest.updateUrl((url) =>
          url.replace("https://api.instantly.ai", "https://gateway.example/instantly")
        ),
        HttpClientRequest.bearerToken("made-up")
      )
    ],
    [
      "a header and a parameter more",
      flow(HttpClientRequest.setHeader("x-app", "made-up"), HttpClientRequest.setUrlParam("app", "made-up"))
    ]
  ])("is noticed, though it gives the request %s", ([, change]) =>
    Effect.gen(function* () {
      const changing = (client: HttpClient.HttpClient) => retrying(HttpClient.mapRequest(client, change))
      expect(yield* ending(["ECONNRESET", "ECONNREFUSED"], changing)).toMatchObject({
        ended: { reason: "ConnectionLost", outcome: "Unknown", attempts: 2 }
      })
      expect(yield* ending(["ECONNREFUSED", "ECONNREFUSED"], changing)).toMatchObject({
        ended: { reason: "NotSent", outcome: "NotApplied", attempts: 1 }
      })
    })
  )

  /** Sends it again with another token after a 401. */
  const renewing = around((send, request, client) =>
    Effect.flatMap(send, (response) =>
      response.status === 401
        ? client.execute(HttpClientRequest.bearerToken(request, "made-up-second-token"))
        : Effect.succeed(response)
    )
  )

  it.effect.each<readonly [Departure, object]>([
    [200, { _tag: "Applied" }],
    [404, { _tag: "NotFound", outcome: "Unknown", attempts: 2 }],
    [401, { _tag: "Unauthorized", outcome: "Unknown", attempts: 2 }],
    ["ECONNREFUSED", { _tag: "TransportError", reason: "ConnectionLost", outcome: "Unknown", attempts: 2 }]
  ])("with a new token after a 401, and then gets %s, has made two attempts", ([second, expected]) =>
    Effect.gen(function* () {
      const { ended, left } = yield* ending([401, second], renewing)
      expect(ended).toMatchObject(expected)
      expect(left).toBe(2)
    })
  )
})

describe("a client that the app has wrapped before it provides it", () => {
  it.effect.each<readonly [string, ReadonlyArray<Departure>, object]>([
    ["lost, and then refused", ["ECONNRESET", "ECONNREFUSED"], { _tag: "TransportError", attempts: 2 }],
    ["lost, and then a 404", ["ECONNRESET", 404], { _tag: "NotFound", attempts: 2 }]
  ])("that sends again is seen, too: %s, is unknown", ([, departures, expected]) =>
    Effect.gen(function* () {
      const ways = [
        (client: HttpClient.HttpClient) => HttpClient.retry(client, { times: 1 }),
        (client: HttpClient.HttpClient) => HttpClient.retryTransient(client, { times: 1 })
      ]
      for (const provide of ways) {
        const { ended, left } = yield* ending(departures, identity, {}, provide)
        expect(ended).toMatchObject({ outcome: "Unknown", ...expected })
        expect(left).toBe(2)
      }
    })
  )

  /** A circuit of the app's that is open at these requests, before any of them can leave. */
  const open = (...at: ReadonlyArray<number>) =>
    Effect.map(
      Ref.make(0),
      (requests) => (client: HttpClient.HttpClient) =>
        HttpClient.mapRequestEffect(client, (request) =>
          Effect.flatMap(
            Ref.updateAndGet(requests, (n) => n + 1),
            (n) => (at.includes(n) ? Effect.fail(InstantlyClient.notSent(request, "made-up")) : Effect.succeed(request))
          )
        )
    )
  const twice = (client: HttpClient.HttpClient) => HttpClient.retry(client, { times: 2 })
  const lost = { _tag: "TransportError", reason: "ConnectionLost", outcome: "Unknown" }

  it.effect.each<readonly [string, ReadonlyArray<number>, ReadonlyArray<Departure>, object]>([
    ["held back each time was never sent", [1, 2, 3], [], { reason: "NotSent", outcome: "NotApplied", attempts: 1 }],
    ["held back, and then lost, is unknown", [1, 3], ["ECONNRESET"], lost],
    ["lost, and then held back, is unknown", [2, 3], ["ECONNRESET"], lost],
    ["held back, then lost, and then refused, is unknown", [1], ["ECONNRESET", "ECONNREFUSED"], lost],
    [
      "held back, and then a 404, is what it is without the first",
      [1],
      [404],
      { _tag: "NotFound", outcome: "NotApplied" }
    ]
  ])("and that holds a request back: %s", ([, at, departures, expected]) =>
    Effect.gen(function* () {
      const { ended, left } = yield* ending(departures, twice, {}, yield* open(...at))
      expect(ended).toMatchObject(expected)
      expect(left).toBe(departures.length)
    })
  )
})
