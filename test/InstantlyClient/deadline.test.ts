import { HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Clock, Duration, Effect, Exit, Fiber, Option, Ref, Schedule, Schema, TestClock } from "effect"
import { InstantlyClient, type InstantlyError, RateLimit } from "effect-instantly"
import { Fault } from "effect-instantly/testing"
import { inVirtualTime } from "../support/virtual.js"
import { withMock } from "../support/withMock.js"

const list = HttpClientRequest.get("/api/v2/api-keys")

/** The error that a call ends with, and after how many milliseconds. */
const at = (call: Effect.Effect<unknown, InstantlyError.InstantlyError>) =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeMillis
    const error = yield* Effect.flip(call)
    return { error, after: (yield* Clock.currentTimeMillis) - start }
  })

describe("deadline", () => {
  it.effect("ends a call under way, and the error has the outcome", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.swallowResponse))
          const { after, error } = yield* inVirtualTime(at(remove))
          expect(after).toBe(5000)
          expect(error).toMatchObject({ _tag: "TransportError", reason: "Timeout", outcome: "Unknown", attempts: 1 })
          expect(error.message).toContain("the deadline of the call is 5s")
          expect(error.waited).toEqual(Duration.zero)
        }),
      { deadline: "5 seconds" }
    )
  )

  it.effect("ends a call that waits for its permit: nothing was sent", () =>
    withMock(
      ({ execute, mock, remove }) =>
        Effect.gen(function* () {
          yield* execute(list, Schema.Unknown)
          const { after, error } = yield* inVirtualTime(at(remove))
          expect(after).toBe(5000)
          expect(error).toMatchObject({
            reason: "Timeout",
            outcome: "NotApplied",
            attempts: 0,
            waited: Duration.seconds(5)
          })
          expect(error.message).toContain("The call timed out before a request was sent")
          expect(error.message).toContain("Nothing was carried out.")
          expect(yield* mock.arrivals).toHaveLength(1)
        }),
      { deadline: "5 seconds", rateLimit: Schedule.spaced("1 hour") }
    )
  )

  it.effect("ends a call that waits for its API key: nothing was sent", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          const { after, error } = yield* inVirtualTime(at(remove))
          expect(after).toBe(5000)
          expect(error).toMatchObject({ reason: "Timeout", outcome: "NotApplied", attempts: 0 })
          expect(yield* mock.arrivals).toEqual([])
        }),
      { deadline: "5 seconds", apiKey: Effect.never }
    )
  )

  it.effect("ends the call at once, with the error in hand, if the next wait would outlast it", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.respond({ status: 429, headers: { "retry-after": "30" } })))
          const { after, error } = yield* inVirtualTime(at(remove))
          expect(after).toBe(0)
          expect(error).toMatchObject({ _tag: "TooManyRequests", outcome: "NotApplied", attempts: 1 })
        }),
      { deadline: "10 seconds" }
    )
  )

  it.effect("allows a wait that ends a moment before it, but none that ends with it", () =>
    Effect.gen(function* () {
      const attempts = (wait: Duration.DurationInput) =>
        withMock(
          ({ mock, remove }) =>
            Effect.gen(function* () {
              yield* mock.script(Fault.always(Fault.loseRequest))
              return (yield* Effect.flip(inVirtualTime(remove))).attempts
            }),
          { deadline: "10 seconds", retryPolicy: Schedule.spaced(wait) }
        )
      expect(yield* attempts("10 seconds")).toBe(1)
      expect(yield* attempts("9999 millis")).toBe(2)
    })
  )

  it.effect("reached at the gate that a 429 has closed says both", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.respond({ status: 429, headers: { "retry-after": "30" } })))
          const { after, error } = yield* inVirtualTime(at(remove))
          expect(after).toBe(5000)
          expect(error).toMatchObject({ reason: "Timeout", outcome: "NotApplied", attempts: 1 })
          expect(error.message).toContain(
            "The call timed out before the request was sent again: the deadline of the call is 5s; the attempt before it ended with status 429.\nNothing was carried out."
          )
          expect(yield* mock.arrivals).toHaveLength(1)
        }),
      { deadline: "5 seconds", retryPolicy: Schedule.spaced("1 second") }
    )
  )

  it.effect("remembers earlier attempts, and the time between them", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.loseResponse), Fault.next(Fault.swallowRequest))
          const { after, error } = yield* inVirtualTime(at(remove))
          expect(after).toBe(3000)
          expect(error).toMatchObject({
            reason: "Timeout",
            outcome: "Unknown",
            attempts: 2,
            waited: Duration.millis(100)
          })
          expect(error.message).toContain("the deadline of the call is 3s.")
        }),
      { deadline: "3 seconds" }
    )
  )
})

