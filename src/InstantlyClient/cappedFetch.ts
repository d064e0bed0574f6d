/**
 * A `fetch` whose successes are no longer than a cap. What comes by any other client is counted as a `Stream`, which costs
 * several times what the platform needs to read a body. Below the platform's Fetch, counting costs next to nothing.
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { fromStatus } from "../Outcome.js"
import { Blocks } from "./blocks.js"

type Fetch = typeof globalThis.fetch

/** What is known of a body that has a cap. */
interface Cap {
  /** Whether the body was longer, and was cancelled there. */
  isExceeded: boolean
}

/** By request: it is what a response of the platform's and its `fetch` both know. */
const caps = new WeakMap<HttpClientRequest.HttpClientRequest, Cap>()

/** The cap of the last response to a request, if it has one. */
export const capOf = (request: HttpClientRequest.HttpClientRequest): Cap | undefined => caps.get(request)

/** Whether a head proves that a body is short. With an encoding it does not: 0.7 MB of gzip can be 1.7 GB of text. */
export const isShort = (most: number, header: (name: string) => string | null | undefined): boolean =>
  Number(header("content-length") ?? Number.NaN) <= most &&
  (header("content-encoding") ?? header("transfer-encoding") ?? undefined) === undefined

/** Statuses of which `Response` accepts no body. */
const bodiless = new Set([204, 205])

/** An app's own `fetch` may give a body of another kind, or one that somebody reads already. */
const isReadable = (body: unknown): body is ReadableStream<Uint8Array> => body instanceof ReadableStream && !body.locked

/** Reads a body to its end, and then gives it away. Beyond the cap it fails, and the body is cancelled. */
const counted = (most: number, body: ReadableStream<Uint8Array>, cap: Cap) => {
  const reader = body.getReader()
  const blocks = new Blocks()
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: (controller) =>
        new Promise((resolve, reject) => {
          // The promise of the next read is not returned: a million chunks would be a chain of as many promises.
          const readOn = () => {
            reader
              .read()
              .then(({ done, value }) => {
                if (done) {
                  for (const block of blocks.take()) controller.enqueue(block)
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
      const isCapped =
        isReadable(body) &&
        fromStatus(status) === "Applied" &&
        !bodiless.has(status) &&
        !isShort(most, (name) => headers.get(name))
      if (!isCapped) {
        caps.delete(request)
        return response
      }
      const cap: Cap = { isExceeded: false }
      caps.set(request, cap)
      return new Response(counted(most, body, cap), { status, headers })
    })
