import { HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { type Clock, Duration, Effect, Fiber, Option, TestClock } from "effect"
import { InstantlyError } from "effect-instantly"
import * as Call from "../../src/InstantlyClient/call.js"

const uuid = "019e18e2-78d4-7322-941a-7384d8969c61"
const request = HttpClientRequest.del("/made-up?limit=1#x")

const start = (deadline: Duration.DurationInput = Duration.infinity) => Call.start(request, Duration.decode(deadline))

const responseOf = (status: number) =>
  HttpClientResponse.fromWeb(request, new Response(null, { status, headers: { "x-request-id": uuid } }))

const { NotFound, TransportError } = InstantlyError

describe("a call", () => {
  it.effect("has done nothing when it begins, and knows its path without the query", () =>
    Effect.gen(function* () {
      const call = yield* start()
      expect(call.facts).toEqual({
        method: "DELETE",
        path: "/made-up",
        outcome: "NotApplied",
        attempts: 0,
        waited: Duration.zero,
        requestId: Option.none()
      })
      expect(call.status).toBeUndefined()
    })
  )

  it.effect("waits until an attempt departs, and between attempts, but not while one is out", () =>
    Effect.gen(function* () {
      const call = yield* start()
      yield* TestClock.adjust("300 millis")
      call.depart()
      expect(call.facts).toMatchObject({ waited: Duration.millis(300), attempts: 1 })
      yield* TestClock.adjust("4 seconds")
      expect(call.facts).toMatchObject({ waited: Duration.millis(300) })
      call.settle(new TransportError())
      yield* TestClock.adjust("200 millis")
      expect(call.facts).toMatchObject({ waited: Duration.millis(500) })
      yield* TestClock.adjust("800 millis")
      call.depart()
      expect(call.facts).toMatchObject({ waited: Duration.millis(1300), attempts: 2 })
    })
  )

  it.effect("counts a clock that was set back as no wait", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(5000)
      const call = yield* start()
      yield* TestClock.setTime(1000)
      expect(call.facts).toMatchObject({ waited: Duration.zero })
      yield* TestClock.setTime(1400)
      call.depart()
      expect(call.facts).toMatchObject({ waited: Duration.zero })
    })
  )

  it.effect.each([
    ["forward", 3_600_000],
    ["back", -3_600_000]
  ] as const)("neither waits nor ends because the wall clock is set %s", ([, by]) =>
    Effect.gen(function* () {
      const clock = yield* Effect.clock
      let wall = clock.unsafeCurrentTimeMillis()
      const settable: Clock.Clock = {
        ...clock,
        currentTimeMillis: Effect.sync(() => wall),
        unsafeCurrentTimeMillis: () => wall,
        unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos()
      }
      const call = yield* Effect.withClock(start("10 seconds"), settable)
      wall += by
      yield* TestClock.adjust("4 seconds")
      expect(call.facts).toMatchObject({ waited: Duration.seconds(4) })
      expect(call.hasTimeFor(Duration.millis(5999))).toBe(true)
      expect(call.hasTimeFor(Duration.seconds(6))).toBe(false)
      call.depart()
      call.settle(new TransportError())
      wall -= 2 * by
      yield* TestClock.adjust("1 seconds")
      expect(call.facts).toMatchObject({ waited: Duration.seconds(5) })
    })
  )

  it.effect(
    "may have been carried out from its departure until its status is there, or it turns out never to have left",
    () =>
      Effect.gen(function* () {
        const departed = Effect.tap(start(), (call) => call.depart())
        expect((yield* departed).facts.outcome).toBe("Unknown")
        const recalled = yield* departed
        recalled.recall()
        expect(recalled.facts.outcome).toBe("NotApplied")
        for (const [status, outcome] of [
          [404, "NotApplied"],
          [200, "Applied"],
          [502, "Unknown"]
        ] as const) {
          const call = yield* departed
          expect(call.receive(responseOf(status))).toMatchObject({ status })
          expect(call).toMatchObject({ status, facts: { outcome } })
        }
      })
  )

  it.effect("remembers what its attempts may have done, and the request id of the last response only", () =>
    Effect.gen(function* () {
      const call = yield* start()
      call.depart()
      call.settle(new TransportError())
      expect(call.facts).toMatchObject({ outcome: "Unknown", attempts: 1, requestId: Option.none() })
      call.depart()
      call.receive(responseOf(404))
      expect(call.facts).toMatchObject({ outcome: "Unknown", requestId: Option.some(uuid) })
      call.settle(new NotFound())
      expect(call.facts).toMatchObject({ outcome: "Unknown", requestId: Option.none() })
      expect(call.status).toBeUndefined()
    })
  )

  it.effect("fails with what is known when it fails, not when the failure is described", () =>
    Effect.gen(function* () {
      const call = yield* start()
      const failure = Effect.flip(call.fail((facts) => new TransportError(facts)))
      const heldBack = Effect.flip(call.holdBack("made-up"))
      call.depart()
      expect(yield* failure).toMatchObject({
        _tag: "TransportError",
        attempts: 1,
        outcome: "Unknown",
        path: "/made-up"
      })
      expect(yield* heldBack).toMatchObject({ _tag: "HeldBack", attempts: 1, detail: "made-up" })
    })
  )

  it.effect("has time for a wait that ends before its deadline, and for any wait without one", () =>
    Effect.gen(function* () {
      const call = yield* start("10 seconds")
      yield* TestClock.adjust("4 seconds")
      expect(call.hasTimeFor(Duration.millis(5999))).toBe(true)
      expect(call.hasTimeFor(Duration.seconds(6))).toBe(false)
      expect((yield* start()).hasTimeFor(Duration.days(365))).toBe(true)
    })
  )
})

