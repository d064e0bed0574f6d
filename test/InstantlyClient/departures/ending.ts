/** A deletion whose request leaves through clients of the app's own, above one to which a test says what happens. */
import { HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { expect } from "@effect/vitest"
import { Effect, identity, Ref, Schedule, Schema } from "effect"
import { type InstantlyError, RetryPolicy } from "effect-instantly"
import { callOver, envelope } from "../../support/bodies.js"
import { leaksIn } from "../../support/leaks.js"
import { inVirtualTime } from "../../support/virtual.js"

/** What happens to one departure of our request: its response, or the code of the failure. */
export type Departure = number | "ECONNREFUSED" | "ECONNRESET"

const bodies: Readonly<Record<number, string>> = {
  200: "{}",
  401: envelope(401, "Unauthorized"),
  404: envelope(404, "Not Found")
}

export const respond = (request: HttpClientRequest.HttpClientRequest, status: number) =>
  HttpClientResponse.fromWeb(request, new Response(bodies[status] ?? "made-up", { status }))

export const broken = (request: HttpClientRequest.HttpClientRequest, code: string) =>
  new HttpClientError.RequestError({
    request,
    reason: "Transport",
    cause: Object.assign(new Error("made-up"), { code })
  })

export const elsewhere = HttpClientRequest.post("https://token.example/made-up-canary-of-a-url")

const isOther = ({ headers, url }: HttpClientRequest.HttpClientRequest) =>
  url.startsWith("https://token.example") || headers["x-other"] !== undefined

type Send = Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>

/** A client of the app's own, which does something around each request. */
export const around =
  (step: (send: Send, request: HttpClientRequest.HttpClientRequest, client: HttpClient.HttpClient) => Send) =>
  (client: HttpClient.HttpClient) =>
    HttpClient.transform(client, (send, request) => step(send, request, client))

type Ended =
  | { readonly _tag: "Applied" }
  | Pick<InstantlyError.InstantlyError, "_tag" | "outcome" | "attempts" | "message">

/** How a deletion ends, and how often it left, where an app's client stands above one to which all this happens. */
export const ending = (
  departures: ReadonlyArray<Departure>,
  transformClient: (client: HttpClient.HttpClient) => HttpClient.HttpClient,
  options: NonNullable<Parameters<typeof callOver>[2]> = {},
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
export const always = Schedule.spaced("1 second").pipe(RetryPolicy.attempts(3))

export const again = Schedule.spaced("1 second").pipe(RetryPolicy.attempts(3), RetryPolicy.whileRetryable)
