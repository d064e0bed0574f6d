import { HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { type Clock, Duration, Effect, Option, Schedule, Schema } from "effect"
import { InstantlyError, RetryPolicy } from "effect-instantly"
import { Fault } from "effect-instantly/testing"
import * as Call from "../../src/InstantlyClient/call.js"
import { callOver, envelope } from "../support/bodies.js"
import { inVirtualTime } from "../support/virtual.js"
import { withMock } from "../support/withMock.js"

const requestId = "019e18e2-78d4-7322-941a-7384d8969c61"
const withId = (status: number, body = "") => Fault.respond({ status, body, headers: { "x-request-id": requestId } })

const twice = Schedule.spaced("700 millis").pipe(RetryPolicy.attempts(2))

describe("the facts of a call", () => {
  it.effect.each([
    ["/a/b?secret=made-up#x", "/a/b"],
    ["/a/b#x?y", "/a/b"],
    ["/a/b?x\ny", "/a/b"],
    ["a/b", "/a/b"],
    ["https://made-up:made-up@evil.example/a", "(not a path)"]
  ] as const)("have the method, and the path without its query: %j", ([url, path]) =>
    withMock(
      ({ execute, mock }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.always(Fault.refuse))
          const request = HttpClientRequest.patch(url, { urlParams: { secret: "made-up" } })
          expect(yield* Effect.flip(execute(request, Schema.Unknown))).toMatchObject({
            method: "PATCH",
            path,
            waited: Duration.zero,
            requestId: Option.none()
          })
        }),
      { retryPolicy: RetryPolicy.none }
    )
  )

  it.effect("count the waits for permits and between attempts, but not the attempts", () =>
    withMock(
      ({ execute, mock, remove }) =>
        Effect.gen(function* () {
          yield* execute(HttpClientRequest.get("/api/v2/api-keys"), Schema.Unknown)
          yield* mock.script(Fault.always(Fault.delayResponse("4 seconds").pipe(Fault.and(withId(503)))))
          const error = yield* Effect.flip(inVirtualTime(remove))
          // 5 seconds for the first permit, then 700 ms between the attempts, and 300 for the second permit
          expect(error).toMatchObject({ attempts: 2, waited: Duration.seconds(6) })
          expect((yield* mock.arrivals).map(({ at }) => at)).toEqual([0, 5000, 10_000])
        }),
      { rateLimit: Schedule.spaced("5 seconds"), retryPolicy: twice, yields: false }
    )
  )

  it.effect.each([
    [
      "a 503, and then a 404",
      [withId(503), Fault.respond({ status: 404, body: envelope(404, "Not Found") })],
      "Unknown",
      "none"
    ],
    ["a 429, and then a 404", [withId(429), withId(404, envelope(404, "Not Found"))], "NotApplied", "some"],
    ["a lost connection, and then a 429", [Fault.loseRequest, withId(429)], "Unknown", "some"],
    ["a 500, and then a refused connection", [withId(500), Fault.refuse], "Unknown", "none"],
    ["a page with 403, and then a 401", [withId(403), withId(401, envelope(401, "Unauthorized"))], "Unknown", "some"],
    ["two refused connections", [Fault.refuse, Fault.refuse], "NotApplied", "none"]
  ] as const)(
    "add up what its attempts may have done, and have the id of the last response alone: %s",
    ([, faults, outcome, id]) =>
      withMock(
        ({ mock, remove }) =>
          Effect.gen(function* () {
            yield* mock.script(...faults.map(Fault.next))
            const error = yield* Effect.flip(inVirtualTime(remove))
            expect(error).toMatchObject({ outcome, attempts: 2 })
            expect(error.message).toContain(`outcome ${outcome} · 2 attempts`)
            expect(error.requestId).toEqual(id === "some" ? Option.some(requestId) : Option.none())
          }),
        { retryPolicy: twice }
      )
  )

  it.effect("that was held back later still have what was sent before", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.loseResponse))
          expect(yield* Effect.flip(inVirtualTime(remove))).toMatchObject({
            _tag: "HeldBack",
            outcome: "Unknown",
            attempts: 1
          })
        }),
      // gives one permit, and then ends
      { rateLimit: Schedule.stop, retryPolicy: twice }
    )
  )

  it.effect.each([
    ["forward", 3_600_000],
    ["back", -3_600_000]
  ] as const)("do not change because the wall clock is set %s, and nor does the end of the call", ([, by]) =>
    Effect.gen(function* () {
      const clock = yield* Effect.clock
      let set = 0
      const settable: Clock.Clock = {
        ...clock,
        sleep: (duration) => clock.sleep(duration),
        currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + set),
        unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis() + set,
        unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos()
      }
      const client = HttpClient.make((request) => {
        set += by
        return Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport" }))
      })
      const call = callOver(client, Schema.Unknown, {
        retryPolicy: Schedule.spaced("3 seconds"),
        deadline: "8 seconds"
      })
      const error = yield* Effect.flip(inVirtualTime(Effect.withClock(call, settable)))
      // at 0, 3 and 6 seconds; the next one would be too late
      expect(error).toMatchObject({ attempts: 3, waited: Duration.seconds(6) })
    })
  )

  // At the door the call has ended before its time can be up.
  it.effect("that ends with an error after a 2xx are those of that error, even if its time is up", () =>
    Effect.gen(function* () {
      const request = HttpClientRequest.del("/made-up")
      const call = yield* Call.start(request, Duration.infinity)
      const error = new InstantlyError.InvalidResponse({ detail: "made-up" })
      yield* call.depart
      yield* call.receive(HttpClientResponse.fromWeb(request, new Response()))
      yield* call.settle(error)
      expect(yield* Effect.flip(call.lapse("made-up"))).toBe(error)
    })
  )
})
