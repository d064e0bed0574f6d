import { HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Fiber, FiberRef, flow, Option, Schedule, Stream, TestClock } from "effect"
import { InstantlyClient, RetryPolicy } from "effect-instantly"
import { Fault } from "effect-instantly/testing"
import { leaksIn } from "../support/leaks.js"
import { inVirtualTime } from "../support/virtual.js"
import { withMock } from "../support/withMock.js"

describe("an attempt", () => {
  it.effect("reports the runtime's code when it was not sent or its connection was lost", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.refuse), Fault.next(Fault.loseRequest))
          const refused = yield* Effect.flip(remove)
          expect(refused).toMatchObject({ reason: "NotSent", detail: "ECONNREFUSED", attempts: 1 })
          const lost = yield* Effect.flip(remove)
          expect(lost).toMatchObject({ reason: "ConnectionLost", detail: "ECONNRESET" })
        }),
      { retryPolicy: RetryPolicy.none }
    )
  )

  it.effect.each([
    ["is cut off", () => Stream.fail(new Error("made-up"))],
    ["dies", () => Stream.die(new Error("made-up"))]
  ] as const)("knows a refusal by its status where its body %s", ([, stream]) =>
    withMock(
      ({ remove }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({ _tag: "UnexpectedStatus", status: 404, outcome: "NotApplied", attempts: 1 })
          expect(error.message).toContain("its body could not be read, so it may not come from Instantly")
        }),
      {
        transformClient: () =>
          HttpClient.make((request) =>
            Effect.succeed(
              Object.defineProperty(
                HttpClientResponse.fromWeb(request, new Response("made-up", { status: 404 })),
                "stream",
                { get: stream }
              )
            )
          )
      }
    )
  )

  it.effect("tells the id that the response gave the request", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          const requestId = "019e18e2-78d4-7322-941a-7384d8969c61"
          yield* mock.script(Fault.next(Fault.respond({ status: 500, headers: { "x-request-id": requestId } })))
          const error = yield* Effect.flip(remove)
          expect(error.requestId).toEqual(Option.some(requestId))
          expect(error.message).toContain(`request id ${requestId}`)
        }),
      { retryPolicy: RetryPolicy.none }
    )
  )

  it.effect("ends the same with an HttpClient that fails on statuses by itself", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* remove
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({ _tag: "NotFound", outcome: "NotApplied", attempts: 1 })
          expect(yield* mock.arrivals).toHaveLength(2)
        }),
      { transformClient: HttpClient.filterStatusOk }
    )
  )
})

