import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Either, Fiber, Option, Random, Schedule, TestClock } from "effect"
import { ApiKeys, Instantly, RateLimit, RetryPolicy } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { breaking, circuitBreaker } from "./circuit-breaker.js"

const options = { failures: 3, openFor: "10 seconds" } as const

const failing = Fault.respond({ status: 503 })

/** Deletes with a circuit breaker while these faults occur, one for each request that is sent. */
const withBreaker = <A, E>(
  faults: ReadonlyArray<Fault.Fault>,
  body: (test: { readonly mock: InstantlyMock.Service; readonly remove: Effect.Effect<string> }) => Effect.Effect<A, E>,
  retryPolicy = RetryPolicy.none
) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const ours = yield* mock.createApiKey()
    const leaked = yield* mock.createApiKey()
    yield* mock.script(...faults.map(Fault.next))
    return yield* Effect.gen(function* () {
      const apiKeys = yield* ApiKeys.ApiKeys
      const remove = Effect.match(apiKeys.delete(leaked.id), {
        onSuccess: () => "deleted",
        onFailure: (error) => (error._tag === "HeldBack" ? error.message : `${error._tag}, ${error.outcome}`)
      })
      return yield* body({ mock, remove })
    }).pipe(Effect.provide(Instantly.layer({ apiKey: ours.secret, gate: circuitBreaker(options), retryPolicy })))
  }).pipe(Effect.withRandom(Random.fixed([1])), Effect.provide(InstantlyMock.layer()))

/** One after another, with a second between them. */
const times = (count: number, remove: Effect.Effect<string>) =>
  Effect.replicateEffect(Effect.zipLeft(remove, TestClock.adjust("1 second")), count)

const unavailable = "ServerError, Unknown"
const open = expect.stringContaining("This client did not send the request: the circuit is open.")

describe("a circuit breaker", () => {
  it.effect("opens after some 5xx in a row, and says so at once", () =>
    withBreaker([failing, failing, failing], ({ mock, remove }) =>
      Effect.gen(function* () {
        expect(yield* times(4, remove)).toEqual([unavailable, unavailable, unavailable, open])
        expect(yield* mock.arrivals).toHaveLength(3)
      })
    )
  )

  it.effect("stays closed while 5xx do not follow one another", () =>
    withBreaker([failing, failing, Fault.respond({ status: 429 }), failing, failing], ({ remove }) =>
      Effect.map(times(6, remove), (ends) =>
        expect(ends).toEqual([
          unavailable,
          unavailable,
          "TooManyRequests, NotApplied",
          unavailable,
          unavailable,
          "deleted"
        ])
      )
    )
  )

  it.effect("lets one probe through after a time, and closes when it works", () =>
    withBreaker([failing, failing, failing, Fault.delayRequest("1 second")], ({ mock, remove }) =>
      Effect.gen(function* () {
        yield* times(3, remove)
        yield* TestClock.adjust("8999 millis")
        expect(yield* remove).toEqual(open)
        yield* TestClock.adjust("1 millis")
        const probe = yield* Effect.fork(remove)
        yield* TestClock.adjust("500 millis")
        expect(yield* remove).toEqual(open)
        yield* TestClock.adjust("500 millis")
        expect(yield* Fiber.join(probe)).toBe("deleted")
        expect(yield* remove).toBe("NotFound, NotApplied")
        expect(yield* mock.arrivals).toHaveLength(5)
      })
    )
  )

  it.effect("opens again when the probe fails", () =>
    withBreaker([failing, failing, failing, failing], ({ mock, remove }) =>
      Effect.gen(function* () {
        yield* times(3, remove)
        yield* TestClock.adjust("10 seconds")
        expect(yield* times(2, remove)).toEqual([unavailable, open])
        yield* TestClock.adjust("10 seconds")
        expect(yield* remove).toBe("deleted")
        expect(yield* mock.arrivals).toHaveLength(5)
      })
    )
  )

  it.effect("lets another probe through when the first has no response", () =>
    withBreaker([failing, failing, failing, Fault.loseRequest], ({ remove }) =>
      Effect.gen(function* () {
        yield* times(3, remove)
        yield* TestClock.adjust("10 seconds")
        expect(yield* times(2, remove)).toEqual(["TransportError, Unknown", open])
        yield* TestClock.adjust("8 seconds")
        expect(yield* remove).toBe("deleted")
      })
    )
  )

  it.effect("does not count lost connections, which have no response", () =>
    withBreaker(
      Array.from({ length: 9 }, () => Fault.loseRequest),
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* times(9, remove)
          expect(yield* remove).toBe("deleted")
          expect(yield* mock.arrivals).toHaveLength(10)
        })
    )
  )

  it.effect("ends the retries of a call, whose outcome is kept", () =>
    withBreaker(
      [failing, failing, failing],
      ({ mock, remove }) =>
        Effect.gen(function* () {
          const call = yield* Effect.fork(remove)
          yield* TestClock.adjust("1 minute")
          expect(yield* Fiber.join(call)).toEqual(open)
          expect(yield* Fiber.join(call)).toContain("outcome Unknown · 3 attempts")
          expect(yield* mock.arrivals).toHaveLength(3)
        }),
      RetryPolicy.standard
    )
  )

  it.effect("refuses those who wait for a permit as soon as it opens", () =>
    Effect.gen(function* () {
      const gate = yield* Effect.flatMap(RateLimit.make(Schedule.spaced("1 hour")), (gate) => breaking(gate, options))
      yield* gate.acquire
      const waiting = yield* Effect.fork(
        Effect.replicateEffect(Effect.either(gate.acquire), 5, { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("1 second")
      yield* Effect.replicateEffect(gate.observe({ status: 500, retryAfter: Option.none() }), 3)
      expect((yield* Fiber.join(waiting)).map(Either.isLeft)).toEqual([true, true, true, true, true])
      expect(yield* Clock.currentTimeMillis).toBe(1000)
    }).pipe(Effect.scoped)
  )
})
