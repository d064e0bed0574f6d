import { describe, expect, it } from "@effect/vitest"
import { Chunk, Clock, Context, Duration, Effect, Option, Random, Ref, Schedule } from "effect"
import {
  ApiKey,
  ApiKeys,
  Instantly,
  type InstantlyClient,
  InstantlyError,
  RateLimit,
  RetryPolicy
} from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { inVirtualTime } from "./support/virtual.js"

const { BadRequest, InsufficientScope, NotFound, ServerError, TooManyRequests, TransportError, UnexpectedStatus } =
  InstantlyError

const throttled = (seconds?: number) =>
  new TooManyRequests({ retryAfter: Option.map(Option.fromNullable(seconds), Duration.seconds) })

/** The waits of a policy, in milliseconds, where each attempt fails with one of these errors in turn. */
const waits = (policy: RetryPolicy.RetryPolicy, errors: ReadonlyArray<InstantlyError.InstantlyError>, jitter = 1) =>
  Schedule.run(Schedule.delays(policy), 0, errors).pipe(
    Effect.map(Chunk.map(Duration.toMillis)),
    Effect.map(Chunk.toReadonlyArray),
    Effect.withRandom(Random.fixed([jitter]))
  )

const lost = () => new TransportError()

describe("backoff", () => {
  it.effect("doubles from 100 ms to 20 s, and from 1 s after a 429", () =>
    Effect.gen(function* () {
      const ten = Array.from({ length: 10 }, () => lost())
      expect(yield* waits(RetryPolicy.backoff(), ten)).toEqual([
        100, 200, 400, 800, 1600, 3200, 6400, 12_800, 20_000, 20_000
      ])
      const mixed = [throttled(), lost(), throttled(), lost(), throttled(), throttled()]
      expect(yield* waits(RetryPolicy.backoff(), mixed)).toEqual([1000, 200, 4000, 800, 16_000, 20_000])
    })
  )

  it.effect("has full jitter: a wait is anywhere from nothing to its longest, in whole milliseconds", () =>
    Effect.gen(function* () {
      for (const [jitter, expected] of [
        [0, [0, 0]],
        [0.25, [25, 50]],
        [0.333, [33, 67]]
      ] as const) {
        expect(yield* waits(RetryPolicy.backoff(), [lost(), lost()], jitter)).toEqual(expected)
      }
    })
  )

  it.effect("takes its four parameters", () =>
    Effect.gen(function* () {
      const policy = RetryPolicy.backoff({ base: 10, throttledBase: 50, factor: 3, cap: "80 millis" })
      expect(yield* waits(policy, [lost(), lost(), lost(), throttled()])).toEqual([10, 30, 80, 80])
      expect(yield* waits(policy, [throttled(), throttled()])).toEqual([50, 80])
    })
  )

  it.each([
    [{ factor: 0.5 }, "backoff: factor must be a number of at least 1, not 0.5"],
    [{ factor: Number.NaN }, "backoff: factor must be a number of at least 1, not NaN"],
    [{ factor: Number.POSITIVE_INFINITY }, "backoff: factor must be a number of at least 1, not Infinity"],
    [{ base: Duration.infinity }, "backoff: base must be finite, not Duration(Infinity)"],
    [{ base: -5 }, "backoff: base must be a duration that is not negative, not -5"],
    [{ cap: "-1 second" }, 'backoff: cap must be a duration that is not negative, not "-1 second"'],
    [{ throttledBase: -1n }, "backoff: throttledBase must be a duration that is not negative, not -1"]
  ] as const)("refuses %o where it is made", (options, message) => {
    expect(() => RetryPolicy.backoff(options)).toThrow(new RangeError(message))
  })

  it("takes a factor of 1: all waits are alike", () => {
    expect(() => RetryPolicy.backoff({ factor: 1 })).not.toThrow()
  })
})

describe("honorRetryAfter", () => {
  it.effect("waits what the server asked, else nothing", () =>
    Effect.gen(function* () {
      const unavailable = new ServerError({ status: 503, retryAfter: Option.some(Duration.seconds(7)) })
      expect(yield* waits(RetryPolicy.honorRetryAfter, [throttled(3), throttled(), lost(), unavailable])).toEqual([
        3000, 0, 0, 7000
      ])
    })
  )

  it.effect("intersected with backoff, makes each wait the longer of the two", () =>
    Effect.gen(function* () {
      const policy = Schedule.intersect(RetryPolicy.backoff(), RetryPolicy.honorRetryAfter)
      expect(yield* waits(policy, [throttled(3), throttled(1), throttled(), lost()])).toEqual([3000, 2000, 4000, 800])
    })
  )
})

