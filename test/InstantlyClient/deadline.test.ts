import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Clock, Duration, Effect, Exit, Fiber, Option, Redacted, Ref, Schedule, TestClock } from "effect"
import { InstantlyClient, type InstantlyError, RateLimit } from "effect-instantly"
import { Fault } from "effect-instantly/testing"
import { inVirtualTime } from "../support/virtual.js"
import { withMock } from "../support/withMock.js"

const token = Redacted.make("made-up-token")

describe("deadline", () => {
  const at = (effect: Effect.Effect<unknown, InstantlyError.InstantlyError>) =>
    Effect.gen(function* () {
      const start = yield* Clock.currentTimeMillis
      const error = yield* Effect.flip(effect)
      return { error, after: (yield* Clock.currentTimeMillis) - start }
    })

  it.effect("ends a call in flight, and the error knows the outcome", () =>
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
          yield* execute(HttpClientRequest.get("/api/v2/api-keys"), () => Effect.void)
          const { after, error } = yield* inVirtualTime(at(remove))
          expect(after).toBe(5000)
          expect(error).toMatchObject({
            reason: "Timeout",
            outcome: "NotApplied",
            attempts: 0,
            waited: Duration.seconds(5)
          })
          expect(error.message).toContain("Nothing was carried out.")
          expect(yield* mock.arrivals).toHaveLength(1)
        }),
      { deadline: "5 seconds", rateLimit: Schedule.spaced("1 hour") }
    )
  )

  it.effect("ends the call at once, with the error in hand, when the next wait would outlast it", () =>
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

  it.effect("reached in the body of a 429 still closes the gate for all", () =>
    withMock(
      ({ leaked, mock, remove }) =>
        Effect.gen(function* () {
          const rateLimit = yield* RateLimit.RateLimit
          const endless = HttpClient.make((request) =>
            Effect.succeed(
              HttpClientResponse.fromWeb(
                request,
                new Response(new ReadableStream(), { status: 429, headers: { "retry-after": "30" } })
              )
            )
          )
          const client = yield* InstantlyClient.make({ apiKey: token, deadline: "1 second" }).pipe(
            Effect.provideService(HttpClient.HttpClient, endless)
          )
          const request = HttpClientRequest.del(`/api/v2/api-keys/${leaked.id}`)
          const error = yield* Effect.flip(
            inVirtualTime(
              client.execute(request, () => Effect.void),
              "1 second"
            )
          )
          expect(error).toMatchObject({ _tag: "TooManyRequests", retryAfter: Option.some(Duration.seconds(30)) })
          yield* rateLimit.acquire.pipe(inVirtualTime)
          yield* Effect.ignore(remove)
          expect((yield* mock.arrivals)[0]?.at).toBeGreaterThanOrEqual(30_000)
        }),
      { rateLimit: RateLimit.unlimited }
    )
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
            "The time was up before the request could be sent again: the deadline of the call is 5s; the attempt before it ended with status 429.\nNothing was carried out."
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
        }),
      { deadline: "3 seconds" }
    )
  )
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
          yield* Effect.flatMap(RateLimit.RateLimit, ({ pause }) => pause("1 hour"))
          const held = yield* Effect.flip(inVirtualTime(Effect.uninterruptible(remove), "30 seconds"))
          expect(held).toMatchObject({ reason: "Timeout", outcome: "NotApplied", attempts: 0 })
          expect(held.message).toContain("before a request could be sent")
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
