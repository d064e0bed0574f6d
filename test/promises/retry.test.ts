/**
 * What holds of every retry policy, whatever it is composed of, and of every call: laws over random compositions and
 * errors, in virtual time.
 */
import { HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, FastCheck, Option, Random, Schedule } from "effect"
import { ApiKeys, Instantly, InstantlyError, RateLimit, RetryPolicy } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { walk } from "../../examples/timelines/stepping.js"
import { lawOfRuns, lawOfSteps, sum, waitsOf } from "../support/laws.js"

const { array, constant, constantFrom, integer, oneof, option, record, tuple } = FastCheck

const asked = (error: InstantlyError.InstantlyError) =>
  "retryAfter" in error ? Option.match(error.retryAfter, { onNone: () => 0, onSome: Duration.toMillis }) : 0

/** What a server may ask for, in milliseconds: nothing it says, no wait, a fraction of a second, more than any budget. */
const asks = [undefined, 0, 1, 250, 999, 1000, 2500, 7000, 19_999, 30_000, 61_000, 86_400_000].map((millis) =>
  Option.map(Option.fromNullable(millis), Duration.millis)
)

const passing = constantFrom<InstantlyError.InstantlyError>(
  ...(["NotSent", "ConnectionLost", "Timeout"] as const).map((reason) => new InstantlyError.TransportError({ reason })),
  ...asks.map((retryAfter) => new InstantlyError.TooManyRequests({ retryAfter })),
  ...asks.map((retryAfter) => new InstantlyError.ServerError({ status: 503, retryAfter })),
  new InstantlyError.UnexpectedStatus({ status: 408 })
)

const final = constantFrom<InstantlyError.InstantlyError>(
  new InstantlyError.BadRequest(),
  new InstantlyError.Unauthorized(),
  new InstantlyError.PaymentRequired(),
  new InstantlyError.InsufficientScope(),
  new InstantlyError.NotFound(),
  new InstantlyError.UnexpectedStatus({ status: 302 }),
  new InstantlyError.InvalidResponse()
)

/** Errors of which few end a call, so that calls grow long. */
const errors = array(oneof({ weight: 30, arbitrary: passing }, { weight: 1, arbitrary: final }), {
  minLength: 1,
  maxLength: 12,
  size: "max"
})

const millis = integer({ min: 0, max: 30_000 })

/** Where waits come from: backoffs, and schedules that know nothing of Instantly. */
const waiting = oneof(
  record({ base: millis, throttledBase: millis, factor: integer({ min: 10, max: 40 }), cap: millis }).map(
    ({ factor, ...options }): RetryPolicy.RetryPolicy => RetryPolicy.backoff({ ...options, factor: factor / 10 })
  ),
  millis.map((wait): RetryPolicy.RetryPolicy => Schedule.spaced(wait)),
  millis.map((wait): RetryPolicy.RetryPolicy => Schedule.exponential(wait)),
  millis.map((wait): RetryPolicy.RetryPolicy => Schedule.linear(wait)),
  constant<RetryPolicy.RetryPolicy>(Schedule.forever),
  constant<RetryPolicy.RetryPolicy>(RetryPolicy.standard)
)

type Piece = "attempts" | "retryable" | "honor"

/** A policy of all pieces in any order, but for the budget: it counts what stands before it. */
const composed = record({
  waiting,
  most: integer({ min: 1, max: 10 }),
  budget: integer({ min: 0, max: 300_000 }),
  order: FastCheck.shuffledSubarray<Piece>(["attempts", "retryable", "honor"], { minLength: 3 })
}).map(({ budget, most, order, waiting }) => {
  const pieces: Record<Piece, (policy: RetryPolicy.RetryPolicy) => RetryPolicy.RetryPolicy> = {
    attempts: RetryPolicy.attempts(most),
    retryable: RetryPolicy.whileRetryable,
    honor: Schedule.intersect(RetryPolicy.honorRetryAfter)
  }
  const policy = order.reduce((inner, piece) => pieces[piece](inner), waiting)
  return { most, budget, order, policy: RetryPolicy.withinBudget(budget)(policy) }
})

const attemptTimes = array(integer({ min: 0, max: 20_000 }), { minLength: 12, maxLength: 12 })

const oneCall = record({ composed, errors, took: attemptTimes, jitter: integer() })

type FastCheckValue<A> = A extends FastCheck.Arbitrary<infer T> ? T : never

/** The steps of a policy at the errors of one call. */
const stepsOf = <Out>(
  policy: Schedule.Schedule<Out, InstantlyError.InstantlyError>,
  { errors, jitter, took }: Omit<FastCheckValue<typeof oneCall>, "composed">
) =>
  Effect.withRandom(
    walk(policy, errors, (index) => took[index] ?? 0),
    Random.make(jitter)
  )

