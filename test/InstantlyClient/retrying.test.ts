import { HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Schedule, Schema } from "effect"
import { type InstantlyError, RetryPolicy } from "effect-instantly"
import { Fault } from "effect-instantly/testing"
import { envelope } from "../support/bodies.js"
import { leaksIn } from "../support/leaks.js"
import { warningsOf } from "../support/logs.js"
import { inVirtualTime } from "../support/virtual.js"
import { withMock } from "../support/withMock.js"

/** Changes one field of a JSON object on its way. */
const changing = (name: string, value: unknown) =>
  Fault.changeResponse((response) => ({
    ...response,
    body: JSON.stringify({ ...JSON.parse(String(response.body)), [name]: value })
  }))

const list = HttpClientRequest.get("/api/v2/api-keys")

describe("a call", () => {
  it.effect("whose response is lost, and that a 404 follows, is NotFound, and the outcome is unknown", () =>
    withMock(({ mock, remove }) =>
      Effect.gen(function* () {
        yield* mock.script(Fault.next(Fault.loseResponse))
        const error = yield* Effect.flip(inVirtualTime(remove))
        expect(error).toMatchObject({ _tag: "NotFound", outcome: "Unknown", attempts: 2, waited: Duration.millis(100) })
        expect(error.message).toContain("That attempt may have deleted the key.")
      })
    )
  )

  const unreadable: ReadonlyArray<readonly [string, Fault.Fault]> = [
    ["it was cut off or damaged, or the app's HttpClient has read it", Fault.cutResponse],
    ["it is not JSON, so a proxy or a login page may have sent it", Fault.respond({ status: 200, body: "<html>" })],
    ["it is about something other than the request", changing("id", "019e18e2-78d4-7322-941a-7384d8969c61")],
    ["id is not ApiKeyId", changing("id", null)],
    ["it is empty", Fault.respond({ status: 204 })]
  ]
  it.effect.each(unreadable)(
    "is never sent again after a 2xx, whatever the policy says, even if %s",
    ([detail, fault]) =>
      withMock(
        ({ mock, remove }) =>
          Effect.gen(function* () {
            yield* mock.script(Fault.next(fault))
            const error = yield* Effect.flip(remove)
            expect(error).toMatchObject({ _tag: "InvalidResponse", outcome: "Unknown", attempts: 1, detail })
            expect(yield* mock.arrivals).toHaveLength(1)
          }),
        { retryPolicy: Schedule.forever }
      )
  )

  it.effect("that creates something is sent again if it certainly never left, and not after a lost response", () =>
    withMock(
      ({ execute, mock }) =>
        Effect.gen(function* () {
          const create = HttpClientRequest.post("/api/v2/api-keys").pipe(
            HttpClientRequest.bodyUnsafeJson({ name: "successor", scopes: ["all:all"] }),
            (request) => execute(request, Schema.Struct({ name: Schema.String }))
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

  /** How often a call is sent by a policy that always goes on once, where each attempt ends so. */
  const sent = (method: "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE" | "POST" | "PATCH", fault: Fault.Fault) =>
    withMock(
      ({ execute, mock }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.always(fault))
          const error = yield* Effect.flip(
            inVirtualTime(execute(HttpClientRequest.make(method)(list.url), Schema.Never))
          )
          const times = (yield* mock.arrivals).length
          expect(error.attempts).toBe(times)
          return { times, outcome: error.outcome }
        }),
      { retryPolicy: Schedule.recurs(1) }
    )

  it.effect.each([
    ["GET", 2],
    ["HEAD", 2],
    ["OPTIONS", 2],
    ["PUT", 2],
    ["DELETE", 2],
    ["POST", 1],
    ["PATCH", 1]
  ] as const)("that is a %s, and whose response is lost, is sent %i times", ([method, times]) =>
    Effect.gen(function* () {
      expect(yield* sent(method, Fault.loseResponse)).toEqual({ times, outcome: "Unknown" })
    })
  )

  const unknown: ReadonlyArray<readonly [string, Fault.Fault]> = [
    ["a lost request", Fault.loseRequest],
    ["a 302", Fault.respond({ status: 302 })],
    ["a 403 of the edge", Fault.respond({ status: 403, body: "error code: 1010" })],
    ["a 404 without a body", Fault.respond({ status: 404 })],
    ["a 408", Fault.respond({ status: 408 })],
    ["a 499", Fault.respond({ status: 499 })],
    ["a 500", Fault.respond({ status: 500 })],
    ["a 503", Fault.respond({ status: 503, headers: { "retry-after": "1" } })]
  ]
  it.effect.each(unknown)(
    "that is a POST or a PATCH is not sent again after %s, whatever the policy says",
    ([, fault]) =>
      Effect.gen(function* () {
        expect(yield* sent("DELETE", fault)).toEqual({ times: 2, outcome: "Unknown" })
        expect(yield* sent("POST", fault)).toEqual({ times: 1, outcome: "Unknown" })
        expect(yield* sent("PATCH", fault)).toEqual({ times: 1, outcome: "Unknown" })
      })
  )

  const notApplied: ReadonlyArray<readonly [string, Fault.Fault]> = [
    ["a refused connection", Fault.refuse],
    ["a 429", Fault.respond({ status: 429 })],
    ["a refusal of Instantly's own", Fault.respond({ status: 409, body: envelope(409, "Conflict") })]
  ]
  it.effect.each(notApplied)("that is a POST is sent again after %s, if the policy says so", ([, fault]) =>
    Effect.gen(function* () {
      expect(yield* sent("POST", fault)).toEqual({ times: 2, outcome: "NotApplied" })
    })
  )

  it.effect("that is a POST is not sent again once the app's client has sent it twice", () =>
    withMock(
      ({ execute, mock }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.loseRequest), Fault.always(Fault.respond({ status: 429 })))
          const error = yield* Effect.flip(inVirtualTime(execute(HttpClientRequest.post(list.url), Schema.Unknown)))
          expect(error).toMatchObject({ _tag: "TooManyRequests", outcome: "Unknown", attempts: 2 })
          expect(yield* mock.arrivals).toHaveLength(2)
        }),
      { retryPolicy: Schedule.recurs(3), transformClient: (client) => HttpClient.retry(client, { times: 1 }) }
    )
  )
})

describe("a retry policy that fails", () => {
  const canary = "made-up-canary-of-the-policy"
  const throwing = (): never => {
    throw new SyntaxError(canary)
  }

  /** Goes on each second, until its predicate is called for the n-th time. */
  const until = (n: number, fail: () => Effect.Effect<boolean>) => {
    let calls = 0
    return Schedule.whileInputEffect(Schedule.spaced("1 second"), (_: InstantlyError.InstantlyError) =>
      Effect.suspend(() => {
        calls += 1
        return calls === n ? fail() : Effect.succeed(true)
      })
    )
  }
  const untilThrown = (n: number) => {
    let calls = 0
    return Schedule.whileInput(Schedule.spaced("1 second"), (_: InstantlyError.InstantlyError) => {
      calls += 1
      return calls === n ? throwing() : true
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
    "counts as ended: the call fails with the error in hand, and one warning names the defect: %s at failure %i",
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

  it.effect("counts as ended, too, if withRetryPolicy has set it", () =>
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

  it.effect("is not stepped after a call was held back, or after a 2xx", () =>
    withMock(
      ({ execute, mock }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.always(Fault.respond({ status: 200, body: "<html>" })))
          const unproven = execute(list, Schema.Unknown)
          const heldBack = execute(HttpClientRequest.get("//evil.example"), Schema.Unknown)
          for (const [call, tag] of [
            [unproven, "InvalidResponse"],
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
