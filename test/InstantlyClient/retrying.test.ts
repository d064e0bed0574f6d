import { HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Schedule, Schema } from "effect"
import { type InstantlyError, RetryPolicy } from "effect-instantly"
import { Fault } from "effect-instantly/testing"
import { leaksIn } from "../support/leaks.js"
import { inVirtualTime } from "../support/virtual.js"
import { warningsOf } from "../support/warnings.js"
import { withMock } from "../support/withMock.js"

describe("execute", () => {
  it.effect("tells of a lost response that a 404 follows: NotFound, and the outcome is unknown", () =>
    withMock(({ mock, remove }) =>
      Effect.gen(function* () {
        yield* mock.script(Fault.next(Fault.loseResponse))
        const error = yield* Effect.flip(inVirtualTime(remove))
        expect(error).toMatchObject({ _tag: "NotFound", outcome: "Unknown", attempts: 2, waited: Duration.millis(100) })
        expect(error.message).toContain("That attempt may have deleted the key.")
      })
    )
  )

  it.effect.each([
    ["it was cut off or is damaged", () => Fault.cutResponse],
    ["it is not JSON", () => Fault.respond({ status: 200, body: "<html>" })],
    ["it is empty", () => Fault.respond({ status: 204 })]
  ] as const)(
    "never sends again after a 2xx, whatever the policy says, also where its body cannot be read: %s",
    ([detail, fault]) =>
      withMock(
        ({ mock, remove }) =>
          Effect.gen(function* () {
            yield* mock.script(Fault.next(fault()))
            const error = yield* Effect.flip(remove)
            expect(error).toMatchObject({ _tag: "InvalidResponse", outcome: "Applied", attempts: 1 })
            expect(error.message).toContain(detail)
            expect(yield* mock.arrivals).toHaveLength(1)
          }),
        { retryPolicy: Schedule.forever }
      )
  )

  it.effect("sends a POST again only if it certainly never left", () =>
    withMock(
      ({ execute, mock }) =>
        Effect.gen(function* () {
          const create = HttpClientRequest.post("/api/v2/api-keys").pipe(
            HttpClientRequest.bodyUnsafeJson({ name: "successor", scopes: ["all:all"] }),
            (request) => execute(request, HttpClientResponse.schemaBodyJson(Schema.Struct({ name: Schema.String })))
          )
          yield* mock.script(Fault.times(3, Fault.refuse))
          expect(yield* inVirtualTime(create)).toEqual({ name: "successor" })
          expect(yield* mock.arrivals).toHaveLength(4)
          yield* mock.script(Fault.next(Fault.loseResponse))
          const error = yield* Effect.flip(inVirtualTime(create))
          expect(error).toMatchObject({
            _tag: "TransportError",
            reason: "ConnectionLost",
            outcome: "Unknown",
            attempts: 1
          })
          expect(yield* mock.arrivals).toHaveLength(5)
        }),
      { retryPolicy: Schedule.spaced("1 second") }
    )
  )

  it.effect.each([
    ["GET", 2],
    ["HEAD", 2],
    ["OPTIONS", 2],
    ["PUT", 2],
    ["DELETE", 2],
    ["POST", 1],
    ["PATCH", 1]
  ] as const)("sends a %s whose response is lost %i times", ([method, times]) =>
    withMock(
      ({ execute, mock }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.always(Fault.loseResponse))
          const request = HttpClientRequest.make(method)("/api/v2/api-keys")
          const error = yield* Effect.flip(inVirtualTime(execute(request, () => Effect.void)))
          expect(error).toMatchObject({ _tag: "TransportError", outcome: "Unknown", attempts: times })
          expect(yield* mock.arrivals).toHaveLength(times)
        }),
      { retryPolicy: Schedule.recurs(1) }
    )
  )
})

describe("a retry policy that fails", () => {
  const canary = "made-up-canary-of-the-policy"
  const throwing = (): never => {
    throw new SyntaxError(canary)
  }

  /** Goes on each second, until its predicate is asked for the n-th time. */
  const until = (n: number, fail: () => Effect.Effect<boolean>) => {
    let asked = 0
    return Schedule.whileInputEffect(Schedule.spaced("1 second"), (_: InstantlyError.InstantlyError) =>
      Effect.suspend(() => {
        asked += 1
        return asked === n ? fail() : Effect.succeed(true)
      })
    )
  }
  const untilThrown = (n: number) => {
    let asked = 0
    return Schedule.whileInput(Schedule.spaced("1 second"), (_: InstantlyError.InstantlyError) => {
      asked += 1
      return asked === n ? throwing() : true
    })
  }

  const dying = (defect: unknown) => (n: number) => until(n, () => Effect.die(defect))

  it.effect.each(
    [1, 2].flatMap(
      (n) =>
        [
          ["whose predicate throws", n, "SyntaxError", untilThrown(n)],
          ["whose effect throws", n, "SyntaxError", until(n, throwing)],
          ["whose effect dies", n, "RangeError", dying(new RangeError(canary))(n)],
          ["whose effect dies of a string", n, "an unknown error", dying(canary)(n)],
          ["that interrupts itself", n, "an interruption", until(n, () => Effect.interrupt)]
        ] as const
    )
  )(
    "has ended: the error in hand comes out, and one warning names the defect: %s at failure %i",
    ([, n, name, retryPolicy]) =>
      withMock(
        ({ mock, remove }) =>
          Effect.gen(function* () {
            yield* mock.script(Fault.next(Fault.loseResponse), Fault.always(Fault.respond({ status: 503 })))
            const { result, warnings } = yield* warningsOf(Effect.flip(inVirtualTime(remove)))
            expect(result).toMatchObject({
              _tag: n === 1 ? "TransportError" : "ServerError",
              outcome: "Unknown",
              attempts: n,
              waited: Duration.seconds(n - 1)
            })
            expect(leaksIn(result, [canary])).toEqual([])
            expect(warnings).toEqual([`the retry policy failed with ${name}, and counts as ended`])
            expect(yield* mock.arrivals).toHaveLength(n)
          }),
        { retryPolicy }
      )
  )

  it.effect("is no different where withRetryPolicy sets it", () =>
    withMock(({ mock, remove }) =>
      Effect.gen(function* () {
        yield* mock.script(Fault.always(Fault.respond({ status: 429 })))
        const call = RetryPolicy.withRetryPolicy(remove, untilThrown(1))
        const { result, warnings } = yield* warningsOf(Effect.flip(inVirtualTime(call)))
        expect(result).toMatchObject({ _tag: "TooManyRequests", outcome: "NotApplied", attempts: 1 })
        expect(warnings).toHaveLength(1)
      })
    )
  )

  it.effect("is not asked about what is held back, or was carried out", () =>
    withMock(
      ({ execute, mock }) =>
        Effect.gen(function* () {
          const list = HttpClientRequest.get("/api/v2/api-keys")
          yield* mock.script(Fault.always(Fault.respond({ status: 200, body: "<html>" })))
          const applied = execute(list, HttpClientResponse.schemaBodyJson(Schema.Unknown))
          const heldBack = execute(HttpClientRequest.get("//evil.example"), () => Effect.void)
          for (const [call, tag] of [
            [applied, "InvalidResponse"],
            [heldBack, "HeldBack"]
          ] as const) {
            const { result, warnings } = yield* warningsOf(Effect.flip(call))
            expect(result._tag).toBe(tag)
            expect(warnings).toEqual([])
          }
        }),
      { retryPolicy: untilThrown(1) }
    )
  )
})
