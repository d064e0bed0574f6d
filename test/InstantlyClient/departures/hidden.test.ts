import { HttpClient, HttpClientError, type HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { type Duration, Effect, Schedule } from "effect"
import { InstantlyClient, RetryPolicy } from "effect-instantly"
import { again, always, around, broken, elsewhere, ending, respond } from "./ending.js"

describe("an app's client that fails after a response", () => {
  type Step = (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<unknown, HttpClientError.HttpClientError>
  const ours = "the HttpClient failed"
  const steps: ReadonlyArray<readonly [string, Step, string]> = [
    [
      "with an error of our request",
      (request) => Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport" })),
      ours
    ],
    ["with a code that says it never left", (request) => Effect.fail(broken(request, "ECONNREFUSED")), "ECONNREFUSED"],
    [
      "with an error of our URL",
      (request) => Effect.fail(new HttpClientError.RequestError({ request, reason: "InvalidUrl" })),
      ours
    ],
    [
      "by notSent of our request",
      (request) => Effect.fail(InstantlyClient.notSent(request, "made-up reason")),
      "made-up reason"
    ],
    [
      "by notSent of another request",
      () => Effect.fail(InstantlyClient.notSent(elsewhere, "made-up reason")),
      "another request of the HttpClient failed (made-up reason)"
    ],
    [
      "with a refused connection of another request",
      () => Effect.fail(broken(elsewhere, "ECONNREFUSED")),
      "another request of the HttpClient failed (ECONNREFUSED)"
    ],
    [
      "with a response to another request",
      () =>
        Effect.fail(
          new HttpClientError.ResponseError({
            request: elsewhere,
            response: respond(elsewhere, 403),
            reason: "StatusCode"
          })
        ),
      "another request of the HttpClient failed"
    ],
    ["by dying", () => Effect.dieMessage("made-up"), "the HttpClient died"],
    ["by interrupting itself", () => Effect.interrupt, "the HttpClient interrupted itself"]
  ]
  const failing = (step: Step) => around((send, request) => Effect.zipLeft(send, step(request)))

  it.effect.each(
    steps.flatMap(([how, step, detail]) =>
      ([200, 404, 500] as const).map((status) => [how, status, step, detail] as const)
    )
  )("%s, after a %i, does not know what became of the request", ([, status, step, detail]) =>
    Effect.gen(function* () {
      const { ended, left } = yield* ending([status], failing(step))
      expect(ended).toMatchObject({
        _tag: "TransportError",
        reason: "ConnectionLost",
        outcome: "Unknown",
        attempts: 1,
        detail
      })
      expect(left).toBe(1)
    })
  )

  it.effect.each(steps)("%s, is followed by no request after a 2xx, whatever the policy says", ([, step]) =>
    Effect.gen(function* () {
      const { ended, left } = yield* ending([200], failing(step), { retryPolicy: always })
      expect(ended).toMatchObject({ _tag: "TransportError", outcome: "Unknown", attempts: 1 })
      expect(left).toBe(1)
    })
  )

  it.effect.each(steps)("%s, may be followed by another request after a 500", ([, step]) =>
    Effect.gen(function* () {
      const { ended, left } = yield* ending([500, 500, 500], failing(step), { retryPolicy: again })
      expect(ended).toMatchObject({ outcome: "Unknown", attempts: 3 })
      expect(left).toBe(3)
    })
  )

  it.effect("has the response all the same if that is what its error holds", () =>
    Effect.gen(function* () {
      const over = (status: number) =>
        Effect.map(
          ending(
            [status],
            HttpClient.filterStatus(() => false)
          ),
          ({ ended }) => ended
        )
      expect(yield* over(200)).toEqual({ _tag: "Applied" })
      expect(yield* over(401)).toMatchObject({ _tag: "Unauthorized", outcome: "NotApplied", attempts: 1 })
      expect(yield* over(404)).toMatchObject({ _tag: "NotFound", outcome: "NotApplied", attempts: 1 })
      expect(yield* over(500)).toMatchObject({ _tag: "ServerError", outcome: "Unknown", attempts: 1 })
    })
  )
})

describe("an app's client that hides a 2xx", () => {
  /** Responds in place of the server. */
  const answering = (status: number) => around((send, request) => Effect.as(send, respond(request, status)))

  it.effect.each([
    [404, { _tag: "NotFound", outcome: "Unknown" }],
    [401, { _tag: "Unauthorized", outcome: "Unknown" }],
    [429, { _tag: "TooManyRequests", outcome: "Unknown" }],
    [503, { _tag: "ServerError", outcome: "Unknown" }]
  ] as const)("behind a %i: the outcome is unknown, and no request follows", ([status, expected]) =>
    Effect.gen(function* () {
      const { ended, left } = yield* ending([200], answering(status), { retryPolicy: always })
      expect(ended).toMatchObject({ ...expected, attempts: 1 })
      expect(left).toBe(1)
    })
  )

  it.effect("by hanging: the outcome is unknown when the time is up, and no request follows", () =>
    Effect.gen(function* () {
      const hanging = around((send) => Effect.zipRight(send, Effect.never))
      const { ended, left } = yield* ending([200], hanging, { retryPolicy: always })
      expect(ended).toMatchObject({ reason: "Timeout", outcome: "Unknown", attempts: 1 })
      expect(left).toBe(1)
    })
  )

  it.effect("behind a 200 of its own is believed about that one", () =>
    Effect.gen(function* () {
      expect(yield* ending([200], answering(200))).toEqual({ ended: { _tag: "Applied" }, left: 1 })
    })
  )
})

describe("an app's client that answers in the server's place", () => {
  const answering = (status: number) =>
    around((send, request) => Effect.as(Effect.exit(send), respond(request, status)))

  it.effect.each([
    ["ECONNRESET", 404],
    ["ECONNRESET", 429],
    [500, 404],
    [503, 401]
  ] as const)("after %s leaves the call unknown, whatever it answers: %i", ([departure, status]) =>
    Effect.gen(function* () {
      const { ended, left } = yield* ending([departure], answering(status))
      expect(ended).toMatchObject({ status, outcome: "Unknown", attempts: 1 })
      expect(left).toBe(1)
    })
  )

  it.effect("after a refused connection leaves it as it answers, because nothing has left", () =>
    Effect.gen(function* () {
      expect(yield* ending(["ECONNREFUSED"], answering(404))).toMatchObject({
        ended: { _tag: "NotFound", outcome: "NotApplied" }
      })
    })
  )

  it.effect("and sent nothing leaves it as it answers", () =>
    Effect.gen(function* () {
      const { ended, left } = yield* ending(
        [],
        around((_, request) => Effect.succeed(respond(request, 404)))
      )
      expect([ended, left]).toMatchObject([{ _tag: "NotFound", outcome: "NotApplied" }, 0])
    })
  )
})

describe("a request that leaves, or succeeds, after its attempt has ended", () => {
  /** Sends in a fiber that outlives the attempt, and fails with `notSent`. */
  const detached = (delay: Duration.DurationInput) =>
    around((send, request) =>
      Effect.zipRight(
        Effect.forkDaemon(Effect.delay(Effect.exit(send), delay)),
        Effect.fail(InstantlyClient.notSent(request, "made-up"))
      )
    )

  it.effect("leaves the call unknown", () =>
    Effect.gen(function* () {
      const { ended } = yield* ending(["ECONNRESET", "ECONNRESET"], detached("500 millis"), {
        retryPolicy: Schedule.spaced("1 second").pipe(RetryPolicy.attempts(2))
      })
      expect(ended).toMatchObject({ outcome: "Unknown" })
    })
  )

  it.effect("ends the call where it succeeds while the call waits for its permit", () =>
    Effect.gen(function* () {
      const gate = { acquire: Effect.sleep("10 seconds"), observe: () => Effect.void }
      const { ended, left } = yield* ending([200], detached("5 seconds"), { gate, retryPolicy: Schedule.recurs(2) })
      expect(ended).toMatchObject({ _tag: "TransportError", outcome: "Unknown" })
      expect(left).toBe(1)
    })
  )

  it.effect("ends the call where it succeeds while the call waits", () =>
    Effect.gen(function* () {
      const { ended, left } = yield* ending([200], detached("500 millis"), {
        retryPolicy: Schedule.forever.pipe(Schedule.addDelay(() => "1 second"))
      })
      expect(ended).toMatchObject({ _tag: "TransportError", outcome: "Unknown" })
      expect(ended).toHaveProperty("message", expect.stringContaining("a success came after its attempt had ended"))
      expect(left).toBe(1)
    })
  )
})
