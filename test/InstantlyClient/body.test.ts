import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Option, Schema, Stream, TestClock } from "effect"
import { RetryPolicy } from "effect-instantly"
import { decodeSuccess, drain, readRefusal } from "../../src/InstantlyClient/body.js"
import { decoders, encode, endless, source, times } from "../support/bodies.js"
import { inVirtualTime } from "../support/virtual.js"
import { withMock } from "../support/withMock.js"

const KiB = 1024
const MiB = 1024 * KiB

const request = HttpClientRequest.get("https://api.instantly.ai/made-up")

const responseOf = (body: BodyInit | null, init?: ResponseInit) =>
  HttpClientResponse.fromWeb(request, new Response(body, init))

const sizeOf = (response: HttpClientResponse.HttpClientResponse) =>
  Effect.map(response.arrayBuffer, ({ byteLength }) => byteLength)

describe("a success", () => {
  it.effect("is read up to 8 MiB, and not a byte more", () =>
    Effect.gen(function* () {
      const whole = source(times(8, new Uint8Array(MiB)))
      expect(yield* decodeSuccess(responseOf(whole.stream), sizeOf)).toBe(8 * MiB)
      expect(yield* whole.ended).toBe("closed")
      const longer = source([...times(8, new Uint8Array(MiB)), new Uint8Array(1), ...times(9, new Uint8Array(MiB))])
      expect(yield* Effect.flip(decodeSuccess(responseOf(longer.stream), sizeOf))).toMatchObject({ _tag: "TooLong" })
      expect(yield* longer.ended).toBe("cancelled")
      expect(longer.bytes).toBe(8 * MiB + 1)
    })
  )

  it.effect("that is longer was carried out, and says why it cannot be read", () => {
    const body = source(endless(new Uint8Array(MiB)))
    return withMock(
      ({ remove }) =>
        Effect.gen(function* () {
          expect(yield* Effect.flip(remove)).toMatchObject({
            _tag: "InvalidResponse",
            outcome: "Applied",
            detail: "it is longer than 8 MiB",
            attempts: 1
          })
          expect(yield* body.ended).toBe("cancelled")
          expect(body.bytes).toBe(9 * MiB)
        }),
      { transformClient: () => HttpClient.make(() => Effect.succeed(responseOf(body.stream))) }
    )
  })

  it.effect.each([
    ["says that it is short", "trusted", { "content-length": "7" }],
    ["says that it is as long as what is read", "trusted", { "content-length": String(8 * MiB) }],
    ["says that it is longer", "counted", { "content-length": String(8 * MiB + 1) }],
    ["does not say how long it is", "counted", {}],
    ["says it in words", "counted", { "content-length": "short" }],
    ["is short, but encoded", "counted", { "content-length": "7", "content-encoding": "gzip" }],
    ["is short, but comes in chunks", "counted", { "content-length": "7", "transfer-encoding": "chunked" }]
  ] as const)("that %s is %s", ([, how, headers]) =>
    Effect.gen(function* () {
      const body = source(times(9, new Uint8Array(MiB)))
      const size = yield* Effect.either(decodeSuccess(responseOf(body.stream, { headers }), sizeOf))
      expect(size).toMatchObject(how === "trusted" ? { right: 9 * MiB } : { left: { _tag: "TooLong" } })
    })
  )

  it.effect.each(
    decoders.flatMap(([name, decode, expected]) =>
      (
        [
          ["short", { "content-length": "7" }],
          ["counted", {}]
        ] as const
      ).map(([kind, headers]) => [kind, name, decode, headers, expected] as const)
    )
  )("that is %s is there for a decoder that reads %s", ([, , decode, headers, expected]) =>
    Effect.gen(function* () {
      const init = { status: 201, headers: { "content-type": "application/x-www-form-urlencoded", ...headers } }
      const body = source([encode("a=1"), encode("&b=2")])
      const response = responseOf(body.stream, init)
      const seen = yield* decodeSuccess(response, (response) =>
        Effect.map(decode(response), (read) => ({
          read,
          status: response.status,
          type: response.headers["content-type"]
        }))
      )
      expect(seen).toEqual({ read: expected, status: 201, type: "application/x-www-form-urlencoded" })
      expect(yield* body.ended).toBe("closed")
    })
  )

  it.effect("that comes byte by byte reaches its decoder in few chunks, in their order", () =>
    Effect.gen(function* () {
      const bytes = Array.from({ length: 40 * KiB }, (_, index) => Uint8Array.of(index % 251))
      const chunks = yield* decodeSuccess(responseOf(source(bytes).stream), ({ stream }) => Stream.runCollect(stream))
      expect([...chunks].map(({ length }) => length)).toEqual([16 * KiB, 16 * KiB, 8 * KiB])
      expect([...chunks].flatMap((chunk) => [...chunk])).toEqual(bytes.flatMap((byte) => [...byte]))
    })
  )

  it.effect.each([
    ["without a body", null],
    ["with an empty body", new ReadableStream<Uint8Array>({ start: (controller) => controller.close() })]
  ] as const)("%s is empty, and no failure", ([, body]) =>
    Effect.gen(function* () {
      expect(yield* decodeSuccess(responseOf(body), ({ text }) => text)).toBe("")
    })
  )

  it.effect.each([
    [204, "an empty stream", []],
    [205, "an empty stream", []],
    [205, "a stream of some bytes", [encode("made-up")]]
  ] as const)("with status %i is empty, though its client has %s for it", ([status, , chunks]) =>
    Effect.gen(function* () {
      // Undici and node:http give every response a stream; a `Response` cannot have one with these statuses.
      const streamed = Object.defineProperty(responseOf(source(chunks).stream), "status", { value: status })
      const seen = yield* decodeSuccess(streamed, (response) =>
        Effect.map(response.text, (text) => ({ text, status: response.status }))
      )
      expect(seen).toEqual({ text: "", status })
    })
  )

  it.effect("that is short, and that its decoder leaves alone, is read in the background", () =>
    Effect.gen(function* () {
      const headers = { "content-length": "7" }
      const decoders: ReadonlyArray<(response: HttpClientResponse.HttpClientResponse) => Effect.Effect<unknown>> = [
        () => Effect.succeed("made-up"),
        ({ status }) => Effect.succeed(status),
        () => Effect.die("made-up"),
        () => {
          throw new Error("made-up")
        }
      ]
      for (const decode of decoders) {
        const body = source([encode("made"), encode("-up")])
        yield* Effect.exit(decodeSuccess(responseOf(body.stream, { headers }), decode))
        expect(yield* body.ended).toBe("closed")
        expect(body.bytes).toBe(7)
      }
    })
  )

  it.effect("that breaks off is the failure of its connection, and not a long one", () =>
    Effect.gen(function* () {
      const broken = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(new Error("made-up")) })
      const error = yield* Effect.flip(decodeSuccess(responseOf(broken), ({ text }) => text))
      expect(error).toMatchObject({ _tag: "ResponseError", reason: "Decode" })
    })
  )
})