describe("attempts", () => {
  it.effect("counts the first attempt too", () =>
    Effect.gen(function* () {
      const five = Array.from({ length: 5 }, () => lost())
      for (const n of [1, 2, 5]) {
        const counted = Schedule.spaced("1 second").pipe(RetryPolicy.attempts(n))
        const runs = yield* Ref.make(0)
        yield* Effect.exit(
          inVirtualTime(
            Effect.retry(
              Effect.zipRight(
                Ref.update(runs, (n) => n + 1),
                Effect.fail(lost())
              ),
              counted
            )
          )
        )
        expect(yield* Ref.get(runs)).toBe(n)
        // the last step ends the policy, and waits for nothing
        expect((yield* waits(counted, five)).filter((wait) => wait > 0)).toHaveLength(Math.min(5, n - 1))
      }
    })
  )

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("refuses %s where it is made", (n) => {
    expect(() => RetryPolicy.attempts(n)).toThrow(
      new RangeError(`attempts must be a whole number of at least 1, not ${n}`)
    )
  })
})

describe("withinBudget", () => {
  const budgeted = () => Schedule.exponential("1 second").pipe(RetryPolicy.withinBudget("7 seconds"))

  it.effect("ends at once at a wait that does not fit, and gives the sum of the waits", () =>
    Effect.gen(function* () {
      const outputs = yield* Schedule.run(budgeted(), 0, [lost(), lost(), lost(), lost(), lost()])
      expect(Chunk.toReadonlyArray(Chunk.map(outputs, Duration.toSeconds))).toEqual([1, 3, 7, 7])
      expect(yield* waits(budgeted(), [lost(), lost(), lost(), lost()])).toEqual([1000, 2000, 4000, 0])
    })
  )

  it.effect("counts its own waits only, not the time that attempts take", () =>
    Effect.gen(function* () {
      const runs = yield* Ref.make(0)
      const slow = Effect.zipRight(
        Effect.sleep("1 minute"),
        Effect.zipRight(
          Ref.update(runs, (n) => n + 1),
          Effect.fail(lost())
        )
      )
      yield* Effect.exit(inVirtualTime(Effect.retry(slow, budgeted())))
      expect(yield* Ref.get(runs)).toBe(4)
    })
  )

  it("refuses a negative budget where it is made", () => {
    expect(() => RetryPolicy.withinBudget(-1)).toThrow(
      new RangeError("withinBudget: budget must be a duration that is not negative, not -1")
    )
  })
})

describe("whileRetryable", () => {
  it.effect("retries 408, 429, 5xx and transport errors, and nothing else", () =>
    Effect.gen(function* () {
      const always = RetryPolicy.whileRetryable(Schedule.spaced("1 second"))
      const retried = [new UnexpectedStatus({ status: 408 }), throttled(), new ServerError({ status: 502 }), lost()]
      const ended = [new BadRequest(), new InsufficientScope(), new NotFound(), new UnexpectedStatus({ status: 302 })]
      for (const error of retried) expect(yield* waits(always, [error])).toEqual([1000])
      for (const error of ended) expect(yield* waits(always, [error])).toEqual([0])
    })
  )
})

const leaked = ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-7384d8969c61")

/** The times, in milliseconds, at which the attempts of one call leave, where each ends with one of these in turn. */
const attemptTimes = (
  faults: ReadonlyArray<() => Fault.Fault>,
  options: Partial<InstantlyClient.Options> & Instantly.PolicyOptions = {},
  around: <A, E>(call: Effect.Effect<A, E>) => Effect.Effect<A, E> = (call) => call
) =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeMillis
    const mock = yield* InstantlyMock.InstantlyMock
    const { secret } = yield* mock.createApiKey()
    yield* mock.script(...faults.map((fault) => Fault.next(fault())), Fault.always(Fault.loseRequest))
    const result = yield* Effect.gen(function* () {
      const apiKeys = yield* ApiKeys.ApiKeys
      return yield* Effect.flip(around(apiKeys.delete(leaked)))
    }).pipe(
      Effect.provide(Instantly.layer({ apiKey: secret, rateLimit: RateLimit.unlimited, yields: false, ...options })),
      Effect.withRandom(Random.fixed([1])),
      inVirtualTime
    )
    return { times: (yield* mock.arrivals).map(({ at }) => at - start), error: result }
  }).pipe(Effect.provide(InstantlyMock.layer()))