describe("every retry policy", () => {
  lawOfSteps("makes no more attempts than attempts(n)", oneCall, ({ composed, ...call }) =>
    Effect.map(stepsOf(composed.policy, call), (steps) => {
      // each step follows an attempt, and each that goes on is followed by one
      expect(waitsOf(steps).length + 1).toBeLessThanOrEqual(composed.most)
    })
  )

  lawOfSteps("waits no longer than its budget in total, and says how long it waited", oneCall, (history) =>
    Effect.map(stepsOf(history.composed.policy, history), (steps) => {
      expect(sum(waitsOf(steps))).toBeLessThanOrEqual(history.composed.budget)
      steps.forEach(({ out }, index) => {
        expect(Duration.isDuration(out) && Duration.toMillis(out)).toBeCloseTo(
          sum(waitsOf(steps.slice(0, index + 1))),
          3
        )
      })
    })
  )

  lawOfSteps("gives up for its budget only when the next wait does not fit", oneCall, ({ composed, ...call }) =>
    Effect.gen(function* () {
      // without anything else that could end it
      const endless = Schedule.intersect(Schedule.exponential("1 second"), RetryPolicy.honorRetryAfter)
      const all = waitsOf(yield* stepsOf(endless, call))
      // a budget that some waits use up to the millisecond is one that they fit
      const upToTheMillisecond = sum(all.slice(0, composed.most))
      for (const budget of [composed.budget, upToTheMillisecond]) {
        const within = yield* stepsOf(RetryPolicy.withinBudget(budget)(endless), call)
        const fitting = all.findIndex((_, index) => sum(all.slice(0, index + 1)) > budget)
        expect(waitsOf(within)).toEqual(fitting === -1 ? all : all.slice(0, fitting))
      }
    })
  )

  lawOfSteps("waits at least as long as Retry-After asks", oneCall, ({ composed, ...call }) =>
    Effect.map(stepsOf(composed.policy, call), (steps) => {
      waitsOf(steps).forEach((wait, index) => {
        const error = call.errors[index]
        expect(wait).toBeGreaterThanOrEqual(error === undefined ? Number.NaN : asked(error))
      })
    })
  )

  lawOfSteps("ends at an error that is not retryable", oneCall, ({ composed, ...call }) =>
    Effect.map(stepsOf(composed.policy, call), (steps) => {
      const end = call.errors.findIndex(({ isRetryable }) => !isRetryable)
      if (end !== -1) expect(waitsOf(steps).length).toBeLessThanOrEqual(end)
    })
  )

  lawOfSteps(
    "intersected with another waits for the longer of the two",
    record({ a: waiting, b: waiting, errors, took: attemptTimes, jitter: integer() }),
    ({ a, b, ...call }) =>
      Effect.map(stepsOf(Schedule.intersect(Schedule.delays(a), Schedule.delays(b)), call), (steps) => {
        for (const { goesOn, out, wait } of steps) {
          if (goesOn) expect(wait).toBe(Math.max(...out.map(Duration.toMillis)))
        }
      })
  )
})

describe("full jitter", () => {
  /** Where each wait lies between nothing and its longest, for many calls; a row for each call. */
  const drawn = (
    options: RetryPolicy.BackoffOptions,
    longest: ReadonlyArray<number>,
    error: InstantlyError.InstantlyError
  ) =>
    Effect.runSync(
      Effect.replicateEffect(
        walk(
          RetryPolicy.backoff(options),
          longest.map(() => error)
        ),
        4000
      ).pipe(Effect.withRandom(Random.make("full jitter")))
    ).map((steps) => waitsOf(steps).map((wait, index) => wait / (longest[index] ?? Number.NaN)))

  /** By how much the share of values below any point differs from that point, at most (Kolmogorov and Smirnov). */
  const distance = (values: ReadonlyArray<number>) =>
    Math.max(
      ...[...values]
        .sort((a, b) => a - b)
        .map((value, index, { length }) =>
          Math.max(Math.abs(value - index / length), Math.abs(value - (index + 1) / length))
        )
    )

  it.each([
    ["a lost connection", {}, [100, 200, 400, 800, 1600], new InstantlyError.TransportError()],
    ["a 429", {}, [1000, 2000, 4000, 8000, 16_000, 20_000, 20_000], new InstantlyError.TooManyRequests()],
    [
      "other parameters",
      { base: 700, factor: 1.5, cap: 1200 },
      [700, 1050, 1200, 1200],
      new InstantlyError.ServerError()
    ]
  ] as const)("is uniform between zero and the longest wait, after %s", (_, options, longest, error) => {
    const rows = drawn(options, longest, error)
    longest.forEach((most, index) => {
      const values = rows.flatMap((row) => row.slice(index, index + 1))
      expect(values).toHaveLength(4000)
      // one in a thousand samples of uniform values would be further off; a whole millisecond is a step of 1 / most
      expect(distance(values)).toBeLessThan(1.95 / Math.sqrt(4000) + 1 / most)
      expect(Math.min(...values)).toBeGreaterThanOrEqual(0)
      expect(Math.max(...values)).toBeLessThanOrEqual(1)
    })
  })

  it("is drawn anew for each wait of a call", () => {
    const rows = drawn({}, [1000, 2000], new InstantlyError.TooManyRequests())
    const [first = [], second = []] = [0, 1].map((index) => rows.map((row) => (row[index] ?? Number.NaN) - 0.5))
    // twelve times the covariance is the correlation of uniform values
    const correlation = (12 * sum(first.map((value, index) => value * (second[index] ?? Number.NaN)))) / first.length
    expect(Math.abs(correlation)).toBeLessThan(0.06)
  })
})