describe("a refusal", () => {
  it.effect("is read up to 16 KiB, and nothing of a longer one is kept", () =>
    Effect.gen(function* () {
      const whole = source(times(16, encode("x".repeat(KiB))))
      expect(yield* readRefusal(responseOf(whole.stream))).toEqual(Option.some("x".repeat(16 * KiB)))
      expect(yield* whole.ended).toBe("closed")
      const longer = source(endless(new Uint8Array(KiB)))
      expect(yield* readRefusal(responseOf(longer.stream))).toEqual(Option.none())
      expect(yield* longer.ended).toBe("cancelled")
      expect(longer.bytes).toBe(17 * KiB)
    })
  )

  it.effect("keeps characters whole that come in two chunks", () =>
    Effect.gen(function* () {
      const bytes = encode("made-üp")
      const body = source([bytes.slice(0, 6), bytes.slice(6)])
      expect(yield* readRefusal(responseOf(body.stream))).toEqual(Option.some("made-üp"))
    })
  )

  it.effect("without a body is empty, and one that breaks off is nothing", () =>
    Effect.gen(function* () {
      expect(yield* readRefusal(responseOf(null))).toEqual(Option.some(""))
      const broken = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(new Error("made-up")) })
      expect(yield* readRefusal(responseOf(broken))).toEqual(Option.none())
    })
  )
})

