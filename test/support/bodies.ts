/** Bodies that report how they ended, and calls whose only response has such a body. */
import { HttpClient, type HttpClientError, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { Effect, Redacted, Schema, type Stream } from "effect"
import { InstantlyClient, RateLimit, RetryPolicy } from "effect-instantly"

export const encode = (text: string) => new TextEncoder().encode(text)

/** The body of a response, chunk by chunk, and how it ended: read to its end, or cancelled before. */
export const source = (chunks: Iterable<Uint8Array>, options: { readonly goesSilent?: boolean } = {}) => {
  const iterator = chunks[Symbol.iterator]()
  let settle: (how: "closed" | "cancelled") => void = () => {}
  const ended = new Promise<"closed" | "cancelled">((resolve) => {
    settle = resolve
  })
  const body = { bytes: 0, ended: Effect.promise(() => ended) }
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        const next = iterator.next()
        if (!next.done) {
          body.bytes += next.value.length
          controller.enqueue(next.value)
        } else if (options.goesSilent === true) {
          return new Promise(() => {})
        } else {
          controller.close()
          settle("closed")
        }
        return undefined
      },
      cancel: () => settle("cancelled")
    },
    { highWaterMark: 0 }
  )
  return Object.assign(body, { stream })
}

export const times = (n: number, chunk: Uint8Array) => Array.from({ length: n }, () => chunk)

export function* endless(chunk: Uint8Array) {
  for (;;) yield chunk
}

/** A body that breaks off at once. */
export const broken = () =>
  new ReadableStream<Uint8Array>({ start: (controller) => controller.error(new Error("made-up")) })

/** A client that responds to every request with this. A `Response` alone refuses some statuses, and bodies with others. */
export const responding = (
  status: number,
  body: BodyInit | null = null,
  headers: Readonly<Record<string, string>> = {}
): HttpClient.HttpClient =>
  HttpClient.make((request) =>
    Effect.succeed(
      Object.defineProperty(HttpClientResponse.fromWeb(request, new Response(body, { headers })), "status", {
        value: status
      })
    )
  )

/** A client that responds to every request with a body that is this stream. */
export const streaming = (
  status: number,
  stream: Stream.Stream<Uint8Array, HttpClientError.ResponseError>
): HttpClient.HttpClient =>
  HttpClient.make((request) =>
    Effect.succeed(
      Object.defineProperty(HttpClientResponse.fromWeb(request, new Response("made-up", { status })), "stream", {
        get: () => stream
      })
    )
  )

/** Instantly's own envelope. */
export const envelope = (statusCode: number, error: string, more: Readonly<Record<string, unknown>> = {}) =>
  JSON.stringify({ statusCode, error, message: "made-up", ...more })

const id = "019e18e2-78d4-7322-941a-7384d8969c61"

const openGate: RateLimit.Service = { acquire: Effect.void, observe: () => Effect.void }

/** One call through this client: without retries, and through a gate that is always open, unless there is another. */
export const callOver = <A, I, R>(
  httpClient: HttpClient.HttpClient,
  schema: Schema.Schema<A, I, R>,
  {
    confirms,
    gate = openGate,
    request = HttpClientRequest.del(`/api/v2/api-keys/${id}`),
    ...options
  }: Partial<InstantlyClient.Options> & {
    readonly request?: HttpClientRequest.HttpClientRequest
    readonly confirms?: ((json: unknown) => boolean) | undefined
    readonly gate?: RateLimit.Service
  } = {}
) =>
  Effect.gen(function* () {
    const client = yield* Effect.orDie(
      InstantlyClient.make({ apiKey: Redacted.make("made-up-token"), retryPolicy: RetryPolicy.none, ...options })
    )
    return yield* client.execute(request, schema, { confirms })
  }).pipe(Effect.provideService(HttpClient.HttpClient, httpClient), Effect.provideService(RateLimit.RateLimit, gate))

/** What a call fails with whose response is this. */
export const errorOver = (
  status: number,
  body: BodyInit | null = null,
  headers: Readonly<Record<string, string>> = {}
) => Effect.flip(callOver(responding(status, body, headers), Schema.Unknown))
