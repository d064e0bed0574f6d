import { HttpClient, type HttpClientError, type HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Ref, Schema, Stream, TestClock } from "effect"
import {
  broken,
  callOver,
  encode,
  endless,
  envelope,
  errorOver,
  responding,
  source,
  streaming,
  times
} from "../support/bodies.js"

const KiB = 1024
const MiB = 1024 * KiB

/** The bytes of a JSON string that is so long, in chunks of a 64th of a MiB. */
const jsonOf = (bytes: number) => {
  const text = encode(`"${"x".repeat(bytes - 2)}"`)
  return Array.from({ length: Math.ceil(bytes / (16 * KiB)) }, (_, n) => text.slice(n * 16 * KiB, (n + 1) * 16 * KiB))
}

/** How long the JSON string of a 200 is, or what is wrong with its body. */
const lengthOf = (body: BodyInit | null, headers: Readonly<Record<string, string>> = {}) =>
  callOver(responding(200, body, headers), Schema.String).pipe(
    Effect.map((text) => text.length + 2),
    Effect.catchTag("InvalidResponse", ({ detail }) => Effect.succeed(detail))
  )

const tooLong = "it is longer than 2048 KiB"
const damaged = "it was cut off or damaged, or the app's HttpClient has read it"

describe("the body of a 2xx", () => {
  it.effect("is read up to 2 MiB, and not a byte more", () =>
    Effect.gen(function* () {
      const whole = source(jsonOf(2 * MiB))
      expect(yield* lengthOf(whole.stream)).toBe(2 * MiB)
      expect(yield* whole.ended).toBe("closed")
      const longer = source([...jsonOf(2 * MiB), encode(" "), ...jsonOf(2 * MiB)])
      expect(yield* lengthOf(longer.stream)).toBe(tooLong)
      expect(yield* longer.ended).toBe("cancelled")
      expect(longer.bytes).toBe(2 * MiB + 1)
    })
  )

  it.effect("proves nothing if it is longer, and is cancelled", () =>
    Effect.gen(function* () {
      const body = source(endless(new Uint8Array(MiB)))
      expect(yield* errorOver(200, body.stream)).toMatchObject({
        _tag: "InvalidResponse",
        outcome: "Unknown",
        confirmed: false,
        detail: tooLong,
        attempts: 1
      })
      expect(yield* body.ended).toBe("cancelled")
      expect(body.bytes).toBe(3 * MiB)
    })
  )

  it.effect.each([
    ["short", { "content-length": "7" }],
    ["as long as the cap", { "content-length": String(2 * MiB) }]
  ] as const)("is not counted if its Content-Length is %s, because HTTP holds it to that", ([, headers]) =>
    Effect.gen(function* () {
      expect(yield* lengthOf(source(jsonOf(3 * MiB)).stream, headers)).toBe(3 * MiB)
    })
  )

  it.effect.each([
    ["missing", {}],
    ["longer than the cap", { "content-length": String(2 * MiB + 1) }],
    ["empty", { "content-length": "" }],
    ["a word", { "content-length": "abc" }],
    ["negative", { "content-length": "-1" }],
    ["a number with an exponent", { "content-length": "1e9" }],
    ["hexadecimal", { "content-length": "0x7" }],
    ["a fraction", { "content-length": "7.5" }],
    ["there twice", { "content-length": "7, 7" }],
    ["a number of 400 digits", { "content-length": "9".repeat(400) }],
    ["short, but the body is compressed", { "content-length": "7", "content-encoding": "gzip" }],
    ["short, but the body comes in chunks", { "content-length": "7", "transfer-encoding": "chunked" }]
  ] as const)("is counted if its Content-Length is %s", ([, headers]) =>
    Effect.gen(function* () {
      const body = source(jsonOf(3 * MiB))
      expect(yield* lengthOf(body.stream, headers)).toBe(tooLong)
      expect(yield* body.ended).toBe("cancelled")
      // a short one is read as any other
      expect(yield* lengthOf(source(jsonOf(7)).stream, headers)).toBe(7)
    })
  )

  it.effect("is whole, and in its order, if it comes byte by byte", () =>
    Effect.gen(function* () {
      const text = Array.from({ length: 40 * KiB }, (_, n) => String.fromCharCode(97 + (n % 26))).join("")
      const bytes = Array.from(encode(`"${text}"`), (byte) => Uint8Array.of(byte))
      expect(yield* callOver(responding(200, source(bytes).stream), Schema.String)).toBe(text)
    })
  )

  it.effect("keeps a character whole whose bytes come in two chunks", () =>
    Effect.gen(function* () {
      const bytes = encode('"made-üp"')
      const body = source([bytes.slice(0, 7), new Uint8Array(0), bytes.slice(7)])
      expect(yield* callOver(responding(200, body.stream), Schema.String)).toBe("made-üp")
    })
  )

  const empties: ReadonlyArray<readonly [string, () => BodyInit | null]> = [
    ["no body", () => null],
    ["an empty body", () => source([]).stream],
    ["a body of empty chunks", () => source(times(3, new Uint8Array(0))).stream]
  ]
  it.effect.each(empties)("is undefined, and no failure, if there is %s", ([, body]) =>
    Effect.gen(function* () {
      for (const status of [200, 202, 204, 205]) {
        for (const headers of [{}, { "content-length": "0" }]) {
          const client = () => responding(status, body(), headers)
          expect(yield* callOver(client(), Schema.Unknown)).toBeUndefined()
          expect(yield* callOver(client(), Schema.Void)).toBeUndefined()
          expect(yield* Effect.flip(callOver(client(), Schema.Struct({})))).toMatchObject({
            _tag: "InvalidResponse",
            outcome: "Unknown",
            detail: "it is empty"
          })
        }
      }
    })
  )

  it.effect("may be null, which is not the same as empty", () =>
    Effect.gen(function* () {
      expect(yield* callOver(responding(200, "null"), Schema.Unknown)).toBe(null)
    })
  )
})