/** What a call fails with where the response has this status and this body. */
const failureOf = (status: number, stream: ReadableStream<Uint8Array>) =>
  withMock(({ remove }) => Effect.flip(remove), {
    retryPolicy: RetryPolicy.none,
    transformClient: () => HttpClient.make(() => Effect.succeed(responseOf(stream, { status })))
  })

describe("a response", () => {
  it.effect.each([302, 408, 429, 500, 503])(
    "with status %i is told by its head, and its endless body is cancelled",
    (status) =>
      Effect.gen(function* () {
        const body = source(endless(new Uint8Array(KiB)))
        expect(yield* failureOf(status, body.stream)).toMatchObject({ status, attempts: 1 })
        expect(yield* body.ended).toBe("cancelled")
        expect(body.bytes).toBe(17 * KiB)
      })
  )

  it.effect.each([302, 408, 429, 500, 503])("with status %i is told at once, though its body goes silent", (status) =>
    Effect.gen(function* () {
      const body = source([new Uint8Array(KiB)], { goesSilent: true })
      const failure = Effect.zip(failureOf(status, body.stream), Clock.currentTimeMillis)
      const [error, at] = yield* inVirtualTime(failure)
      expect(error).toMatchObject({ status, attempts: 1 })
      expect(at).toBe(0)
      expect(yield* body.ended).toBe("cancelled")
    })
  )

  it.effect.each([400, 401, 402, 403, 404, 409, 418, 422])(
    "with status %i is told by its body, of which no more than 16 KiB are read",
    (status) =>
      Effect.gen(function* () {
        const body = source(endless(new Uint8Array(KiB)))
        expect(yield* failureOf(status, body.stream)).toMatchObject({
          _tag: "UnexpectedStatus",
          status,
          detail: "its body could not be read, so it may not come from Instantly"
        })
        expect(yield* body.ended).toBe("cancelled")
        expect(body.bytes).toBe(17 * KiB)
      })
  )

  it.effect("that nobody needs is read to its end, so that its connection can be used again", () =>
    Effect.gen(function* () {
      const body = source(times(16, new Uint8Array(KiB)))
      yield* drain(responseOf(body.stream))
      expect(yield* body.ended).toBe("closed")
    })
  )

  it.effect("that nobody needs, and that goes silent, is cancelled after a second", () =>
    Effect.gen(function* () {
      const body = source([new Uint8Array(KiB)], { goesSilent: true })
      let isOver = false
      yield* drain(responseOf(body.stream))
      yield* Effect.fork(
        Effect.map(body.ended, () => {
          isOver = true
        })
      )
      yield* TestClock.adjust("999 millis")
      expect(isOver).toBe(false)
      yield* TestClock.adjust("1 millis")
      expect(yield* body.ended).toBe("cancelled")
    })
  )

  it.effect("that nobody needs does not fail where it breaks off, nor where it has no body", () =>
    Effect.gen(function* () {
      const broken = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(new Error("made-up")) })
      yield* drain(responseOf(broken))
      yield* drain(responseOf(null))
    })
  )
})

describe("a decoder of the app's own", () => {
  it.effect.each(decoders.filter(([name]) => name !== "json"))(
    "that reads %s works with execute",
    ([, decode, expected]) =>
      withMock(
        ({ execute }) =>
          Effect.gen(function* () {
            const read = yield* execute(HttpClientRequest.get("/made-up"), (response) => Effect.orDie(decode(response)))
            expect(read).toEqual(expected)
          }),
        {
          transformClient: () =>
            HttpClient.make(() =>
              Effect.succeed(
                responseOf("a=1&b=2", { headers: { "content-type": "application/x-www-form-urlencoded" } })
              )
            )
        }
      )
  )

  it.effect("that is a Schema of the whole response works, too", () =>
    withMock(
      ({ execute }) =>
        Effect.gen(function* () {
          const Whole = Schema.Struct({ status: Schema.Literal(202), body: Schema.Struct({ made: Schema.String }) })
          const read = yield* execute(HttpClientRequest.get("/made-up"), HttpClientResponse.schemaJson(Whole))
          expect(read).toEqual({ status: 202, body: { made: "up" } })
        }),
      { transformClient: () => HttpClient.make(() => Effect.succeed(responseOf('{"made":"up"}', { status: 202 }))) }
    )
  )
})