describe("an app's client that sends another request, too", () => {
  const token = HttpClientRequest.post("https://token.example/made-up-canary-of-a-url")
  const responding = (request: HttpClientRequest.HttpClientRequest) =>
    HttpClientResponse.fromWeb(request, new Response("made-up-canary-of-a-body"))
  const refused = Object.assign(new Error("made-up"), { code: "ECONNREFUSED" })
  const failures: ReadonlyArray<readonly [string, Effect.Effect<unknown, HttpClientError.HttpClientError>, string]> = [
    ["whose body is not JSON", responding(token).json, "another request of the HttpClient failed"],
    [
      "whose status is refused",
      Effect.fail(
        new HttpClientError.ResponseError({ request: token, response: responding(token), reason: "StatusCode" })
      ),
      "another request of the HttpClient failed"
    ],
    [
      "whose connection is refused",
      Effect.fail(new HttpClientError.RequestError({ request: token, reason: "Transport", cause: refused })),
      "another request of the HttpClient failed (ECONNREFUSED)"
    ],
    [
      "whose URL is not valid",
      Effect.fail(new HttpClientError.RequestError({ request: token, reason: "InvalidUrl" })),
      "another request of the HttpClient failed"
    ]
  ]

  it.effect.each(
    failures.flatMap(([what, failure, detail]) =>
      (["before", "after"] as const).map((when) => [what, when, failure, detail] as const)
    )
  )("%s, %s ours, does not know what became of ours", ([, when, failure, detail]) =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({
            _tag: "TransportError",
            reason: "ConnectionLost",
            outcome: "Unknown",
            attempts: 1,
            detail
          })
          expect(leaksIn(error, ["made-up-canary-of-a-url", "made-up-canary-of-a-body"])).toEqual([])
          expect(yield* mock.arrivals).toHaveLength(when === "before" ? 0 : 1)
        }),
      {
        retryPolicy: RetryPolicy.none,
        transformClient: HttpClient.transform((sent) =>
          when === "before" ? Effect.zipRight(failure, sent) : Effect.zipLeft(sent, failure)
        )
      }
    )
  )

  it.effect("is believed when it says that it did not send ours, whichever request it names", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          expect(yield* Effect.flip(remove)).toMatchObject({ reason: "NotSent", outcome: "NotApplied", attempts: 1 })
          expect(yield* mock.arrivals).toEqual([])
        }),
      {
        retryPolicy: RetryPolicy.none,
        transformClient: HttpClient.transform(() => Effect.fail(InstantlyClient.notSent(token, "there is no token")))
      }
    )
  )

  const setHeader = HttpClientRequest.setHeader
  const changes: ReadonlyArray<
    readonly [string, (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest]
  > = [
    [
      "a header and a parameter more",
      flow(setHeader("x-app", "made-up"), HttpClientRequest.setUrlParam("app", "made-up"))
    ],
    ["another URL", HttpClientRequest.setUrl("https://gateway.example/made-up")],
    ["another credential", setHeader("authorization", "Bearer made-up")]
  ]
  const endings = [
    [200, { _tag: "InvalidResponse", outcome: "Applied" }],
    [401, { _tag: "UnexpectedStatus", outcome: "NotApplied" }],
    [500, { _tag: "ServerError", outcome: "Unknown" }]
  ] as const
  it.effect.each(
    endings.flatMap(([status, expected]) => changes.map(([what, change]) => [status, what, change, expected] as const))
  )("still has a %i to ours, where it fails with that, and sent ours with %s", ([status, , change, expected]) =>
    withMock(({ remove }) => Effect.map(Effect.flip(remove), (error) => expect(error).toMatchObject(expected)), {
      retryPolicy: RetryPolicy.none,
      transformClient: () =>
        HttpClient.make((request) => {
          const response = HttpClientResponse.fromWeb(request, new Response("made-up", { status }))
          return Effect.fail(new HttpClientError.ResponseError({ request, response, reason: "StatusCode" }))
        }).pipe(HttpClient.mapRequest(change))
    })
  )

  it.effect.each(changes)("still knows that ours was not sent, with %s", ([, change]) =>
    withMock(
      ({ remove }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({ reason: "NotSent", outcome: "NotApplied", detail: "ECONNREFUSED" })
        }),
      {
        retryPolicy: RetryPolicy.none,
        transformClient: () =>
          HttpClient.make((request) =>
            Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause: refused }))
          ).pipe(HttpClient.mapRequest(change))
      }
    )
  )
})

describe("what an app sets in a FiberRef", () => {
  const note = FiberRef.unsafeMake<ReadonlyArray<string>>([])
  const add = (text: string) => FiberRef.update(note, (before) => [...before, text])

  const options = {
    transformClient: HttpClient.tapRequest(() => add("client")),
    retryPolicy: RetryPolicy.attempts(2)(Schedule.forever)
  }

  it.effect("lasts from its client to its decoder, and ends with the attempt", () =>
    withMock(
      ({ execute, mock }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.loseRequest))
          yield* add("caller")
          const seen = yield* execute(HttpClientRequest.get("/api/v2/api-keys"), () =>
            Effect.zipLeft(FiberRef.get(note), add("decoder"))
          )
          expect(seen).toEqual(["caller", "client"])
          expect(yield* FiberRef.get(note)).toEqual(["caller"])
        }),
      options
    )
  )

  it.effect("stays where the attempt has no limit, and so no fiber of its own", () =>
    withMock(
      ({ execute }) =>
        Effect.gen(function* () {
          yield* execute(HttpClientRequest.get("/api/v2/api-keys"), () => add("decoder"))
          expect(yield* FiberRef.get(note)).toEqual(["client", "decoder"])
        }),
      { ...options, timeout: Duration.infinity }
    )
  )
})

describe("timeout", () => {
  it.effect("ends an attempt, whose outcome is then unknown, and the next one is sent", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.swallowRequest))
          yield* inVirtualTime(remove)
          expect((yield* mock.arrivals).map(({ at }) => at)).toEqual([0, 2100])
        }),
      { timeout: "2 seconds" }
    )
  )

  it.effect("is 15 seconds by default", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.swallowRequest))
          const fiber = yield* Effect.fork(Effect.flip(remove))
          yield* TestClock.adjust("14999 millis")
          expect(Option.isNone(yield* Fiber.poll(fiber))).toBe(true)
          yield* TestClock.adjust("1 millis")
          const error = yield* Fiber.join(fiber)
          expect(error).toMatchObject({ _tag: "TransportError", reason: "Timeout", outcome: "Unknown", attempts: 1 })
          expect(error.message).toContain("the limit for one attempt is 15s")
        }),
      { retryPolicy: RetryPolicy.none }
    )
  )
})

