import { HttpClient, HttpClientError, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Context, Duration, Effect, Fiber, FiberRef, Option, Schedule, Schema, TestClock } from "effect"
import { RetryPolicy } from "effect-instantly"
import { Fault } from "effect-instantly/testing"
import { callOver, responding } from "../support/bodies.js"
import { leaksIn } from "../support/leaks.js"
import { inVirtualTime } from "../support/virtual.js"
import { withMock } from "../support/withMock.js"

const list = HttpClientRequest.get("/api/v2/api-keys")

/** A Schema that does this when it decodes. */
const decoding = <R>(effect: () => Effect.Effect<unknown, never, R>) =>
  Schema.transformOrFail(Schema.Unknown, Schema.Unknown, { strict: true, decode: effect, encode: effect })

const dying = (message: string) => Effect.die(new Error(message))

describe("an attempt", () => {
  it.effect("reports the runtime's code when it was not sent or its connection was lost", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.refuse), Fault.next(Fault.loseRequest))
          const refused = yield* Effect.flip(remove)
          expect(refused).toMatchObject({
            reason: "NotSent",
            detail: "no connection to api.instantly.ai:443 (ECONNREFUSED)",
            outcome: "NotApplied",
            attempts: 1
          })
          const lost = yield* Effect.flip(remove)
          expect(lost).toMatchObject({ reason: "ConnectionLost", detail: "ECONNRESET", outcome: "Unknown" })
        }),
      { retryPolicy: RetryPolicy.none }
    )
  )
})

describe("a 2xx", () => {
  const Key = Schema.Struct({ id: Schema.String, name: Schema.String })
  const isAboutA = (json: unknown) => typeof json === "object" && json !== null && "id" in json && json.id === "a"
  const over = (body: string, confirms?: (json: unknown) => boolean) =>
    callOver(responding(200, body), Key, { confirms })

  it.effect("that the Schema decodes is the value, with a confirms that accepts it, and without one", () =>
    Effect.gen(function* () {
      const key = { id: "a", name: "made-up" }
      expect(yield* over(JSON.stringify(key))).toEqual(key)
      expect(yield* over(JSON.stringify(key), isAboutA)).toEqual(key)
    })
  )

  it.effect.each([
    ["without a field", '{"id":"a"}', "name is missing"],
    ["with a field of another type", '{"id":"a","name":["made-up-canary"]}', "name is not string"]
  ] as const)("that confirms accepts is applied, even %s", ([, body, detail]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(over(body, isAboutA))
      expect(error).toMatchObject({ _tag: "InvalidResponse", outcome: "Applied", confirmed: true, status: 200, detail })
      expect(error.message).toContain("The request was carried out. Do not repeat it.")
      expect(leaksIn(error, ["made-up-canary"])).toEqual([])
    })
  )

  const notJson = "it is not JSON, so a proxy or a login page may have sent it"
  const somethingElse = "it is about something other than the request"
  const unconfirmed: ReadonlyArray<readonly [string, string, string]> = [
    ["is about something else", '{"id":"b","name":"made-up-canary"}', somethingElse],
    ["is about nothing", "{}", "id is missing"],
    ["is an error inside a 200", '{"error":"made-up-canary"}', "id is missing"],
    ["is a list", '[{"id":"a","name":"made-up-canary"}]', "it is not { readonly id: string; readonly name: string }"],
    ["is null", "null", "it is not { readonly id: string; readonly name: string }"],
    ["is empty", "", "it is empty"],
    ["is a page", "<html>made-up-canary</html>", notJson],
    ["is cut off", '{"id":"a","name":"made-up-ca', notJson],
    [
      "is nested a million deep",
      `${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}`,
      "it is not { readonly id: string; readonly name: string }"
    ],
    ["has more behind it", '{"id":"a","name":"made-up"}<html>', notJson]
  ]
  it.effect.each(unconfirmed)(
    "that %s leaves the outcome unknown, with a confirms that does not accept it",
    ([, body, detail]) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(over(body, isAboutA))
        expect(error).toMatchObject({
          _tag: "InvalidResponse",
          outcome: "Unknown",
          confirmed: false,
          detail,
          attempts: 1
        })
        expect(error.message).toContain(`is not what the call and its Schema expect: ${detail}.`)
        // only what is not JSON cannot be Instantly's
        expect(error.message.includes("proxy")).toBe(detail === notJson)
        expect(leaksIn(error, ["made-up-canary"])).toEqual([])
      })
  )

  it.effect.each(unconfirmed.filter(([, , detail]) => detail !== somethingElse))(
    "that %s leaves the outcome unknown, without a confirms",
    ([, body, detail]) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(over(body))
        expect(error).toMatchObject({ _tag: "InvalidResponse", outcome: "Unknown", confirmed: false, detail })
        expect(leaksIn(error, ["made-up-canary"])).toEqual([])
      })
  )

  it.effect("leaves the outcome unknown if confirms throws, and shows nothing of that", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        over('{"id":"a","name":"made-up"}', () => {
          throw new SyntaxError("made-up-canary")
        })
      )
      expect(error).toMatchObject({ _tag: "InvalidResponse", outcome: "Unknown", confirmed: false })
      expect(leaksIn(error, ["made-up-canary"])).toEqual([])
    })
  )

  it.effect("is given to confirms as it came, not as the Schema decodes it", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const confirms = (json: unknown) => {
        seen.push(json)
        return true
      }
      const Size = Schema.Struct({ size: Schema.NumberFromString })
      expect(yield* callOver(responding(201, '{"size":"7","more":1}'), Size, { confirms })).toEqual({ size: 7 })
      expect(yield* Effect.flip(callOver(responding(200, ""), Size, { confirms }))).toMatchObject({ confirmed: true })
      expect(seen).toEqual([{ size: "7", more: 1 }, undefined])
    })
  )

  it.effect("that confirms accepts is applied, although an attempt before it was lost", () =>
    withMock(
      ({ execute, leaked, mock }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.loseRequest))
          const request = HttpClientRequest.del(`/api/v2/api-keys/${leaked.id}`)
          const error = yield* Effect.flip(
            inVirtualTime(execute(request, Schema.Struct({ more: Schema.String }), { confirms: () => true }))
          )
          expect(error).toMatchObject({ _tag: "InvalidResponse", outcome: "Applied", attempts: 2, confirmed: true })
        }),
      { retryPolicy: Schedule.recurs(1) }
    )
  )

  it.effect("is decoded by a Schema that needs a service of the caller's", () =>
    Effect.gen(function* () {
      class Unit extends Context.Tag("made-up/Unit")<Unit, string>() {}
      const schema = decoding(() => Unit)
      const seen = callOver(responding(200, "{}"), schema)
      expect(yield* Effect.provideService(seen, Unit, "made-up")).toBe("made-up")
    })
  )
})

