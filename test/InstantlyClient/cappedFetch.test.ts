import { FetchHttpClient, HttpClient, HttpClientRequest, type HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Chunk, Deferred, Effect, Layer, Redacted, Stream } from "effect"
import { InstantlyClient, RateLimit, RetryPolicy } from "effect-instantly"
import { capOf, capped } from "../../src/InstantlyClient/cappedFetch.js"
import { decoders, encode, endless, source, times } from "../support/bodies.js"
import { inVirtualTime } from "../support/virtual.js"

const KiB = 1024
const MiB = 1024 * KiB

const get = HttpClientRequest.get("/api/v2/made-up")

/** A client of this library, over the platform's Fetch and this `fetch`. */
const over = (fetch: typeof globalThis.fetch, options: Partial<InstantlyClient.Options> = {}) =>
  InstantlyClient.make({
    apiKey: Redacted.make("made-up-token"),
    retryPolicy: RetryPolicy.none,
    ...options
  }).pipe(
    Effect.provide(FetchHttpClient.layer.pipe(Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetch)))),
    Effect.provideService(RateLimit.RateLimit, {
      acquire: Effect.void,
      pause: () => Effect.void,
      heard: () => Effect.void
    })
  )

const responding =
  (body: BodyInit | null, init?: ResponseInit): typeof globalThis.fetch =>
  () =>
    Promise.resolve(new Response(body, init))

type Decoder<A> = (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<A>

const sizeOf: Decoder<number> = ({ arrayBuffer }) =>
  Effect.orDie(Effect.map(arrayBuffer, ({ byteLength }) => byteLength))

const readBy = <A>(decode: Decoder<A>, body: BodyInit | null, options?: Partial<InstantlyClient.Options>) =>
  Effect.flatMap(over(responding(body), options), ({ execute }) => execute(get, decode))

const tooLong = { _tag: "InvalidResponse", outcome: "Applied", detail: "it is longer than 8 MiB", attempts: 1 }

describe("a success by Fetch that does not say how long it is", () => {
  it.effect("is read up to 8 MiB, and not a byte more", () =>
    Effect.gen(function* () {
      const whole = source(times(8, new Uint8Array(MiB)))
      expect(yield* readBy(sizeOf, whole.stream)).toBe(8 * MiB)
      expect(yield* whole.ended).toBe("closed")
      const longer = source([...times(8, new Uint8Array(MiB)), new Uint8Array(1), ...times(9, new Uint8Array(MiB))])
      expect(yield* Effect.flip(readBy(sizeOf, longer.stream))).toMatchObject(tooLong)
      expect(yield* longer.ended).toBe("cancelled")
      expect(longer.bytes).toBe(8 * MiB + 1)
    })
  )

  it.effect("is too long, also for a decoder that makes do with less", () =>
    Effect.gen(function* () {
      const body = source(endless(new Uint8Array(MiB)))
      const modest: Decoder<string> = ({ text }) => Effect.orElseSucceed(text, () => "made-up")
      expect(yield* Effect.flip(readBy(modest, body.stream))).toMatchObject(tooLong)
      expect(yield* body.ended).toBe("cancelled")
    })
  )

  it.effect("reaches its decoder in few chunks, though it comes byte by byte", () =>
    Effect.gen(function* () {
      const body = source(times(40 * KiB, new Uint8Array(1)))
      const lengths: Decoder<ReadonlyArray<number>> = ({ stream }) =>
        Effect.orDie(
          Effect.map(Stream.runCollect(stream), (chunks) => Chunk.toArray(chunks).map(({ length }) => length))
        )
      expect(yield* readBy(lengths, body.stream)).toEqual([16 * KiB, 16 * KiB, 8 * KiB])
    })
  )

  it.effect.each(decoders.filter(([name]) => name !== "json"))(
    "is there for a decoder that reads %s",
    ([, decode, expected]) =>
      Effect.gen(function* () {
        const body = source([encode("a=1"), encode("&b=2")])
        const init = { status: 201, headers: { "content-type": "application/x-www-form-urlencoded" } }
        const client = yield* over(responding(body.stream, init))
        const seen = yield* client.execute(get, (response) =>
          Effect.orDie(Effect.map(decode(response), (read) => [read, response.status]))
        )
        expect(seen).toEqual([expected, 201])
        expect(yield* body.ended).toBe("closed")
      })
  )

  it.effect("that breaks off is damaged, and not too long", () =>
    Effect.gen(function* () {
      const broken = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(new Error("made-up")) })
      const client = yield* over(responding(broken))
      const error = yield* Effect.flip(client.execute(get, ({ text }) => text))
      expect(error).toMatchObject({ _tag: "InvalidResponse", detail: "it was cut off or is damaged" })
    })
  )

  it.effect("that goes silent is cancelled when its time is up", () =>
    Effect.gen(function* () {
      const body = source([new Uint8Array(KiB)], { goesSilent: true })
      // a fetch ends its body when it is aborted
      const abortable: typeof globalThis.fetch = (_, init) =>
        Promise.resolve(
          new Response(body.stream.pipeThrough(new TransformStream(), init?.signal ? { signal: init.signal } : {}))
        )
      const client = yield* over(abortable, { timeout: "2 seconds" })
      const error = yield* Effect.flip(inVirtualTime(client.execute(get, sizeOf)))
      expect(error).toMatchObject({ _tag: "InvalidResponse", detail: "it did not arrive in time" })
      expect(yield* body.ended).toBe("cancelled")
    })
  )

  it.effect("is cancelled with the stream that its decoder reads, also if its fetch cannot be aborted", () =>
    Effect.gen(function* () {
      const body = source([new Uint8Array(KiB)], { goesSilent: true })
      const drained: Decoder<void> = ({ stream }) => Effect.orDie(Stream.runDrain(stream))
      yield* Effect.flip(inVirtualTime(readBy(drained, body.stream, { timeout: "2 seconds" })))
      expect(yield* body.ended).toBe("cancelled")
    })
  )

  it.effect("is not read before its decoder reads it", () =>
    Effect.gen(function* () {
      const body = source([encode("made"), encode("-up")])
      const seen: Decoder<ReadonlyArray<number>> = ({ text }) =>
        Effect.gen(function* () {
          const before = body.bytes
          yield* Effect.orDie(text)
          return [before, body.bytes]
        })
      expect(yield* readBy(seen, body.stream)).toEqual([0, 7])
    })
  )

  it.effect("that its decoder leaves alone is read in the background", () =>
    Effect.gen(function* () {
      const body = source([encode("made"), encode("-up")])
      yield* readBy(() => Effect.void, body.stream)
      expect(yield* body.ended).toBe("closed")
    })
  )

  it.effect("is replaced by what an app's client makes of it", () =>
    Effect.gen(function* () {
      const body = source([encode("made-up")])
      const upper = HttpClient.transformResponse(
        Effect.map((response: HttpClientResponse.HttpClientResponse) =>
          Object.create(response, {
            text: { get: () => Effect.map(response.text, (text) => text.toUpperCase()) }
          })
        )
      )
      expect(yield* readBy(({ text }) => Effect.orDie(text), body.stream, { transformClient: upper })).toBe("MADE-UP")
    })
  )

  it.effect("is sent by the app's own fetch, with what it was called with", () =>
    Effect.gen(function* () {
      const called = yield* Deferred.make<ReadonlyArray<unknown>>()
      const client = yield* over((input, init) => {
        Deferred.unsafeDone(called, Effect.succeed([String(input), init?.method, init?.redirect]))
        return Promise.resolve(new Response("made-up"))
      })
      yield* client.execute(get, () => Effect.void)
      expect(yield* Deferred.await(called)).toEqual(["https://api.instantly.ai/api/v2/made-up", "GET", "manual"])
    })
  )
})

