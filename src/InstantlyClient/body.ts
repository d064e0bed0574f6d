/** How much of a response's body is read: never more than a cap, whatever the server sends. */
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Blocks } from "./blocks.js"

type Response = HttpClientResponse.HttpClientResponse

/** Bytes. A page of 100 keys with all their scopes takes a twentieth of it. */
const longestSuccess = 8 * 1024 * 1024

/** Bytes. An envelope takes a hundredth of it. */
const longestRefusal = 16 * 1024

/** A body was longer than what is read of it. */
export class TooLong extends Data.TaggedError("TooLong") {}

/** Beyond the cap it fails, which cancels the source of the stream and closes the connection. */
const bytesUpTo = (most: number, response: Response) =>
  // Pulled by hand, which costs two thirds of `Stream.runForEach`: that connects the stream to a sink.
  Effect.scoped(
    Effect.flatMap(Stream.toPull(response.stream), (pull) => {
      const blocks = new Blocks()
      const readOn: Effect.Effect<never, Option.Option<TooLong | HttpClientError.ResponseError>> = Effect.flatMap(
        pull,
        (chunks) => {
          for (const chunk of chunks) {
            blocks.add(chunk)
            if (blocks.size > most) return Effect.fail(Option.some(new TooLong()))
          }
          return readOn
        }
      )
      return Effect.catchAll(
        readOn,
        Option.match({ onNone: () => Effect.succeed(blocks.take()), onSome: (error) => Effect.fail(error) })
      )
    })
  ).pipe(
    Effect.catchIf(
      (error) => error._tag === "ResponseError" && error.reason === "EmptyBody",
      () => Effect.succeed([])
    )
  )

/**
 * Reads a body that nobody needs, in the background, for at most a second: a connection whose body is left unread stays
 * open, and one whose body is cancelled cannot be used again.
 */
export const drain = (response: Response): Effect.Effect<void> =>
  bytesUpTo(longestRefusal, response).pipe(
    Effect.timeout("1 second"),
    Effect.catchAllCause(() => Effect.void),
    Effect.interruptible,
    Effect.forkDaemon,
    Effect.asVoid
  )

/** The text of a refusal; nothing if it is too long or damaged. */
export const readRefusal = (response: Response): Effect.Effect<Option.Option<string>> =>
  bytesUpTo(longestRefusal, response).pipe(
    Effect.flatMap((blocks) => Effect.promise(() => new Blob(blocks).text())),
    Effect.map(Option.some),
    Effect.catchAllCause(() => Effect.succeed(Option.none()))
  )

const readers: ReadonlySet<string | symbol> = new Set([
  "arrayBuffer",
  "formData",
  "json",
  "stream",
  "text",
  "urlParamsBody"
])

/** Whether a head proves that a body is short. With an encoding it does not: 0.7 MB of gzip can be 1.7 GB of text. */
const isShort = ({ headers }: Response): boolean =>
  Number(headers["content-length"] ?? Number.NaN) <= longestSuccess &&
  (headers["content-encoding"] ?? headers["transfer-encoding"]) === undefined

/** A short body is left to its decoder, and drained if that does not read it. */
const decodeShort = <A, E>(response: Response, decode: (response: Response) => Effect.Effect<A, E>) =>
  Effect.suspend(() => {
    let isRead = false
    const watched = new Proxy(response, {
      get: (target, property) => {
        if (readers.has(property)) isRead = true
        return Reflect.get(target, property)
      }
    })
    return Effect.ensuring(
      Effect.suspend(() => decode(watched)),
      Effect.suspend(() => (isRead ? Effect.void : drain(response)))
    )
  })

/** Gives its blocks away one by one, so that they are not all held a second time while they are decoded. */
const streamOf = (blocks: Array<Uint8Array<ArrayBuffer>>) => {
  blocks.reverse()
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => {
      const block = blocks.pop()
      if (block === undefined) controller.close()
      else controller.enqueue(block)
    }
  })
}

/** Counts a body before it is decoded. */
const decodeCounted = <A, E>(response: Response, decode: (response: Response) => Effect.Effect<A, E>) =>
  Effect.flatMap(bytesUpTo(longestSuccess, response), (blocks) => {
    const { headers, request, status } = response
    // A `Response` throws if it is given a body with one of these statuses, even an empty one.
    const body = status === 204 || status === 205 ? null : streamOf(blocks)
    return decode(HttpClientResponse.fromWeb(request, new globalThis.Response(body, { status, headers })))
  })

/** Decodes a success of which no more than the cap is read. */
export const decodeSuccess = <A, E>(
  response: Response,
  decode: (response: Response) => Effect.Effect<A, E>
): Effect.Effect<A, E | TooLong | HttpClientError.ResponseError> =>
  isShort(response) ? decodeShort(response, decode) : decodeCounted(response, decode)
