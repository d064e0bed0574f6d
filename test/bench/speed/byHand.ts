/**
 * A deletion with the features of this library, as one writes it with Effect and `@effect/platform` alone: a limit of time,
 * retries, a rate limit, a span, a counter, errors that have a name. It avoids what is needlessly dear: the platform's own
 * span is off, the fixed window is the cheaper of Effect's two limiters, and a counter is looked up once for each label.
 *
 * It knows less than the library: a body has no cap, `Retry-After` is ignored, a 429 does not slow down the limit, and any
 * 2xx that decodes is believed.
 */
import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { Cause, Data, Effect, Exit, flow, Metric, Option, RateLimiter, Redacted, Schedule } from "effect"
import { constTrue } from "effect/Function"
import { ApiKey } from "effect-instantly"

class BadRequest extends Data.TaggedError("BadRequest") {}
class Unauthorized extends Data.TaggedError("Unauthorized") {}
class PaymentRequired extends Data.TaggedError("PaymentRequired") {}
class NotFound extends Data.TaggedError("NotFound") {}
class TooManyRequests extends Data.TaggedError("TooManyRequests") {}
class ServerError extends Data.TaggedError("ServerError")<{ readonly status: number }> {}
class UnexpectedStatus extends Data.TaggedError("UnexpectedStatus")<{ readonly status: number }> {}
class InvalidResponse extends Data.TaggedError("InvalidResponse") {}
class ConnectionLost extends Data.TaggedError("ConnectionLost") {}
class Timeout extends Data.TaggedError("Timeout") {}

type DeleteError =
  | BadRequest
  | Unauthorized
  | PaymentRequired
  | NotFound
  | TooManyRequests
  | ServerError
  | UnexpectedStatus
  | InvalidResponse
  | ConnectionLost
  | Timeout

const isRetryable = ({ _tag }: DeleteError): boolean =>
  _tag === "TooManyRequests" || _tag === "ServerError" || _tag === "ConnectionLost" || _tag === "Timeout"

const mayBeApplied = ({ _tag }: DeleteError): boolean =>
  _tag === "ServerError" || _tag === "ConnectionLost" || _tag === "Timeout" || _tag === "InvalidResponse"

const policy = Schedule.exponential("100 millis").pipe(
  Schedule.jittered,
  Schedule.intersect(Schedule.recurs(4)),
  Schedule.whileInput(isRetryable)
)

const decode = flow(
  HttpClientResponse.schemaBodyJson(ApiKey.ApiKey),
  Effect.mapError(() => new InvalidResponse())
)

const read: (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<ApiKey.ApiKey, DeleteError> =
  HttpClientResponse.matchStatus({
    "2xx": decode,
    400: () => new BadRequest(),
    401: () => new Unauthorized(),
    402: () => new PaymentRequired(),
    404: () => new NotFound(),
    429: () => new TooManyRequests(),
    "5xx": ({ status }) => new ServerError({ status }),
    orElse: ({ status }) => new UnexpectedStatus({ status })
  })

const requests = Metric.counter("by_hand.requests", { incremental: true })

const resultOf = Exit.match({
  onSuccess: () => "Success",
  onFailure: (cause: Cause.Cause<DeleteError>) =>
    Option.match(Cause.failureOption(cause), { onNone: () => "Interrupted", onSome: ({ _tag }) => _tag })
})

const counters = new Map<string, Metric.Metric.Counter<number>>()

const count = (exit: Exit.Exit<unknown, DeleteError>) => {
  const result = resultOf(exit)
  const counter = counters.get(result) ?? Metric.tagged(requests, "result", result)
  counters.set(result, counter)
  return Metric.increment(counter)
}

/** Gives the deletion at one address, within a limit so high that nobody waits for it. */
export const make = (options: { readonly apiKey: Redacted.Redacted; readonly baseUrl: string }) =>
  Effect.gen(function* () {
    const limited = yield* RateLimiter.make({ limit: 1e9, interval: "1 minute", algorithm: "fixed-window" })
    const headers = { accept: "application/json", "user-agent": "by-hand/1.0" }
    const client = (yield* HttpClient.HttpClient).pipe(
      HttpClient.mapRequest(
        flow(
          HttpClientRequest.prependUrl(options.baseUrl),
          HttpClientRequest.setHeaders(headers),
          HttpClientRequest.bearerToken(Redacted.value(options.apiKey))
        )
      ),
      HttpClient.withTracerDisabledWhen(constTrue)
    )
    const { hostname } = new URL(options.baseUrl)

    return (id: ApiKey.ApiKeyId): Effect.Effect<ApiKey.ApiKey, DeleteError> =>
      Effect.clockWith((clock) => {
        const path = `/api/v2/api-keys/${id}`
        let attempts = 0
        let waited = 0
        let idleSince = clock.unsafeCurrentTimeMillis()
        let status: number | undefined
        let outcome = "NotApplied"

        const exchange = Effect.suspend(() => {
          attempts += 1
          waited += clock.unsafeCurrentTimeMillis() - idleSince
          return client.execute(HttpClientRequest.del(path))
        }).pipe(
          Effect.mapError(() => new ConnectionLost()),
          Effect.flatMap((response) => {
            status = response.status
            return read(response)
          })
        )

        const attempt = exchange.pipe(
          Effect.timeoutFail({ duration: "15 seconds", onTimeout: () => new Timeout() }),
          Effect.onExit((exit) => count(exit)),
          Effect.tapError((error) =>
            Effect.sync(() => {
              idleSince = clock.unsafeCurrentTimeMillis()
              if (mayBeApplied(error)) outcome = "Unknown"
            })
          )
        )

        return limited(attempt).pipe(
          Effect.retry(policy),
          Effect.onExit((exit) =>
            Effect.annotateCurrentSpan({
              "instantly.outcome": Exit.isSuccess(exit) ? "Applied" : outcome,
              "instantly.attempts": attempts,
              "instantly.waited_ms": waited,
              ...(attempts > 1 ? { "http.request.resend_count": attempts - 1 } : {}),
              ...(status === undefined ? {} : { "http.response.status_code": status }),
              ...(Exit.isFailure(exit) ? { "error.type": resultOf(exit) } : {})
            })
          )
        )
      }).pipe(
        Effect.withSpan("DELETE /api/v2/api-keys/{id}", {
          kind: "client",
          captureStackTrace: false,
          attributes: {
            "http.request.method": "DELETE",
            "url.template": "/api/v2/api-keys/{id}",
            "url.full": `${options.baseUrl}/api/v2/api-keys/${id}`,
            "server.address": hostname
          }
        })
      )
  })
