import { HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { type Duration, Effect, flow, identity, Ref, Schedule, Schema } from "effect"
import { InstantlyClient, type InstantlyError, RetryPolicy } from "effect-instantly"
import { callOver, envelope } from "../support/bodies.js"
import { leaksIn } from "../support/leaks.js"
import { inVirtualTime } from "../support/virtual.js"

/** What happens to one departure of our request: its response, or the code of the failure. */
type Departure = number | "ECONNREFUSED" | "ECONNRESET"

const bodies: Readonly<Record<number, string>> = {
  200: "{}",
  401: envelope(401, "Unauthorized"),
  404: envelope(404, "Not Found")
}

const respond = (request: HttpClientRequest.HttpClientRequest, status: number) =>
  HttpClientResponse.fromWeb(request, new Response(bodies[status] ?? "made-up", { status }))

const broken = (request: HttpClientRequest.HttpClientRequest, code: string) =>
  new HttpClientError.RequestError({
    request,
    reason: "Transport",
    cause: Object.assign(new Error("made-up"), { code })
  })

const elsewhere = HttpClientRequest.post("https://token.example/made-up-canary-of-a-url")

const isOther = ({ headers, url }: HttpClientRequest.HttpClientRequest) =>
  url.startsWith("https://token.example") || headers["x-other"] !== undefined

type Send = Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>

/** A client of the app's own, which does something around each request. */
const around =
  (step: (send: Send, request: HttpClientRequest.HttpClientRequest, client: HttpClient.HttpClient) => Send) =>
  (client: HttpClient.HttpClient) =>
    HttpClient.transform(client, (send, request) => step(send, request, client))

type Ended =
  | { readonly _tag: "Applied" }
  | Pick<InstantlyError.InstantlyError, "_tag" | "outcome" | "attempts" | "message">

/** How a deletion ends, and how often it left, where an app's client stands above one to which all this happens. */
const ending = (
  departures: ReadonlyArray<Departure>,
  transformClient: (client: HttpClient.HttpClient) => HttpClient.HttpClient,
  options: Partial<InstantlyClient.Options> = {},
  /** What the app does to the client before it provides it. */
  provide: (client: HttpClient.HttpClient) => HttpClient.HttpClient = identity
) =>
  Effect.gen(function* () {
    const left = yield* Ref.make<ReadonlyArray<HttpClientRequest.HttpClientRequest>>([])
    const innermost = HttpClient.make((request) =>
      Effect.gen(function* () {
        if (isOther(request)) return respond(request, 200)
        const before = yield* Ref.getAndUpdate(left, (all) => [...all, request])
        const departure = departures[before.length]
        if (departure === undefined) return yield* Effect.dieMessage("one departure more than there should be")
        return typeof departure === "number"
          ? respond(request, departure)
          : yield* Effect.fail(broken(request, departure))
      })
    )
    const ended = yield* callOver(provide(innermost), Schema.Unknown, { transformClient, ...options }).pipe(
      Effect.match({
        onSuccess: (): Ended => ({ _tag: "Applied" }),
        onFailure: (error): Ended => error
      }),
      inVirtualTime
    )
    expect(leaksIn(ended, ["made-up-token", "made-up-canary-of-a-url"])).toEqual([])
    return { ended, left: (yield* Ref.get(left)).length }
  })

/** Goes on whatever the error is. */
const always = Schedule.spaced("1 second").pipe(RetryPolicy.attempts(3))

const again = Schedule.spaced("1 second").pipe(RetryPolicy.attempts(3), RetryPolicy.whileRetryable)

describe("an app's client that sends the request again", () => {
  const retrying = (client: HttpClient.HttpClient) => HttpClient.retry(client, { times: 1 })

  it.effect.each<readonly [string, ReadonlyArray<Departure>, object]>([
    [
      "lost, and then refused, is unknown",
      ["ECONNRESET", "ECONNREFUSED"],
      { _tag: "TransportError", reason: "ConnectionLost", outcome: "Unknown", attempts: 2 }
    ],
    ["lost, and then a 404, is unknown", ["ECONNRESET", 404], { _tag: "NotFound", outcome: "Unknown", attempts: 2 }],
    [
      "lost, and then a 429, is unknown",
      ["ECONNRESET", 429],
      { _tag: "TooManyRequests", outcome: "Unknown", attempts: 2 }
    ],
    ["lost, and then a 200 that confirms it, is applied", ["ECONNRESET", 200], { _tag: "Applied" }],
    [
      "refused, and then sent, is what it is without the first",
      ["ECONNREFUSED", 404],
      { _tag: "NotFound", outcome: "NotApplied", attempts: 1 }
    ],
    [
      "refused, and then lost, is unknown",
      ["ECONNREFUSED", "ECONNRESET"],
      { reason: "ConnectionLost", outcome: "Unknown", attempts: 1 }
    ],
    [
      "refused twice was never sent",
      ["ECONNREFUSED", "ECONNREFUSED"],
      { reason: "NotSent", outcome: "NotApplied", attempts: 1 }
    ]
  ])("%s", ([, departures, expected]) =>
    Effect.gen(function* () {
      const { ended, left } = yield* ending(departures, retrying)
      expect(ended).toMatchObject(expected)
      expect(left).toBe(departures.length)
    })
  )

  it.effect("counts with the attempts of the call", () =>
    Effect.gen(function* () {
      const { ended } = yield* ending(["ECONNRESET", "ECONNRESET", "ECONNREFUSED", 404], retrying, {
        retryPolicy: again
      })
      expect(ended).toMatchObject({ _tag: "NotFound", outcome: "Unknown", attempts: 3 })
    })
  )

  it.effect.each<
    readonly [string, (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest]
  >([
    ["another URL", HttpClientRequest.setUrl("https://gateway.example/made-up")],
    ["another credential", HttpClientRequest.bearerToken("made-up")],
    [
      "another host and another credential",
      flow(
        HttpClientRequest.updateUrl((url) =>
          url.replace("https://api.instantly.ai", "https://gateway.example/instantly")
        ),
        HttpClientRequest.bearerToken("made-up")
      )
    ],
    [
      "a header and a parameter more",
      flow(HttpClientRequest.setHeader("x-app", "made-up"), HttpClientRequest.setUrlParam("app", "made-up"))
    ]
  ])("is noticed, though it gives the request %s", ([, change]) =>
    Effect.gen(function* () {
      const changing = (client: HttpClient.HttpClient) => retrying(HttpClient.mapRequest(client, change))
      expect(yield* ending(["ECONNRESET", "ECONNREFUSED"], changing)).toMatchObject({
        ended: { reason: "ConnectionLost", outcome: "Unknown", attempts: 2 }
      })
      expect(yield* ending(["ECONNREFUSED", "ECONNREFUSED"], changing)).toMatchObject({
        ended: { reason: "NotSent", outcome: "NotApplied", attempts: 1 }
      })
    })
  )

  /** Sends it again with another token after a 401. */
  const renewing = around((send, request, client) =>
    Effect.flatMap(send, (response) =>
      response.status === 401
        ? client.execute(HttpClientRequest.bearerToken(request, "made-up-second-token"))
        : Effect.succeed(response)
    )
  )

  it.effect.each<readonly [Departure, object]>([
    [200, { _tag: "Applied" }],
    [404, { _tag: "NotFound", outcome: "Unknown", attempts: 2 }],
    [401, { _tag: "Unauthorized", outcome: "Unknown", attempts: 2 }],
    ["ECONNREFUSED", { _tag: "TransportError", reason: "ConnectionLost", outcome: "Unknown", attempts: 2 }]
  ])("with a new token after a 401, and then gets %s, has made two attempts", ([second, expected]) =>
    Effect.gen(function* () {
      const { ended, left } = yield* ending([401, second], renewing)
      expect(ended).toMatchObject(expected)
      expect(left).toBe(2)
    })
  )
})

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

describe("a client that the app has wrapped before it provides it", () => {
  it.effect.each<readonly [string, ReadonlyArray<Departure>, object]>([
    ["lost, and then refused", ["ECONNRESET", "ECONNREFUSED"], { _tag: "TransportError", attempts: 2 }],
    ["lost, and then a 404", ["ECONNRESET", 404], { _tag: "NotFound", attempts: 2 }]
  ])("that sends again is seen, too: %s, is unknown", ([, departures, expected]) =>
    Effect.gen(function* () {
      const ways = [
        (client: HttpClient.HttpClient) => HttpClient.retry(client, { times: 1 }),
        (client: HttpClient.HttpClient) => HttpClient.retryTransient(client, { times: 1 })
      ]
      for (const provide of ways) {
        const { ended, left } = yield* ending(departures, identity, {}, provide)
        expect(ended).toMatchObject({ outcome: "Unknown", ...expected })
        expect(left).toBe(2)
      }
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