describe("what an app sets in a FiberRef", () => {
  const note = FiberRef.unsafeMake<ReadonlyArray<string>>([])
  const add = (text: string) => FiberRef.update(note, (before) => [...before, text])

  const options = {
    transformClient: HttpClient.tapRequest(() => add("client")),
    retryPolicy: RetryPolicy.attempts(2)(Schedule.forever)
  }
  const noting = decoding(() => Effect.zipLeft(FiberRef.get(note), add("schema")))

  it.effect("lasts from its client to its Schema, and ends with the attempt", () =>
    withMock(
      ({ execute, mock }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.loseRequest))
          yield* add("caller")
          expect(yield* execute(list, noting)).toEqual(["caller", "client"])
          expect(yield* FiberRef.get(note)).toEqual(["caller"])
        }),
      options
    )
  )

  it.effect("stays if the attempt has no limit, and so no fiber of its own", () =>
    withMock(
      ({ execute }) =>
        Effect.gen(function* () {
          yield* execute(list, noting)
          expect(yield* FiberRef.get(note)).toEqual(["client", "schema"])
        }),
      { ...options, timeout: Duration.infinity }
    )
  )
})

describe("timeout", () => {
  it.effect("ends an attempt, whose outcome is then unknown, and the next one is sent", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.swallowRequest))
          yield* inVirtualTime(remove)
          expect((yield* mock.arrivals).map(({ at }) => at)).toEqual([0, 2100])
        }),
      { timeout: "2 seconds" }
    )
  )

  it.effect("is 15 seconds by default", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.swallowRequest))
          const fiber = yield* Effect.fork(Effect.flip(remove))
          yield* TestClock.adjust("14999 millis")
          expect(Option.isNone(yield* Fiber.poll(fiber))).toBe(true)
          yield* TestClock.adjust("1 millis")
          const error = yield* Fiber.join(fiber)
          expect(error).toMatchObject({ _tag: "TransportError", reason: "Timeout", outcome: "Unknown", attempts: 1 })
          expect(error.message).toContain("the limit for one attempt is 15s")
        }),
      { retryPolicy: RetryPolicy.none }
    )
  )

  it.effect.each([
    [200, { _tag: "InvalidResponse", detail: "it did not arrive in time", confirmed: false }],
    [
      404,
      {
        _tag: "UnexpectedStatus",
        detail: "its body could not be read (it did not arrive in time), so it may not come from Instantly"
      }
    ]
  ] as const)("in the body of a %i leaves the outcome unknown", ([status, expected]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        inVirtualTime(callOver(responding(status, new ReadableStream()), Schema.Unknown))
      )
      expect(error).toMatchObject({ ...expected, status, outcome: "Unknown", attempts: 1 })
    })
  )

  it.effect("in the Schema, after the body has confirmed the deed, leaves it applied", () =>
    Effect.gen(function* () {
      const hanging = decoding(() => Effect.never)
      const over = (confirms?: () => boolean) =>
        Effect.flip(inVirtualTime(callOver(responding(200, "{}"), hanging, { confirms })))
      expect(yield* over(() => true)).toMatchObject({ _tag: "InvalidResponse", outcome: "Applied", confirmed: true })
      expect(yield* over(() => false)).toMatchObject({ _tag: "InvalidResponse", outcome: "Unknown", confirmed: false })
      expect(yield* over()).toMatchObject({ _tag: "InvalidResponse", outcome: "Unknown", confirmed: false })
    })
  )
})

