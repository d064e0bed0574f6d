import { HttpClientError, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, flow } from "effect"
import { InstantlyClient } from "effect-instantly"
import { again, around, broken, elsewhere, ending, respond } from "./ending.js"

describe("another request of the app's client", () => {
  /** Sends another request through the same client, before or after ours. */
  const withAnother = (when: "before" | "after") =>
    around((send, _, client) => {
      const another = client.execute(elsewhere)
      return when === "before"
        ? Effect.zipRight(another, send)
        : Effect.tapBoth(send, { onSuccess: () => another, onFailure: () => another })
    })

  it.effect.each(["before", "after"] as const)("%s ours, answered by a 200, ends nothing: ours is sent again", (when) =>
    Effect.gen(function* () {
      const options = { retryPolicy: again }
      const { ended, left } = yield* ending(["ECONNRESET", 500, 404], withAnother(when), options)
      expect(ended).toMatchObject({ _tag: "NotFound", outcome: "Unknown", attempts: 3 })
      expect(left).toBe(3)
    })
  )

  it.effect.each(["before", "after"] as const)("%s ours is no attempt, and does not make ours one that left", (when) =>
    Effect.gen(function* () {
      expect(yield* ending(["ECONNREFUSED"], withAnother(when))).toMatchObject({
        ended: { reason: "NotSent", outcome: "NotApplied", attempts: 1 }
      })
      expect(yield* ending([404], withAnother(when))).toMatchObject({
        ended: { _tag: "NotFound", outcome: "NotApplied", attempts: 1 }
      })
    })
  )

  it.effect.each<
    readonly [string, (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest]
  >([
    ["another method", HttpClientRequest.setMethod("HEAD")],
    [
      "another URL and another credential",
      flow(HttpClientRequest.setUrl("https://token.example/a"), HttpClientRequest.bearerToken("made-up"))
    ]
  ])("is told from ours by %s", ([, change]) =>
    Effect.gen(function* () {
      const other = around((send, request, client) =>
        Effect.zipRight(client.execute(HttpClientRequest.setHeader(change(request), "x-other", "made-up")), send)
      )
      expect(yield* ending(["ECONNREFUSED"], other)).toMatchObject({
        ended: { reason: "NotSent", outcome: "NotApplied", attempts: 1 }
      })
      expect(
        yield* ending(["ECONNRESET", "ECONNREFUSED", "ECONNREFUSED"], other, { retryPolicy: again })
      ).toMatchObject({
        ended: { reason: "NotSent", outcome: "Unknown", attempts: 3 }
      })
    })
  )

  const failures: ReadonlyArray<readonly [string, HttpClientError.HttpClientError, string]> = [
    [
      "whose status is refused",
      new HttpClientError.ResponseError({
        request: elsewhere,
        response: respond(elsewhere, 403),
        reason: "StatusCode"
      }),
      "another request of the HttpClient failed"
    ],
    [
      "whose connection is refused",
      broken(elsewhere, "ECONNREFUSED"),
      "another request of the HttpClient failed (ECONNREFUSED)"
    ],
    [
      "whose URL is not valid",
      new HttpClientError.RequestError({ request: elsewhere, reason: "InvalidUrl" }),
      "another request of the HttpClient failed"
    ]
  ]
  it.effect.each(failures)("%s, before ours could leave, leaves the outcome unknown", ([, failure, detail]) =>
    Effect.gen(function* () {
      expect(
        yield* ending(
          [],
          around(() => Effect.fail(failure))
        )
      ).toMatchObject({
        ended: { _tag: "TransportError", reason: "ConnectionLost", outcome: "Unknown", attempts: 1, detail },
        left: 0
      })
    })
  )

  it.effect("may be the one that notSent names, if ours has not left", () =>
    Effect.gen(function* () {
      const closed = around(() => Effect.fail(InstantlyClient.notSent(elsewhere, "there is no token")))
      expect(yield* ending([], closed)).toMatchObject({
        ended: { reason: "NotSent", outcome: "NotApplied", attempts: 1, detail: "there is no token" },
        left: 0
      })
    })
  )
})