describe("the body of a refusal", () => {
  const longest = 16 * KiB
  const padded = (bytes: number) => envelope(404, "Not Found").padEnd(bytes, " ")

  it.effect("is read up to 16 KiB, and not a byte more", () =>
    Effect.gen(function* () {
      const whole = source([encode(padded(longest))])
      expect(yield* errorOver(404, whole.stream)).toMatchObject({ _tag: "NotFound", outcome: "NotApplied" })
      expect(yield* whole.ended).toBe("closed")
      const longer = source([encode(padded(longest)), encode(" "), encode(" ")])
      expect(yield* errorOver(404, longer.stream)).toMatchObject({
        _tag: "UnexpectedStatus",
        outcome: "Unknown",
        detail: "its body could not be read (it is longer than 16 KiB), so it may not come from Instantly"
      })
      expect(yield* longer.ended).toBe("cancelled")
      expect(longer.bytes).toBe(longest + 1)
    })
  )

  it.effect.each([400, 401, 402, 403, 404, 405, 409, 410, 415, 418, 422, 428, 451, 499])(
    "decides what a %i is, and 16 KiB of it are enough",
    (status) =>
      Effect.gen(function* () {
        const body = source(endless(new Uint8Array(KiB)))
        expect(yield* errorOver(status, body.stream)).toMatchObject({
          _tag: "UnexpectedStatus",
          status,
          outcome: "Unknown",
          fromInstantly: false,
          detail: "its body could not be read (it is longer than 16 KiB), so it may not come from Instantly"
        })
        expect(yield* body.ended).toBe("cancelled")
        expect(body.bytes).toBe(17 * KiB)
      })
  )

  it.effect("is counted if its Content-Length is odd, or if it is compressed", () =>
    Effect.gen(function* () {
      for (const headers of [
        { "content-length": "" },
        { "content-length": "-1" },
        { "content-length": "1e9" },
        { "content-length": "7", "content-encoding": "br" }
      ]) {
        expect(yield* errorOver(404, padded(longest + 1), headers)).toMatchObject({ _tag: "UnexpectedStatus" })
        expect(yield* errorOver(404, padded(longest), headers)).toMatchObject({ _tag: "NotFound" })
      }
    })
  )
})

