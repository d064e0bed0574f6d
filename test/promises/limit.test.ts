/**
 * What holds of every rate limit and of every gate, whatever happens to it: laws over random quotas, arrivals,
 * interruptions and pauses, in virtual time.
 */
import { describe, expect, it } from "@effect/vitest"
import {
  Duration,
  Effect,
  Exit,
  FastCheck,
  Fiber,
  Option,
  Ref,
  Schedule,
  ScheduleDecision,
  ScheduleIntervals
} from "effect"
import { RateLimit } from "effect-instantly"
import { noFeedback, walk } from "../../examples/timelines/stepping.js"
import { lawOfRuns, lawOfSteps } from "../support/laws.js"

const { array, constant, constantFrom, integer, oneof, option, record, tuple } = FastCheck

type FastCheckValue<A> = A extends FastCheck.Arbitrary<infer T> ? T : never

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
      rests.map(() => noFeedback),
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
      const [next, , decision] = yield* policy.step(at, noFeedback, state)
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

  lawOfSteps("is as fast as its rate while callers wait", quotas, (options) =>
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
          rests.map(() => noFeedback),
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

  it.effect(
    "of 50 a second and 1,000 a minute keeps both: the first rules at the start, the second in the long run",
    () =>
      keepsBoth([
        { limit: 50, window: 1000, burst: 2, jitter: 0 },
        { limit: 1000, window: 60_000, burst: 400, jitter: 0 }
      ])
  )

  lawOfSteps("of two quotas keeps both when neither implies the other", crossing, keepsBoth)
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

    const gate = yield* Effect.withClock(RateLimit.make(counted, { yields: false }), {
      ...clock,
      currentTimeMillis: read
    })
    yield* Effect.forEach(pauses, ({ at, length }) =>
      Effect.fork(Effect.delay(gate.observe({ status: 429, retryAfter: Option.some(Duration.millis(length)) }), at))
    )
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

  lawOfRuns("serves callers in the order in which they came", histories, (history) =>
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
    "gives a permit at once when it is idle, and otherwise as soon as its policy and its pauses allow",
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
    "waits no longer than two intervals and lets no window exceed its quota when its clock is set back",
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
