/**
 * A `fetch` whose successes are no longer than a cap. Other clients have theirs counted as a `Stream`, which works for each
 * of them, but costs four times what the platform needs to read a body; below Fetch a body is counted almost for nothing.
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { fromStatus } from "../Outcome.js"
import { Blocks } from "./blocks.js"

type Fetch = typeof globalThis.fetch

/** What is known of the body of a response that has a cap. */
interface Cap {
  /** The body was longer, and was cancelled there. */
  isExceeded: boolean
}

/** By their requests, which the platform's responses hold: it hands on nothing else of what `fetch` gives. */
const caps = new WeakMap<HttpClientRequest.HttpClientRequest, Cap>()

/** The cap of the last response to a request, if it has one. */
export const capOf = (request: HttpClientRequest.HttpClientRequest): Cap | undefined => caps.get(request)

/** Whether a head proves that a body is short. With an encoding it does not: 0.7 MB of gzip can be 1.7 GB of text. */
export const isShort = (most: number, header: (name: string) => string | null | undefined): boolean =>
  Number(header("content-length") ?? Number.NaN) <= most &&
  (header("content-encoding") ?? header("transfer-encoding") ?? undefined) === undefined

/** Statuses of which `Response` accepts no body. */
const bodiless = new Set([204, 205])

/** Reads a body to its end, and then gives it away. Beyond the cap it fails, and the body is cancelled. */
const counted = (most: number, body: ReadableStream<Uint8Array>, cap: Cap) => {
  const reader = body.getReader()
  const blocks = new Blocks()
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: (controller) =>
        new Promise((resolve, reject) => {
          // It does not return the promise of the next read: a body of a million chunks would be a chain of as many promises.
          const readOn = () => {
            reader
              .read()
              .then(({ done, value }) => {
                if (done) {
                  for (const block of blocks.take()) if (block.length > 0) controller.enqueue(block)
                  controller.close()
                  return resolve()
                }
                blocks.add(value)
                if (blocks.size <= most) return readOn()
                cap.isExceeded = true
                reject(new RangeError("the body is too long"))
                return reader.cancel()
              })
              .catch(reject)
          }
          readOn()
        }),
      cancel: (reason) => reader.cancel(reason)
    },
    { highWaterMark: 0 }
  )
}

/** Makes `fetch` cap the body of a success, unless its head proves that it is short. It knows the request that it serves. */
export const capped =
  (most: number, fetch: Fetch, request: HttpClientRequest.HttpClientRequest): Fetch =>
  (input, init) =>
    fetch(input, init).then((response) => {
      const { body, headers, status } = response
      const isBounded = body === null || isShort(most, (name) => headers.get(name))
      if (isBounded || fromStatus(status) !== "Applied" || bodiless.has(status)) {
        caps.delete(request)
        return response
      }
      const cap: Cap = { isExceeded: false }
      caps.set(request, cap)
      return new Response(counted(most, body, cap), { status, headers })
    })