describe("a fetch with a cap", () => {
  /** What it gives for this response, and whether that has a cap. */
  const given = (response: Response) => {
    const request = HttpClientRequest.get("https://api.instantly.ai/made-up")
    return Effect.map(
      Effect.promise(() => capped(10, () => Promise.resolve(response), request)("made-up")),
      (given) => [given === response ? "the same" : "another", capOf(request) === undefined ? "no cap" : "a cap"]
    )
  }

  const beingRead = new Response("made-up")
  beingRead.body?.getReader()

  it.effect.each([
    ["a success without a length", new Response("made-up"), true],
    ["one that says that it is longer", new Response("made-up", { headers: { "content-length": "11" } }), true],
    ["one that is encoded", new Response("x", { headers: { "content-length": "1", "content-encoding": "br" } }), true],
    ["one in chunks", new Response("x", { headers: { "content-length": "1", "transfer-encoding": "x" } }), true],
    ["a short one", new Response("made-up", { headers: { "content-length": "10" } }), false],
    ["one without a body", new Response(null), false],
    ["one that somebody reads", beingRead, false],
    ["one of another kind", Object.defineProperty(new Response("made-up"), "body", { value: {} }), false],
    ["a redirect", new Response("made-up", { status: 302 }), false],
    ["a refusal", new Response("made-up", { status: 404 }), false]
  ] as const)("caps %s: %s", ([, response, caps]) =>
    Effect.gen(function* () {
      expect(yield* given(response)).toEqual(caps ? ["another", "a cap"] : ["the same", "no cap"])
    })
  )

  it.effect.each([204, 205])("gives a %i as it is, of which no Response with a body can be made", (status) =>
    Effect.gen(function* () {
      const odd = Object.defineProperty(new Response("made-up"), "status", { value: status })
      expect(yield* given(odd)).toEqual(["the same", "no cap"])
    })
  )

  it.effect("knows the last response to a request, where an app's client sends it twice", () =>
    Effect.gen(function* () {
      const request = HttpClientRequest.get("https://api.instantly.ai/made-up")
      const responses = [new Response("made-up"), new Response(null)]
      const fetch = capped(10, () => Promise.resolve(responses.shift() ?? Response.error()), request)
      yield* Effect.promise(() => fetch("made-up"))
      expect(capOf(request)).toEqual({ isExceeded: false })
      yield* Effect.promise(() => fetch("made-up"))
      expect(capOf(request)).toBeUndefined()
    })
  )
})
