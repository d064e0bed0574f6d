/**
 * What holds of every policy, whatever it is composed of, and of every gate, whatever happens to it: laws over random
 * compositions, errors, quotas, arrivals, interruptions and pauses, in virtual time. Where one fails, FastCheck prints the
 * seed and the path of the smallest history that breaks it.
 */
import { HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import {
  Duration,
  Effect,
  Exit,
  FastCheck,
  Fiber,
  Option,
  Random,
  Ref,
  Schedule,
  ScheduleDecision,
  ScheduleIntervals
} from "effect"
import { ApiKeys, Instantly, InstantlyError, RateLimit, RetryPolicy } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { nothingHeard, type Step, walk } from "../examples/timelines/stepping.js"
import { simulate } from "./support/simulation.js"

const { array, constant, constantFrom, integer, oneof, option, record, tuple } = FastCheck

/** How many histories each law is tried on: more, and others, with `HISTORIES=100000 SEED=2 npm test`. */
const numRuns = Number(process.env["HISTORIES"] ?? 500)
const seed = Number(process.env["SEED"] ?? 1)

/** A law of single steps: cheap, and so tried on more histories. */
const lawOfSteps = <A>(name: string, histories: FastCheck.Arbitrary<A>, holds: (history: A) => Effect.Effect<void>) =>
  it(name, () => {
    FastCheck.assert(
      FastCheck.property(histories, (history) => Effect.runSync(holds(history))),
      { numRuns: numRuns * 4, seed }
    )
  }, 3_600_000)

/** A law of whole calls or gates, each history in a virtual time of its own. */
const lawOfRuns = <A>(
  name: string,
  histories: FastCheck.Arbitrary<A>,
  holds: (history: A) => Effect.Effect<void, unknown>
) =>
  it(name, async () => {
    await FastCheck.assert(
      FastCheck.asyncProperty(histories, async (history) => {
        // one that would never end fails, too
        const exit = await simulate(Effect.timeout(holds(history), "12 hours"), "1 day")
        if (Exit.isFailure(exit)) throw new Error(String(exit.cause))
      }),
      { numRuns, seed }
    )
  }, 3_600_000)

const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((all, one) => all + one, 0)

const waitsOf = (steps: ReadonlyArray<Step<unknown>>) => steps.flatMap(({ goesOn, wait }) => (goesOn ? [wait] : []))

// ---------------------------------------------------------------------------------------------------------------------

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
  new InstantlyError.Forbidden(),
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

  lawOfSteps("waits no longer than its budget, all waits together, and says for how long", oneCall, (history) =>
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

  lawOfSteps("with a budget gives up only where the next wait does not fit", oneCall, ({ composed, ...call }) =>
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

  lawOfSteps("waits at least for what Retry-After asks", oneCall, ({ composed, ...call }) =>
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
  ] as const)("is uniform from nothing to the longest wait, after %s", (_, options, longest, error) => {
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
  /** An answer to a request, and the milliseconds for which it asks to wait. */
  const answer = oneof(
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
    answers: ReadonlyArray<Fault.Fault>,
    client: RetryPolicy.RetryPolicy | undefined,
    around: ReadonlyArray<RetryPolicy.RetryPolicy> = []
  ) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.make({ faults: [...answers.map(Fault.next), Fault.always(Fault.loseRequest)] })
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
    "keeps its attempts, its budget, and what the server asked for",
    record({ composed, answers: array(answer, { maxLength: 8, size: "max" }) }),
    ({ answers, composed }) =>
      Effect.map(
        run(
          answers.map(({ fault }) => fault),
          composed.policy
        ),
        (arrivals) => {
          expect(arrivals.length).toBeGreaterThanOrEqual(1)
          expect(arrivals.length).toBeLessThanOrEqual(composed.most)
          const waits = arrivals.slice(1).map(({ at }, index) => at - (arrivals[index]?.at ?? Number.NaN))
          expect(sum(waits)).toBeLessThanOrEqual(composed.budget)
          waits.forEach((wait, index) => expect(wait).toBeGreaterThanOrEqual(answers[index]?.asked ?? 0))
        }
      )
  )

  lawOfRuns(
    "follows the nearest policy: the innermost around it, else the client's, else standard",
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

// ---------------------------------------------------------------------------------------------------------------------

interface Quota {
  readonly limit: number
  readonly window: number
  readonly burst: number
  readonly jitter: number
}

const quotas = tuple(
  integer({ min: 2, max: 60 }),
  // of which some are so short that a permit takes less than a millisecond
  oneof(integer({ min: 1, max: 5000 }), integer({ min: 1, max: 20 })),
  integer({ min: 0, max: 1_000_000 }),
  oneof(constant(0), integer({ min: 0, max: 500 }))
).map(([limit, window, burst, jitter]): Quota => ({ limit, window, burst: 1 + (burst % (limit - 1)), jitter }))

/** The most of these moments, in order, that lie in any stretch of time as long as this, its ends included. */
const fullest = (times: ReadonlyArray<number>, window: number) => {
  let first = 0
  return times.reduce((most, at, last) => {
    while ((times[first] ?? at) < at - window) first += 1
    return Math.max(most, last - first + 1)
  }, 0)
}

/** Times between one permit and the wish for the next: mostly none, as in a queue. */
const idle = oneof(
  { weight: 20, arbitrary: constant(0) },
  { weight: 1, arbitrary: integer({ min: 0, max: 20 }) },
  { weight: 1, arbitrary: integer({ min: 0, max: 6000 }) }
)

/** When permits leave where callers are idle in between. */
const permits = (policy: RateLimit.RateLimitPolicy, rests: ReadonlyArray<number>) =>
  Effect.map(
    walk(
      policy,
      rests.map(() => nothingHeard),
      (index) => rests[index] ?? 0
    ),
    (steps) => steps.map(({ at }) => at)
  )

/** They begin at no time or at one of this century, where a fraction of a millisecond has few digits. */
const rests = tuple(constantFrom(0, 1_767_225_600_123), array(idle, { minLength: 1, maxLength: 150, size: "max" })).map(
  ([start, rests]) => [start, ...rests]
)

/** Quotas of which neither implies the other: the one allows less at once, the other less in the long run. */
const crossing = tuple(integer({ min: 3, max: 20 }), integer({ min: 2, max: 4 }), integer({ min: 10, max: 60 })).map(
  ([limit, times, windows]): readonly [Quota, Quota] => [
    { limit, window: 1000, burst: 1, jitter: 0 },
    { limit: limit * times, window: windows * 2000, burst: Math.ceil((limit * times) / 2), jitter: 0 }
  ]
)

const anySchedule = oneof(
  quotas.map((options) => RateLimit.quota(options)),
  integer({ min: 0, max: 2000 }).map((wait): RateLimit.RateLimitPolicy => Schedule.spaced(wait)),
  integer({ min: 1, max: 2000 }).map(
    (wait): RateLimit.RateLimitPolicy => Schedule.addDelay(Schedule.forever, (given) => Math.ceil(wait * 0.9 ** given))
  ),
  constant(RateLimit.instantly),
  constant(RateLimit.unlimited)
)

/** From when on a policy alone admits the next permit, after each of these. */
const opensAfter = (policy: RateLimit.RateLimitPolicy, permits: ReadonlyArray<number>) =>
  Effect.gen(function* () {
    const opens: Array<number> = []
    let state: unknown = policy.initial
    for (const at of permits) {
      const [next, , decision] = yield* policy.step(at, nothingHeard, state)
      opens.push(
        ScheduleDecision.isDone(decision) ? Number.POSITIVE_INFINITY : ScheduleIntervals.start(decision.intervals)
      )
      state = next
    }
    return opens
  })

describe("every quota", () => {
  lawOfSteps(
    "lets no window exceed its limit, at the sender and, within jitter, at the server",
    record({
      options: quotas,
      rests,
      latency: array(integer({ min: 0, max: 1000 }), { minLength: 151, maxLength: 151 })
    }),
    ({ latency, options, rests }) =>
      Effect.map(permits(RateLimit.quota(options), rests), (times) => {
        expect(fullest(times, options.window + options.jitter)).toBeLessThanOrEqual(options.limit)
        const arrived = times.map((at, index) => at + ((latency[index] ?? 0) / 1000) * options.jitter)
        expect(
          fullest(
            arrived.sort((a, b) => a - b),
            options.window
          )
        ).toBeLessThanOrEqual(options.limit)
      })
  )

  lawOfSteps("is as fast as its rate, where callers wait", quotas, (options) =>
    Effect.map(
      permits(
        RateLimit.quota(options),
        Array.from({ length: 70 }, () => 0)
      ),
      (times) => {
        const interval = (options.window + options.jitter) / (options.limit - options.burst)
        // by how much a permit may come late before the next ones do, too
        const slack = (options.burst - 1) * interval
        times.forEach((at, index) => {
          const earliest = Math.max(0, index + 1 - options.burst) * interval
          // each is rounded up to a whole millisecond
          expect(at).toBeLessThanOrEqual(earliest + (slack < 1 ? index : 1) + 1e-6)
        })
      }
    )
  )

  lawOfSteps("gives its whole burst at once after a rest", record({ options: quotas, rests }), ({ options, rests }) =>
    Effect.map(
      permits(RateLimit.quota(options), [
        ...rests,
        options.limit * (options.window + options.jitter),
        ...Array.from({ length: options.burst - 1 }, () => 0)
      ]),
      (times) => {
        const burst = times.slice(rests.length)
        expect(burst).toHaveLength(options.burst)
        // but for what rounding costs
        expect((burst.at(-1) ?? Number.NaN) - (burst[0] ?? Number.NaN)).toBeLessThanOrEqual(1)
      }
    )
  )
})

describe("Schedule.intersect", () => {
  lawOfSteps(
    "of rate-limit policies admits nothing that either would refuse alone, and refuses nothing that both admit",
    record({ a: anySchedule, b: anySchedule, rests }),
    ({ a, b, rests }) =>
      Effect.gen(function* () {
        const both = yield* walk(
          Schedule.intersect(a, b),
          rests.map(() => nothingHeard),
          (index) => rests[index] ?? 0
        )
        const times = both.map(({ at }) => at)
        const [opensA, opensB] = [yield* opensAfter(a, times), yield* opensAfter(b, times)]
        both.forEach(({ at, wait }, index) => {
          expect(at + wait).toBe(Math.max(at, opensA[index] ?? Number.NaN, opensB[index] ?? Number.NaN))
        })
      })
  )

  /** What is to be seen of two quotas of which neither implies the other, while callers always wait. */
  const keepsBoth = ([a, b]: readonly [Quota, Quota]) =>
    Effect.gen(function* () {
      const waiting = Array.from({ length: b.burst * 2 + 50 })
      const [second, minute] = [RateLimit.quota(a), RateLimit.quota(b)]
      const times = (yield* walk(Schedule.intersect(second, minute), waiting)).map(({ at }) => at)
      const opens = { second: yield* opensAfter(second, times), minute: yield* opensAfter(minute, times) }
      // each of the two rules at some time, where the other alone would exceed it
      const leads = times.map((_, index) => (opens.second[index] ?? Number.NaN) - (opens.minute[index] ?? Number.NaN))
      expect(leads.some((lead) => lead > 0)).toBe(true)
      expect(leads.some((lead) => lead < 0)).toBe(true)
      for (const { limit, window } of [a, b]) expect(fullest(times, window)).toBeLessThanOrEqual(limit)
    })

  it.effect("of 50 a second and 1,000 a minute keeps both: the one rules at first, the other in the long run", () =>
    keepsBoth([
      { limit: 50, window: 1000, burst: 2, jitter: 0 },
      { limit: 1000, window: 60_000, burst: 400, jitter: 0 }
    ])
  )

  lawOfSteps("of two quotas keeps both, where neither implies the other", crossing, keepsBoth)
})

// ---------------------------------------------------------------------------------------------------------------------

/** Callers who come at some time, in crowds and alone, and of whom some give up. */
const callers = array(
  record({
    at: oneof(
      integer({ min: 0, max: 20_000 }),
      integer({ min: 0, max: 10 }).map((n) => n * 1000)
    ),
    patience: option(integer({ min: 0, max: 5000 }), { freq: 2, nil: undefined })
  }),
  { minLength: 1, maxLength: 40, size: "max" }
)

const pauses = array(record({ at: integer({ min: 0, max: 20_000 }), length: integer({ min: 0, max: 8000 }) }), {
  maxLength: 4
})

interface History {
  readonly callers: FastCheckValue<typeof callers>
  readonly pauses?: FastCheckValue<typeof pauses>
  /** When the clock that the gate reads is set back, and by how much. */
  readonly setBack?: ReadonlyArray<{ readonly at: number; readonly by: number }>
}

/** A permit as its caller saw it: when it came, and when it was released. */
interface Permit {
  readonly caller: number
  readonly asked: number
  readonly at: number
}

/** All that happens at a gate. Its times are those of a clock that nobody sets back. */
const runGate = (policy: RateLimit.RateLimitPolicy, { callers, pauses = [], setBack = [] }: History) =>
  Effect.gen(function* () {
    const clock = yield* Effect.clock
    const offset = yield* Ref.make(0)
    const read = Effect.zipWith(clock.currentTimeMillis, Ref.get(offset), (now, by) => now - by)
    const steps: Array<number> = []
    const came: Array<number> = []
    const given: Array<Permit> = []
    const gaveUp: Array<number> = []
    const counted = Schedule.tapInput(policy, () => Effect.map(clock.currentTimeMillis, (now) => void steps.push(now)))

    const call = (caller: number, patience: number | undefined) =>
      Effect.gen(function* () {
        const asked = yield* clock.currentTimeMillis
        const acquiring = Effect.gen(function* () {
          came.push(caller)
          yield* gate.acquire
          given.push({ caller, asked, at: yield* clock.currentTimeMillis })
        })
        const fiber = yield* Effect.fork(acquiring)
        if (patience !== undefined) yield* Effect.fork(Effect.delay(Fiber.interrupt(fiber), patience))
        const exit = yield* Fiber.await(fiber)
        if (Exit.isInterrupted(exit)) gaveUp.push(yield* clock.currentTimeMillis)
        return exit
      })

    const gate = yield* Effect.withClock(RateLimit.make(counted), { ...clock, currentTimeMillis: read })
    yield* Effect.forEach(pauses, ({ at, length }) => Effect.fork(Effect.delay(gate.pause(length), at)))
    yield* Effect.forEach(setBack, ({ at, by }) =>
      Effect.fork(
        Effect.delay(
          Ref.update(offset, (all) => all + by),
          at
        )
      )
    )
    const exits = yield* Effect.forEach(
      callers,
      ({ at, patience }, caller) => Effect.delay(call(caller, patience), at),
      { concurrency: "unbounded" }
    )
    return { steps, came, given, gaveUp, exits }
  }).pipe(Effect.scoped)

/** What is left of the one when the other is taken from it, each as often as it is there; nothing else may be taken. */
const without = (all: ReadonlyArray<number>, taken: ReadonlyArray<number>) => {
  const left = [...all]
  for (const one of taken) {
    expect(left).toContain(one)
    left.splice(left.indexOf(one), 1)
  }
  return left
}

describe("every gate", () => {
  const histories = record({ policy: anySchedule, callers, pauses })

  lawOfRuns("gives each caller that does not give up one permit, and steps its policy for each", histories, (history) =>
    Effect.map(runGate(history.policy, history), ({ exits, gaveUp, given, steps }) => {
      exits.forEach((exit, caller) => {
        const patient = history.callers[caller]?.patience === undefined
        expect(Exit.isSuccess(exit) || (!patient && Exit.isInterrupted(exit))).toBe(true)
        expect(given.filter((permit) => permit.caller === caller)).toHaveLength(Exit.isSuccess(exit) ? 1 : 0)
      })
      // a permit that nobody has was given to a caller who gave up at that very moment
      const spent = without(
        steps,
        given.map(({ at }) => at)
      )
      for (const at of spent) expect(gaveUp).toContain(at)
    })
  )

  lawOfRuns("serves who comes first", histories, (history) =>
    Effect.map(runGate(history.policy, history), ({ came, given }) => {
      const served = given.map(({ caller }) => caller)
      expect(served).toEqual(came.filter((caller) => served.includes(caller)))
    })
  )

  lawOfRuns("gives no permit before its policy admits it, and none while it is paused", histories, (history) =>
    Effect.gen(function* () {
      const { steps } = yield* runGate(history.policy, history)
      const opens = yield* opensAfter(history.policy, steps)
      steps.slice(1).forEach((at, index) => {
        expect(at).toBeGreaterThanOrEqual(opens[index] ?? Number.NaN)
      })
      for (const { at, length } of history.pauses) {
        expect(steps.filter((step) => step > at && step < at + length)).toEqual([])
      }
    })
  )

  lawOfRuns(
    "gives a permit at once where it is idle, and else as soon as its policy and its pauses admit",
    record({
      policy: anySchedule,
      callers: callers.map((all) => all.map(({ at }) => ({ at, patience: undefined }))),
      pauses
    }),
    (history) =>
      Effect.gen(function* () {
        const { given, steps } = yield* runGate(history.policy, history)
        const opens = yield* opensAfter(history.policy, steps)
        /** The end of the pauses that go on at a time, or where `beginning` is set begin at it. */
        const reopens = (at: number, beginning: boolean): number => {
          const pause = history.pauses.find(
            (pause) => (beginning ? pause.at <= at : pause.at < at) && at < pause.at + pause.length
          )
          return pause === undefined ? at : reopens(pause.at + pause.length, true)
        }
        expect(given.map(({ at }) => at)).toEqual(steps)
        given.forEach(({ asked, at }, index) => {
          const ready = Math.max(asked, opens[index - 1] ?? 0)
          expect(at).toBeGreaterThanOrEqual(reopens(ready, false))
          expect(at).toBeLessThanOrEqual(reopens(ready, true))
        })
      })
  )

  lawOfRuns(
    "lets no window exceed its quotas, whoever comes, gives up or is paused",
    record({ pair: oneof(tuple(quotas, quotas), crossing), callers, pauses }),
    ({ pair: [a, b], ...history }) =>
      Effect.map(runGate(Schedule.intersect(RateLimit.quota(a), RateLimit.quota(b)), history), ({ steps }) => {
        for (const { jitter, limit, window } of [a, b]) {
          expect(fullest(steps, window + jitter)).toBeLessThanOrEqual(limit)
        }
      })
  )

  lawOfRuns(
    "waits no longer than two intervals and lets no window exceed its quota, where its clock is set back",
    record({
      options: quotas,
      callers,
      setBack: array(record({ at: integer({ min: 0, max: 20_000 }), by: integer({ min: 1, max: 100_000_000 }) }), {
        minLength: 1,
        maxLength: 4
      })
    }),
    ({ options, ...history }) =>
      Effect.map(runGate(RateLimit.quota(options), history), ({ given, steps }) => {
        expect(fullest(steps, options.window + options.jitter)).toBeLessThanOrEqual(options.limit)
        const interval = (options.window + options.jitter) / (options.limit - options.burst)
        for (const { asked, at } of given) {
          const last = Math.max(0, ...steps.filter((step) => step < at))
          expect(at).toBeLessThanOrEqual(Math.max(asked, last + Math.ceil(2 * interval)))
        }
      })
  )
})