describe("withDeadline", () => {
  /** When a call to a server that never responds ends, with the client's deadline of five seconds and this around it. */
  const endsAfter = (
    around: <A, E, R>(call: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>,
    deadline: Duration.DurationInput = "5 seconds"
  ) =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.always(Fault.swallowResponse))
          const { after, error } = yield* inVirtualTime(at(around(remove)))
          expect(error).toMatchObject({ reason: "Timeout", outcome: "Unknown", attempts: 1 })
          expect(error.message).toContain(`is ${after / 1000}s`)
          return after
        }),
      { deadline, timeout: "15 minutes", retryPolicy: Schedule.stop }
    )
  const within = InstantlyClient.withDeadline

  it.effect("takes the place of the client's deadline, be it shorter or longer", () =>
    Effect.gen(function* () {
      expect(yield* endsAfter(within("2 seconds"))).toBe(2000)
      expect(yield* endsAfter(within("40 seconds"))).toBe(40_000)
      expect(yield* endsAfter((call) => within(call, "30 seconds"))).toBe(30_000)
      expect(yield* endsAfter((call) => call)).toBe(5000)
    })
  )

  it.effect("may be infinite: then only the timeout ends an attempt", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.always(Fault.swallowResponse))
          const { after, error } = yield* inVirtualTime(at(within(remove, Duration.infinity)))
          expect(after).toBe(15_000)
          expect(error.message).toContain("the limit for one attempt is 15s")
        }),
      { deadline: "5 seconds", retryPolicy: Schedule.stop }
    )
  )

  it.effect("that is nearest to the call wins, be it shorter or longer", () =>
    Effect.gen(function* () {
      expect(yield* endsAfter((call) => within(within(call, "20 seconds"), "2 seconds"))).toBe(20_000)
      expect(yield* endsAfter((call) => within(within(call, "2 seconds"), "20 seconds"))).toBe(2000)
    })
  )

  it.effect("holds for each call inside, and for none outside", () =>
    withMock(
      ({ execute, mock }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.always(Fault.swallowResponse))
          const call = Effect.flip(execute(list, Schema.Unknown))
          const both = Effect.zip(within(Effect.zip(call, call), "2 seconds"), call)
          const [after] = yield* inVirtualTime(Effect.zip(Effect.zipRight(both, Clock.currentTimeMillis), Effect.void))
          expect(after).toBe(2000 + 2000 + 5000)
        }),
      { deadline: "5 seconds", retryPolicy: Schedule.stop }
    )
  )

  const wrong = [0, -1, "0 seconds", "-5 seconds", Duration.zero, 0n, -1n, Number.NaN] as const

  it("throws a RangeError around a call unless it is longer than zero", () => {
    for (const deadline of wrong) {
      expect(() => within(Effect.void, deadline), String(deadline)).toThrow(RangeError)
      expect(() => Effect.void.pipe(within(deadline)), String(deadline)).toThrow(RangeError)
    }
  })
})

describe("in a finalizer, or wherever a call cannot be interrupted", () => {
  it.effect("its timeout and its deadline still hold", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.always(Fault.swallowRequest))
          const error = yield* Effect.flip(inVirtualTime(Effect.uninterruptible(remove)))
          expect(error).toMatchObject({ reason: "Timeout", outcome: "Unknown", attempts: 2 })
          expect(error.message).toContain("the deadline of the call is 3s")
          const { observe } = yield* RateLimit.RateLimit
          yield* observe({ status: 429, retryAfter: Option.some(Duration.minutes(1)) })
          const held = yield* Effect.flip(inVirtualTime(Effect.uninterruptible(remove), "30 seconds"))
          expect(held).toMatchObject({ reason: "Timeout", outcome: "NotApplied", attempts: 0 })
          expect(held.message).toContain("The call timed out before a request was sent")
        }),
      { timeout: "2 seconds", deadline: "3 seconds" }
    )
  )

  it.effect("an interruption waits until the call has ended", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.delayResponse("1 second")))
          const ended = yield* Ref.make<Exit.Exit<unknown, unknown>>(Exit.void)
          const call = Effect.flatMap(Effect.exit(remove), (exit) => Ref.set(ended, exit))
          const fiber = yield* Effect.fork(Effect.uninterruptible(call))
          yield* TestClock.adjust("100 millis")
          yield* Effect.fork(Fiber.interrupt(fiber))
          yield* TestClock.adjust("1 minute")
          expect(yield* Ref.get(ended)).toMatchObject({ _tag: "Success", value: { name: expect.any(String) } })
        }),
      { timeout: "2 seconds", deadline: "3 seconds" }
    )
  )
})
