/** Bodies that know how they ended, and the ways in which a decoder can read one. */
import { type HttpClientResponse, UrlParams } from "@effect/platform"
import { expect } from "@effect/vitest"
import { Chunk, Effect, Stream } from "effect"

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

/** Every way in which a decoder can read a body. */
export const decoders: ReadonlyArray<
  readonly [string, (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<unknown, unknown>, unknown]
> = [
  ["text", ({ text }) => text, "a=1&b=2"],
  ["arrayBuffer", ({ arrayBuffer }) => Effect.map(arrayBuffer, (bytes) => new TextDecoder().decode(bytes)), "a=1&b=2"],
  [
    "stream",
    ({ stream }) => Effect.map(Stream.runCollect(Stream.decodeText(stream)), (all) => Chunk.join(all, "")),
    "a=1&b=2"
  ],
  ["formData", ({ formData }) => Effect.map(formData, (form) => Object.fromEntries(form)), { a: "1", b: "2" }],
  ["urlParamsBody", ({ urlParamsBody }) => Effect.map(urlParamsBody, UrlParams.toRecord), { a: "1", b: "2" }],
  ["json", ({ json }) => Effect.flip(json), expect.objectContaining({ _tag: "ResponseError", reason: "Decode" })]
]
