/** How much of a response's body is read: never more than a cap, whatever the server sends. */
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

type Response = HttpClientResponse.HttpClientResponse

/** Bytes. A page of 100 keys with all their scopes takes a twentieth of it. */
const longestSuccess = 8 * 1024 * 1024

/** Bytes. An envelope takes a hundredth of it. */
const longestRefusal = 16 * 1024

/** A body was longer than what is read of it. */
export class TooLong extends Data.TaggedError("TooLong") {}

/** Chunks of any size, in blocks that are few: a server may send a body byte by byte. */
const makeBlocks = () => {
  const blocks: Array<Uint8Array<ArrayBuffer>> = []
  let last = new Uint8Array(0)
  let used = 0
  return {
    add: (chunk: Uint8Array) => {
      const fits = Math.min(chunk.length, last.length - used)
      last.set(chunk.subarray(0, fits), used)
      used += fits
      if (fits === chunk.length) return
      const rest = chunk.subarray(fits)
      last = new Uint8Array(Math.max(smallestBlock, rest.length))
      last.set(rest)
      used = rest.length
      blocks.push(last)
    },
    all: () => [...blocks.slice(0, -1), last.subarray(0, used)]
  }
}

const smallestBlock = 16 * 1024

/** Beyond the cap the stream fails, which cancels its source and closes the connection. */
const bytesUpTo = (most: number, response: Response) =>
  Effect.suspend(() => {
    const blocks = makeBlocks()
    let size = 0
    const collect = Stream.runForEach(response.stream, (chunk) => {
      size += chunk.length
      blocks.add(chunk)
      return size > most ? Effect.fail(new TooLong()) : Effect.void
    })
    return Effect.map(collect, blocks.all)
  }).pipe(
    Effect.catchIf(
      (error) => error._tag === "ResponseError" && error.reason === "EmptyBody",
      () => Effect.succeed([])
    )
  )

/** Whether the head proves that a body is short. With an encoding it does not: 0.7 MB of gzip can be 1.7 GB of text. */
const isShort = (most: number, { headers }: Response): boolean =>
  Number(headers["content-length"] ?? Number.NaN) <= most &&
  headers["content-encoding"] === undefined &&
  headers["transfer-encoding"] === undefined

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

/** Decodes a success of which no more than the cap is read. */
export const decodeSuccess = <A, E>(
  response: Response,
  decode: (response: Response) => Effect.Effect<A, E>
): Effect.Effect<A, E | TooLong | HttpClientError.ResponseError> =>
  isShort(longestSuccess, response)
    ? decodeShort(response, decode)
    : Effect.flatMap(bytesUpTo(longestSuccess, response), (chunks) => {
        const { headers, request, status } = response
        const body = chunks.length === 0 ? null : streamOf(chunks)
        return decode(HttpClientResponse.fromWeb(request, new globalThis.Response(body, { status, headers })))
      })