describe("a limit", () => {
  const endless = Effect.never

  /** The error that a part of a call ends with after its limit. */
  const lapse = (call: Call.Call) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(Effect.flip(call.within(endless, Duration.seconds(2), "the made-up limit")))
      yield* TestClock.adjust("2 seconds")
      return yield* Fiber.join(fiber)
    })

  it.effect("without a response is a timeout, which names the limit", () =>
    Effect.gen(function* () {
      const call = yield* start()
      call.depart()
      expect(yield* lapse(call)).toMatchObject({
        reason: "Timeout",
        detail: "the made-up limit is 2s",
        outcome: "Unknown"
      })
    })
  )

  it.effect("after an attempt with a response names its status, and after one without does not", () =>
    Effect.gen(function* () {
      const call = yield* start()
      call.depart()
      call.receive(responseOf(429))
      call.settle(new InstantlyError.TooManyRequests())
      expect(yield* lapse(call)).toMatchObject({
        detail: "the made-up limit is 2s; the attempt before it ended with status 429",
        outcome: "NotApplied"
      })
      call.depart()
      call.settle(new TransportError())
      expect(yield* lapse(call)).toMatchObject({ detail: "the made-up limit is 2s" })
    })
  )

  it.effect("that comes when a success was found to be unreadable changes nothing about that", () =>
    Effect.gen(function* () {
      const call = yield* start()
      const error = new InstantlyError.InvalidResponse({ detail: "made-up" })
      call.depart()
      call.receive(responseOf(200))
      call.settle(error)
      expect(yield* lapse(call)).toBe(error)
    })
  )

  it.effect.each([
    [200, { _tag: "InvalidResponse", outcome: "Applied", detail: "it did not arrive in time" }],
    [404, { _tag: "UnexpectedStatus", outcome: "NotApplied" }],
    [429, { _tag: "TooManyRequests", outcome: "NotApplied" }],
    [502, { _tag: "ServerError", outcome: "Unknown" }]
  ] as const)("in the body of a %i is what that status means", ([status, expected]) =>
    Effect.gen(function* () {
      const call = yield* start()
      call.depart()
      call.receive(responseOf(status))
      expect(yield* lapse(call)).toMatchObject({ ...expected, status, requestId: Option.some(uuid) })
    })
  )

  it.effect("that is infinite changes nothing", () =>
    Effect.gen(function* () {
      const call = yield* start()
      const part = Effect.succeed("made-up")
      expect(call.within(part, Duration.infinity, "made-up")).toBe(part)
      expect(call.beforeDeadline(part)).toBe(part)
    })
  )
})
