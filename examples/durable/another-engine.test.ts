import { HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, ManagedRuntime, Schedule } from "effect"
import { Instantly, RateLimit } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { deleteKey } from "./another-engine.js"

/** The activity of a worker, and a key to delete. */
const prepare = (rateLimit: RateLimit.RateLimitPolicy = RateLimit.unlimited) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.make()
    const { secret } = yield* mock.createApiKey()
    const { id } = yield* mock.createApiKey({ name: "leaked" })
    const live = Instantly.layer({ apiKey: secret, rateLimit, yields: false }).pipe(
      Layer.provide(Layer.succeed(HttpClient.HttpClient, mock.httpClient))
    )
    const runtime = ManagedRuntime.make(live)
    yield* Effect.addFinalizer(() => runtime.disposeEffect)
    const activity = deleteKey(runtime)
    const attempt = (number: number) =>
      Effect.tryPromise({ try: () => activity({ id, attempt: number }), catch: String }).pipe(
        Effect.map((line): unknown => JSON.parse(line))
      )
    return { attempt, id, mock }
  })

const respond = (statusCode: number, error: string) =>
  Fault.next(Fault.respond({ status: statusCode, body: JSON.stringify({ statusCode, error, message: "made up" }) }))

describe("a deletion as an activity of another engine", () => {
  it.scopedLive(
    "sends one request for each attempt, and knows in the second that the first may have deleted the key",
    () =>
      Effect.gen(function* () {
        const { attempt, id, mock } = yield* prepare()
        yield* mock.script(Fault.next(Fault.loseResponse))
        expect(yield* Effect.flip(attempt(1))).toContain("may have been carried out")
        expect((yield* mock.arrivals).length).toBe(1)

        const message = expect.stringContaining("Most likely it deleted the key.")
        expect(yield* attempt(2)).toMatchObject({ _tag: "NotFound", outcome: "Unknown", id, message })
        expect((yield* mock.arrivals).length).toBe(2)
      })
  )

  it.scopedLive.each([
    [429, "Too Many Requests"],
    [500, "Internal Server Error"],
    [503, "Service Unavailable"]
  ] as const)("throws for a %d, which may pass", ([status, reason]) =>
    Effect.gen(function* () {
      const { attempt, id, mock } = yield* prepare()
      yield* mock.script(respond(status, reason))
      expect(yield* Effect.flip(attempt(1))).toContain(`(${status})`)
      expect(yield* attempt(2)).toMatchObject({ _tag: "Deleted", id })
    })
  )

  it.scopedLive.each([
    [400, "Bad Request", "BadRequest", "Failed"],
    [401, "Unauthorized", "Unauthorized", "Failed"],
    [402, "Payment Required", "PaymentRequired", "Failed"],
    [403, "Forbidden", "UnexpectedStatus", "Failed"],
    [302, "Found", "UnexpectedStatus", "Unknown"]
  ] as const)("returns the receipt of a %d, which will not pass, in each attempt", ([status, reason, error, tag]) =>
    Effect.gen(function* () {
      const { attempt, mock } = yield* prepare()
      yield* mock.script(respond(status, reason))
      expect(yield* attempt(1)).toMatchObject({ _tag: tag, error })
      yield* mock.script(respond(status, reason))
      expect(yield* attempt(2)).toMatchObject({ _tag: "Unknown", error })
    })
  )

  it.scopedLive("returns the receipt of what this client does not send, because its policy has ended", () =>
    Effect.gen(function* () {
      const { attempt, mock } = yield* prepare(Schedule.stop)
      yield* mock.script(respond(503, "Service Unavailable"))
      yield* Effect.flip(attempt(1))
      expect(yield* attempt(1)).toMatchObject({ _tag: "Failed", error: "HeldBack" })
      expect((yield* mock.arrivals).length).toBe(1)
    })
  )
})
