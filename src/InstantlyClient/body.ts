/** The text of a response's body: never more than a cap, whatever the server sends. */
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/** Bytes. A page of 100 keys with all their scopes takes a fifth of it. */
const longestSuccess = 2 * 1024 * 1024

/** Bytes. An envelope takes a hundredth of it. */
const longestRefusal = 16 * 1024

/** Adds a chunk in place: a server may send a body byte by byte, and that many small arrays would take too much memory. */
const append = (before: Uint8Array, size: number, chunk: Uint8Array): Uint8Array => {
  const needed = size + chunk.length
  const bytes = needed <= before.length ? before : new Uint8Array(Math.max(needed, 2 * before.length))
  if (bytes !== before) bytes.set(before.subarray(0, size))
  bytes.set(chunk, size)
  return bytes
}

/**
 * Beyond the cap it fails, which cancels the source of the stream and closes the connection. Pulled by hand: bodies of
 * unknown length are common, and `Stream.runFoldEffect` allocates 130 kB more for one.
 */
const streamed = (most: number, { stream }: HttpClientResponse.HttpClientResponse): Effect.Effect<string, string> =>
  Effect.scoped(
    Effect.flatMap(Stream.toPull(stream), (pull) => {
      let bytes: Uint8Array = new Uint8Array(0)
      let size = 0
      const readOn: Effect.Effect<string, string> = Effect.matchEffect(pull, {
        onFailure: (end) =>
          // Fetch calls an empty body an error.
          Option.exists(end, ({ reason }) => reason !== "EmptyBody")
            ? Effect.fail(damaged)
            : Effect.succeed(new TextDecoder().decode(bytes.subarray(0, size))),
        onSuccess: (chunks) => {
          for (const chunk of chunks) {
            if (size + chunk.length > most) return Effect.fail(`it is longer than ${most / 1024} KiB`)
            bytes = append(bytes, size, chunk)
            size += chunk.length
          }
          return readOn
        }
      })
      return readOn
    })
  )

/** An error of the platform would hold the request, and with it the token. */
const damaged = "it was cut off or damaged, or the app's HttpClient has read it"

/** Whether a head proves that a body is short. With an encoding it does not: 0.7 MB of gzip can be 1.7 GB of text. */
const isShort = (most: number, { headers }: HttpClientResponse.HttpClientResponse): boolean => {
  const length = headers["content-length"] ?? ""
  return (
    /^\d{1,9}$/.test(length) &&
    Number(length) <= most &&
    (headers["content-encoding"] ?? headers["transfer-encoding"]) === undefined
  )
}

/**
 * The text of a body, or what is wrong with it. If the app's client has read the body, its stream is locked, and
 * reading it dies.
 */
const textUpTo =
  (most: number) =>
  (response: HttpClientResponse.HttpClientResponse): Effect.Effect<string, string> =>
    Effect.suspend(() =>
      isShort(most, response)
        ? Effect.mapError(response.text, (_: HttpClientError.ResponseError) => damaged)
        : streamed(most, response)
    ).pipe(Effect.catchAllDefect(() => Effect.fail(damaged)))

export const ofSuccess = textUpTo(longestSuccess)

export const ofRefusal = textUpTo(longestRefusal)

/**
 * Reads a body that is not needed, in the background, for at most a second: a connection whose body is left unread
 * stays open, and one whose body is cancelled cannot be used again.
 */
export const drain = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  ofRefusal(response).pipe(
    Effect.timeout("1 second"),
    Effect.exit,
    Effect.interruptible,
    Effect.forkDaemon,
    Effect.asVoid
  )