describe("a body that nobody needs", () => {
  const statuses = [302, 304, 408, 429, 500, 503, 599]

  it.effect.each(statuses)("of a %i is read to its end, so that its connection can be used again", (status) =>
    Effect.gen(function* () {
      const body = source(times(16, new Uint8Array(KiB)))
      expect(yield* errorOver(status, body.stream)).toMatchObject({ status, attempts: 1 })
      expect(yield* body.ended).toBe("closed")
    })
  )

  it.effect.each(statuses)("of a %i is cancelled after 16 KiB", (status) =>
    Effect.gen(function* () {
      const body = source(endless(new Uint8Array(KiB)))
      expect(yield* errorOver(status, body.stream)).toMatchObject({ status, attempts: 1 })
      expect(yield* body.ended).toBe("cancelled")
      expect(body.bytes).toBe(17 * KiB)
    })
  )

  it.effect.each(statuses)("of a %i is not waited for, and is cancelled after a second", (status) =>
    Effect.gen(function* () {
      const body = source([new Uint8Array(KiB)], { goesSilent: true })
      const [error, at] = yield* Effect.zip(errorOver(status, body.stream), Clock.currentTimeMillis)
      expect(error).toMatchObject({ status, attempts: 1 })
      expect(at).toBe(0)
      const isOver = yield* Ref.make(false)
      const over = yield* Effect.fork(Effect.zipRight(body.ended, Ref.set(isOver, true)))
      yield* TestClock.adjust("999 millis")
      expect(yield* Ref.get(isOver)).toBe(false)
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(over)
      expect(yield* body.ended).toBe("cancelled")
    })
  )

  it.effect("changes nothing if it breaks off, or is not there", () =>
    Effect.gen(function* () {
      expect(yield* errorOver(500, broken())).toMatchObject({ _tag: "ServerError", status: 500 })
      expect(yield* errorOver(500)).toMatchObject({ _tag: "ServerError", status: 500 })
    })
  )
})

describe("a body that cannot be read", () => {
  const dying = Stream.die(new Error("made-up-canary"))
  const ways: ReadonlyArray<readonly [string, (status: number) => HttpClient.HttpClient]> = [
    ["breaks off at once", (status) => responding(status, broken())],
    ["breaks off at once, and has a length", (status) => responding(status, broken(), { "content-length": "7" })],
    [
      "breaks off in the middle",
      (status) => streaming(status, Stream.concat(Stream.make(encode('{"id":')), Stream.die("made-up")))
    ],
    ["dies", (status) => streaming(status, dying)]
  ]

  it.effect.each(ways)("because it %s, leaves the outcome unknown", ([, client]) =>
    Effect.gen(function* () {
      expect(yield* Effect.flip(callOver(client(200), Schema.Unknown))).toMatchObject({
        _tag: "InvalidResponse",
        outcome: "Unknown",
        confirmed: false,
        detail: damaged
      })
      expect(yield* Effect.flip(callOver(client(404), Schema.Unknown))).toMatchObject({
        _tag: "UnexpectedStatus",
        outcome: "Unknown",
        detail: `its body could not be read (${damaged}), so it may not come from Instantly`
      })
    })
  )

  type Read = (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<unknown, HttpClientError.ResponseError>
  const reads: ReadonlyArray<readonly [string, Read]> = [
    ["text", ({ text }) => text],
    ["arrayBuffer", ({ arrayBuffer }) => arrayBuffer],
    ["stream", ({ stream }) => Stream.runDrain(stream)]
  ]
  const readBefore = (status: number, read: Read, headers: Readonly<Record<string, string>>) =>
    callOver(responding(status, source(jsonOf(7)).stream, headers), Schema.String, {
      transformClient: (client) => HttpClient.tap(client, read)
    })

  it.effect.each(reads)("because the app's client has read its %s, says so", ([, read]) =>
    Effect.gen(function* () {
      expect(yield* Effect.flip(readBefore(200, read, {}))).toMatchObject({
        _tag: "InvalidResponse",
        outcome: "Unknown",
        detail: damaged
      })
      expect(yield* Effect.flip(readBefore(404, read, {}))).toMatchObject({
        _tag: "UnexpectedStatus",
        outcome: "Unknown",
        detail: `its body could not be read (${damaged}), so it may not come from Instantly`
      })
    })
  )

  it.effect.each(reads)(
    "because the app's client has read its %s, says so with a length, too, if it is gone",
    ([name, read]) =>
      Effect.gen(function* () {
        const headers = { "content-length": "7" }
        const result = yield* Effect.either(readBefore(200, read, headers))
        // the platform keeps a text, and gives it a second time
        if (name === "text") expect(result).toMatchObject({ _tag: "Right", right: "xxxxx" })
        else expect(result).toMatchObject({ left: { _tag: "InvalidResponse", outcome: "Unknown", detail: damaged } })
      })
  )
})