const responding = (status: number, retryAfter?: string) => () =>
  Fault.respond({ status, headers: retryAfter === undefined ? {} : { "retry-after": retryAfter } })

describe("standard", () => {
  it.effect.each([
    ["lost connections only", [], [0, 100, 300, 700, 1500], "TransportError", 1500],
    ["a 429 that does not say", [responding(429)], [0, 1000, 1200, 1600, 2400], "TransportError", 2400],
    ["a 429 that says 5 s", [responding(429, "5")], [0, 5000, 5200, 5600, 6400], "TransportError", 6400],
    [
      "a 429 that says less than backoff",
      [responding(503), responding(429, "1")],
      [0, 100, 2100, 2500, 3300],
      "TransportError",
      3300
    ],
    ["a 503 that says 4 s", [responding(503, "4")], [0, 4000, 4200, 4600, 5400], "TransportError", 5400],
    [
      "five 429s",
      Array.from({ length: 5 }, () => responding(429)),
      [0, 1000, 3000, 7000, 15_000],
      "TooManyRequests",
      15_000
    ],
    ["a 429 that says a minute", [responding(429, "60")], [0, 60_000], "TransportError", 60_000],
    ["a 429 that says more than the budget", [responding(429, "61")], [0], "TooManyRequests", 0],
    ["a 429 that says a day", [responding(429, "86400")], [0], "TooManyRequests", 0],
    [
      "two waits of which the second does not fit",
      [responding(429, "40"), responding(429, "21")],
      [0, 40_000],
      "TooManyRequests",
      40_000
    ],
    ["a response that is final", [responding(302)], [0], "UnexpectedStatus", 0],
    [
      "a final response after a lost one",
      [() => Fault.loseRequest, responding(302)],
      [0, 100],
      "UnexpectedStatus",
      100
    ],
    ["a 408", [responding(408)], [0, 100, 300, 700, 1500], "TransportError", 1500],
    [
      "attempts that time out",
      [() => Fault.swallowRequest],
      [0, 15_100, 15_300, 15_700, 16_500],
      "TransportError",
      1500
    ]
  ] as const)("leaves at the millisecond after %s", ([, faults, times, tag, waited]) =>
    Effect.gen(function* () {
      const result = yield* attemptTimes(faults)
      expect(result.times).toEqual(times)
      expect(result.error).toMatchObject({ _tag: tag, attempts: times.length, waited: Duration.millis(waited) })
    })
  )
})

describe("withRetryPolicy", () => {
  it.effect("sets the policy of the calls inside, in place of the client's", () =>
    Effect.gen(function* () {
      const client = { retryPolicy: Schedule.spaced("1 second").pipe(RetryPolicy.attempts(3)) }
      expect((yield* attemptTimes([], client)).times).toEqual([0, 1000, 2000])
      const twice = RetryPolicy.withRetryPolicy(Schedule.spaced("5 seconds").pipe(RetryPolicy.attempts(2)))
      expect((yield* attemptTimes([], client, twice)).times).toEqual([0, 5000])
      expect(
        (yield* attemptTimes([], client, (call) => RetryPolicy.withRetryPolicy(call, RetryPolicy.none))).times
      ).toEqual([0])
    })
  )

  it.effect("the nearest to the call wins", () =>
    Effect.gen(function* () {
      const { times } = yield* attemptTimes([], {}, (call) =>
        call.pipe(
          RetryPolicy.withRetryPolicy(RetryPolicy.none),
          RetryPolicy.withRetryPolicy(Schedule.spaced("1 second").pipe(RetryPolicy.attempts(4)))
        )
      )
      expect(times).toEqual([0])
    })
  )

  it.effect("takes what a policy requires where it is set", () =>
    Effect.gen(function* () {
      class Allowance extends Context.Tag("test/Allowance")<Allowance, Ref.Ref<number>>() {}
      const whileAllowed: RetryPolicy.RetryPolicy<Allowance> = Schedule.whileInputEffect(
        Schedule.spaced("1 second"),
        (_: InstantlyError.InstantlyError) =>
          Effect.flatMap(
            Allowance,
            Ref.modify((left) => [left > 0, left - 1])
          )
      )
      const allowance = yield* Ref.make(2)
      const { times } = yield* attemptTimes([], {}, (call) =>
        call.pipe(RetryPolicy.withRetryPolicy(whileAllowed), Effect.provideService(Allowance, allowance))
      )
      expect(times).toEqual([0, 1000, 2000])
    })
  )
})