describe("every call", () => {
  /** A response to a request, and the milliseconds for which it asks to wait. */
  const response = oneof(
    { weight: 6, arbitrary: constantFrom(Fault.refuse, Fault.loseRequest).map((fault) => ({ fault, asked: 0 })) },
    {
      weight: 6,
      arbitrary: tuple(constantFrom(429, 503), integer({ min: 0, max: 60 })).map(([status, asked]) => ({
        fault: Fault.respond({ status, headers: { "retry-after": String(asked) } }),
        asked: asked * 1000
      }))
    },
    {
      weight: 2,
      arbitrary: constantFrom(302, 403, 408).map((status) => ({ fault: Fault.respond({ status }), asked: 0 }))
    }
  )

  /** Deletes a key that exists, through a client with this policy and within others, the outermost first. */
  const run = (
    responses: ReadonlyArray<Fault.Fault>,
    client: RetryPolicy.RetryPolicy | undefined,
    around: ReadonlyArray<RetryPolicy.RetryPolicy> = []
  ) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.make({
        faults: [...responses.map(Fault.next), Fault.always(Fault.loseRequest)]
      })
      const caller = yield* mock.createApiKey()
      const leaked = yield* mock.createApiKey()
      const call = Effect.gen(function* () {
        const apiKeys = yield* ApiKeys.ApiKeys
        const deletion = around.reduceRight(
          (inner, policy) => RetryPolicy.withRetryPolicy(inner, policy),
          Effect.either(apiKeys.delete(leaked.id))
        )
        return yield* deletion
      })
      yield* call.pipe(
        Effect.provide(
          Instantly.layer({
            apiKey: caller.secret,
            rateLimit: RateLimit.unlimited,
            ...(client === undefined ? {} : { retryPolicy: client })
          })
        ),
        Effect.provideService(HttpClient.HttpClient, mock.httpClient)
      )
      return yield* mock.arrivals
    }).pipe(Effect.scoped, Effect.withRandom(Random.make("calls")))

  lawOfRuns(
    "stays within its attempts and its budget, and waits as long as the server asks",
    record({ composed, responses: array(response, { maxLength: 8, size: "max" }) }),
    ({ composed, responses }) =>
      Effect.map(
        run(
          responses.map(({ fault }) => fault),
          composed.policy
        ),
        (arrivals) => {
          expect(arrivals.length).toBeGreaterThanOrEqual(1)
          expect(arrivals.length).toBeLessThanOrEqual(composed.most)
          const waits = arrivals.slice(1).map(({ at }, index) => at - (arrivals[index]?.at ?? Number.NaN))
          expect(sum(waits)).toBeLessThanOrEqual(composed.budget)
          waits.forEach((wait, index) => expect(wait).toBeGreaterThanOrEqual(responses[index]?.asked ?? 0))
        }
      )
  )

  lawOfRuns(
    "follows the nearest policy: the innermost around it, or the client's, or standard",
    record({
      client: option(integer({ min: 1, max: 6 }), { nil: undefined }),
      around: array(integer({ min: 1, max: 6 }), { maxLength: 4 })
    }),
    ({ around, client }) => {
      const times = (n: number) => Schedule.spaced(n * 10).pipe(RetryPolicy.attempts(n))
      const nearest = around.at(-1) ?? client
      return Effect.map(run([], client === undefined ? undefined : times(client), around.map(times)), (arrivals) => {
        const first = arrivals[0]?.at ?? Number.NaN
        const at = arrivals.map((arrival) => arrival.at - first)
        if (nearest === undefined) expect(at).toHaveLength(5)
        else expect(at).toEqual(Array.from({ length: nearest }, (_, index) => index * nearest * 10))
      })
    }
  )
})