describe("a body that does not end in time", () => {
  it.effect.each([
    [200, { _tag: "InvalidResponse", outcome: "Applied", detail: "it did not arrive in time" }],
    [404, { _tag: "UnexpectedStatus", outcome: "NotApplied", status: 404 }],
    [500, { _tag: "ServerError", outcome: "Unknown", status: 500 }]
  ] as const)("of a %i leaves what its status says", ([status, expected]) =>
    withMock(
      ({ remove }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(inVirtualTime(remove))
          expect(error).toMatchObject({ ...expected, attempts: 1 })
        }),
      {
        retryPolicy: RetryPolicy.none,
        transformClient: () =>
          HttpClient.make((request) =>
            Effect.succeed(HttpClientResponse.fromWeb(request, new Response(new ReadableStream(), { status })))
          )
      }
    )
  )
})

describe("a defect", () => {
  const dying = (message: string) => Effect.die(new Error(message))

  it.effect("of the HttpClient is a lost connection, and shows nothing of the request", () =>
    withMock(
      ({ remove }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({ reason: "ConnectionLost", outcome: "Unknown", attempts: 1 })
          expect(error.message).toContain("the HttpClient died")
          expect(JSON.stringify(error) + error.stack).not.toContain("made-up-canary-of-a-defect")
        }),
      {
        retryPolicy: RetryPolicy.none,
        transformClient: () => HttpClient.make(() => dying("made-up-canary-of-a-defect"))
      }
    )
  )

  it.effect.each(["code", "cause"])("of a failure whose %s throws is a lost connection, too", (...key) =>
    withMock(
      ({ remove }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({ reason: "ConnectionLost", outcome: "Unknown", attempts: 1 })
          expect(leaksIn(error, ["made-up-canary-of-a-getter"])).toEqual([])
        }),
      {
        retryPolicy: RetryPolicy.none,
        transformClient: () =>
          HttpClient.make((request) => {
            const cause = Object.defineProperty(new Error("made-up"), key.join(""), {
              get: () => {
                throw new Error("made-up-canary-of-a-getter")
              }
            })
            return Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause }))
          })
      }
    )
  )

  it.effect.each<readonly [string, () => Effect.Effect<never>]>([
    ["dies", () => dying("made-up-canary-of-a-defect")],
    [
      "throws",
      () => {
        throw new SyntaxError("made-up-canary-of-a-defect")
      }
    ]
  ])("of a decoder that %s leaves the call applied, and shows nothing of it", ([, decode]) =>
    withMock(({ execute, mock }) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(execute(HttpClientRequest.get("/api/v2/api-keys"), decode))
        expect(error).toMatchObject({
          _tag: "InvalidResponse",
          outcome: "Applied",
          attempts: 1,
          detail: "its decoder threw"
        })
        expect(leaksIn(error, ["made-up-canary-of-a-defect"])).toEqual([])
        expect(yield* mock.arrivals).toHaveLength(1)
      })
    )
  )
})

describe("an interruption that does not come from the caller", () => {
  const limits = ["15 seconds", Duration.infinity] as const

  it.effect.each(limits)("but from the HttpClient is a lost connection, with a limit of %s", (timeout) =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({ reason: "ConnectionLost", outcome: "Unknown", attempts: 1 })
          expect(error.message).toContain("the HttpClient interrupted itself")
          expect(yield* mock.arrivals).toHaveLength(1)
        }),
      {
        timeout,
        retryPolicy: RetryPolicy.none,
        transformClient: HttpClient.transformResponse(Effect.zipLeft(Effect.interrupt))
      }
    )
  )

  it.effect.each(limits)("but from the decoder leaves the call applied, with a limit of %s", (timeout) =>
    withMock(
      ({ execute, mock }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(execute(HttpClientRequest.get("/api/v2/api-keys"), () => Effect.interrupt))
          expect(error).toMatchObject({
            _tag: "InvalidResponse",
            outcome: "Applied",
            detail: "its decoder interrupted itself"
          })
          expect(yield* mock.arrivals).toHaveLength(1)
        }),
      { timeout }
    )
  )

  it.effect("but from the end of another call, which asked for a token that both need, ends no other call", () =>
    Effect.gen(function* () {
      const token = yield* Effect.cached(Effect.delay(Effect.void, "10 seconds"))
      yield* withMock(
        ({ mock, remove }) =>
          Effect.gen(function* () {
            const hasty = yield* Effect.fork(remove)
            yield* TestClock.adjust("1 second")
            const patient = yield* Effect.fork(Effect.flip(remove))
            yield* TestClock.adjust("1 second")
            yield* Fiber.interrupt(hasty)
            expect(yield* Fiber.join(patient)).toMatchObject({ reason: "ConnectionLost", outcome: "Unknown" })
            expect(yield* mock.arrivals).toEqual([])
          }),
        { retryPolicy: RetryPolicy.none, transformClient: HttpClient.tapRequest(() => token) }
      )
    })
  )
})