describe("a defect", () => {
  it.effect("of the HttpClient is a lost connection, and shows nothing of the request", () =>
    Effect.gen(function* () {
      const client = HttpClient.make(() => dying("made-up-canary-of-a-defect"))
      const error = yield* Effect.flip(callOver(client, Schema.Unknown))
      expect(error).toMatchObject({ reason: "ConnectionLost", outcome: "Unknown", attempts: 1 })
      expect(error.message).toContain("the HttpClient died")
      expect(leaksIn(error, ["made-up-canary-of-a-defect", "made-up-token"])).toEqual([])
    })
  )

  it.effect.each(["code", "cause"])("of a failure whose %s throws is a lost connection, too", (key) =>
    Effect.gen(function* () {
      const client = HttpClient.make((request) => {
        const cause = Object.defineProperty(new Error("made-up"), key, {
          get: () => {
            throw new Error("made-up-canary-of-a-getter")
          }
        })
        return Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause }))
      })
      const error = yield* Effect.flip(callOver(client, Schema.Unknown))
      expect(error).toMatchObject({ reason: "ConnectionLost", outcome: "Unknown", attempts: 1 })
      expect(leaksIn(error, ["made-up-canary-of-a-getter"])).toEqual([])
    })
  )

  const throwing = () => {
    throw new SyntaxError("made-up-canary-of-a-defect")
  }
  it.effect.each<readonly [string, () => Effect.Effect<never>, string]>([
    ["dies", () => dying("made-up-canary-of-a-defect"), "its decoder died"],
    ["throws", throwing, "its decoder died"],
    ["interrupts itself", () => Effect.interrupt, "its decoder interrupted itself"]
  ])("of a Schema that %s is a body that cannot be read, and takes back no confirmation", ([, decode, detail]) =>
    Effect.gen(function* () {
      for (const [confirms, outcome] of [
        [() => true, "Applied"],
        [() => false, "Unknown"],
        [undefined, "Unknown"]
      ] as const) {
        const options = { retryPolicy: Schedule.forever, confirms }
        const error = yield* Effect.flip(callOver(responding(200, "{}"), decoding(decode), options))
        expect(error).toMatchObject({ _tag: "InvalidResponse", outcome, detail, attempts: 1 })
        expect(leaksIn(error, ["made-up-canary-of-a-defect"])).toEqual([])
      }
    })
  )
})

describe("an interruption that does not come from the caller", () => {
  const limits = ["15 seconds", Duration.infinity] as const

  it.effect.each(limits)("but from the HttpClient is a lost connection, with a limit of %s", (timeout) =>
    Effect.gen(function* () {
      const transformClient = (client: HttpClient.HttpClient) =>
        HttpClient.transformResponse(client, Effect.zipLeft(Effect.interrupt))
      const error = yield* Effect.flip(callOver(responding(500), Schema.Unknown, { timeout, transformClient }))
      expect(error).toMatchObject({ reason: "ConnectionLost", outcome: "Unknown", attempts: 1 })
      expect(error.message).toContain("the HttpClient interrupted itself")
    })
  )

  it.effect("but from the HttpClient, which interrupts the fiber that it runs in, is a lost connection", () =>
    Effect.gen(function* () {
      const client = HttpClient.make(() =>
        Effect.withFiberRuntime<never>((fiber) => Effect.zipRight(Fiber.interruptFork(fiber), Effect.never))
      )
      expect(yield* Effect.flip(callOver(client, Schema.Unknown))).toMatchObject({
        reason: "ConnectionLost",
        outcome: "Unknown",
        detail: "the HttpClient interrupted itself",
        attempts: 1
      })
    })
  )

  it.effect.each(limits)("but from the Schema is a body that cannot be read, with a limit of %s", (timeout) =>
    Effect.gen(function* () {
      const schema = decoding(() => Effect.interrupt)
      expect(yield* Effect.flip(callOver(responding(200, "{}"), schema, { timeout }))).toMatchObject({
        _tag: "InvalidResponse",
        outcome: "Unknown",
        detail: "its decoder interrupted itself"
      })
    })
  )

  it.effect("but from the end of another call, which fetched a token that both need, ends no other call", () =>
    Effect.gen(function* () {
      const token = yield* Effect.cached(Effect.delay(Effect.void, "10 seconds"))
      yield* withMock(
        ({ mock, remove }) =>
          Effect.gen(function* () {
            const hasty = yield* Effect.fork(remove)
            yield* TestClock.adjust("1 second")
            const patient = yield* Effect.fork(Effect.flip(remove))
            yield* TestClock.adjust("1 second")
            yield* Fiber.interrupt(hasty)
            expect(yield* Fiber.join(patient)).toMatchObject({ reason: "ConnectionLost", outcome: "Unknown" })
            expect(yield* mock.arrivals).toEqual([])
          }),
        { retryPolicy: RetryPolicy.none, transformClient: HttpClient.tapRequest(() => token) }
      )
    })
  )
})
