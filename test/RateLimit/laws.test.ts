/**
 * What holds of every gate whose policy reacts to responses: laws over random arrivals, responses and interruptions, while the wall clock is set forward and back, in virtual time. Where one fails, FastCheck prints the
 * seed and the path of the smallest history that breaks it.
 */
import { describe, expect } from "@effect/vitest"
import { Duration, Effect, Equal, Exit, FastCheck, Fiber, Option, Schedule, Scheduler } from "effect"
import { PCGRandom } from "effect/Utils"
import { RateLimit } from "effect-instantly"
import { lawOfRuns } from "../support/laws.js"

const { array, constant, constantFrom, integer, oneof, option, record } = FastCheck

type Value<A> = A extends FastCheck.Arbitrary<infer T> ? T : never

/** A quota of at most two a millisecond, so that rounding to whole milliseconds costs it no more than one permit. */
const quotas = record({
  limit: integer({ min: 1, max: 40 }),
  window: integer({ min: 20, max: 4000 }),
  burst: integer({ min: 0, max: 1000 }),
  jitter: oneof(constant(0), integer({ min: 0, max: 300 }))
}).map(({ burst, ...quota }) => ({ ...quota, burst: 1 + (burst % Math.max(1, quota.limit - 1)) }))

/** The most of these moments, in order, that lie in any stretch of time as long as this, its ends included. */
const fullest = (times: ReadonlyArray<number>, stretch: number) => {
  let first = 0
  return times.reduce((most, at, last) => {
    while ((times[first] ?? at) < at - stretch) first += 1
    return Math.max(most, last - first + 1)
  }, 0)
}

const moments = oneof(
  integer({ min: 0, max: 20_000 }),
  integer({ min: 0, max: 10 }).map((n) => n * 1000)
)

const happenings = record({
  callers: array(
    record({ at: moments, patience: option(integer({ min: 0, max: 5000 }), { freq: 3, nil: undefined }) }),
    {
      minLength: 1,
      maxLength: 60,
      size: "max"
    }
  ),
  responses: array(
    record({
      at: moments,
      status: constantFrom(200, 404, 429, 429),
      retryAfter: option(integer({ min: 0, max: 8000 }), { freq: 2, nil: undefined })
    }),
    { maxLength: 20, size: "max" }
  ),
  clockSet: array(record({ at: moments, by: integer({ min: -100_000_000, max: 100_000_000 }) }), { maxLength: 4 })
})

/** All that happens at a gate. Its times are those of a clock that nobody sets. */
const run = (policy: RateLimit.RateLimitPolicy, history: Value<typeof happenings>) =>
  Effect.gen(function* () {
    const clock = yield* Effect.clock
    let offset = 0
    const steps: Array<number> = []
    const inputs: Array<RateLimit.Feedback> = []
    const came: Array<number> = []
    const given: Array<number> = []
    const gaveUpAt: Array<number> = []
    const watched = Schedule.tapInput(policy, (feedback: RateLimit.Feedback) =>
      Effect.map(clock.currentTimeMillis, (now) => {
        steps.push(now)
        inputs.push(feedback)
      })
    )
    const gate = yield* Effect.withClock(RateLimit.make(watched), {
      ...clock,
      currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + offset),
      unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis() + offset
    })
    const later = (at: number, effect: Effect.Effect<void>) => Effect.fork(Effect.delay(effect, at))
    yield* Effect.forEach(history.responses, ({ at, retryAfter, status }) =>
      later(at, gate.observe({ status, retryAfter: Option.map(Option.fromNullable(retryAfter), Duration.millis) }))
    )
    yield* Effect.forEach(history.clockSet, ({ at, by }) =>
      later(
        at,
        Effect.sync(() => {
          offset += by
        })
      )
    )
    const call = (caller: number, patience: number | undefined) =>
      Effect.gen(function* () {
        came.push(caller)
        const waiting = yield* Effect.fork(
          Effect.zipRight(
            gate.acquire,
            Effect.sync(() => void given.push(caller))
          )
        )
        if (patience !== undefined) yield* Effect.fork(Effect.delay(Fiber.interrupt(waiting), patience))
        const exit = yield* Fiber.await(waiting)
        if (Exit.isFailure(exit)) gaveUpAt.push(yield* clock.currentTimeMillis)
        return exit
      })
    const exits = yield* Effect.forEach(
      history.callers,
      ({ at, patience }, caller) => Effect.delay(call(caller, patience), at),
      {
        concurrency: "unbounded"
      }
    )
    return { steps, inputs, came, given, gaveUpAt, exits }
  }).pipe(Effect.scoped)

/** When responses close the gate. */
const closures = ({ responses }: Value<typeof happenings>) =>
  responses.flatMap(({ at, retryAfter, status }) =>
    status === 429 && retryAfter !== undefined ? [{ at, length: retryAfter }] : []
  )

/** What every gate promises. */
const keepsItsPromises = (
  history: Value<typeof happenings>,
  { came, exits, gaveUpAt, given, steps }: Effect.Effect.Success<ReturnType<typeof run>>
) => {
  // no permit is lost: each caller that does not give up has one
  exits.forEach((exit, caller) => {
    const patient = history.callers[caller]?.patience === undefined
    expect(Exit.isSuccess(exit) || (!patient && Exit.isInterrupted(exit))).toBe(true)
  })
  // a permit that nobody has was given to a caller who gave up at that very moment
  const spentInVain = steps.length - given.length
  expect(spentInVain).toBeGreaterThanOrEqual(0)
  expect(spentInVain).toBeLessThanOrEqual(gaveUpAt.filter((at) => steps.includes(at)).length)
  // in order
  expect(given).toEqual(came.filter((caller) => given.includes(caller)))
  // none while it is closed
  for (const { at, length } of closures(history)) {
    expect(steps.filter((step) => step > at && step < at + length)).toEqual([])
  }
}

describe("a gate that observes", () => {
  lawOfRuns(
    "loses no permit, keeps the order and its quota, and passes on every response once",
    record({ quota: quotas, history: happenings }),
    ({ history, quota }) =>
      Effect.gen(function* () {
        const policy = Schedule.intersect(RateLimit.quota(quota), RateLimit.adaptive({ max: 20 }))
        const result = yield* run(policy, history)
        keepsItsPromises(history, result)
        expect(fullest(result.steps, quota.window + quota.jitter)).toBeLessThanOrEqual(Math.max(2, quota.limit))
        // the server's windows do not hold their end
        expect(fullest(result.steps, quota.window + quota.jitter - 1)).toBeLessThanOrEqual(quota.limit)

        const last = result.steps.at(-1) ?? 0
        const before = history.responses.filter(({ at }) => at < last)
        const until = history.responses.filter(({ at }) => at <= last)
        const throttled = result.inputs.reduce((all, one) => all + one.throttled, 0)
        const admitted = result.inputs.reduce((all, one) => all + one.admitted, 0)
        const is429 = ({ status }: { readonly status: number }) => status === 429
        expect(throttled).toBeGreaterThanOrEqual(before.filter(is429).length)
        expect(throttled).toBeLessThanOrEqual(until.filter(is429).length)
        expect(admitted).toBeGreaterThanOrEqual(before.length - before.filter(is429).length)
        expect(admitted).toBeLessThanOrEqual(until.length - until.filter(is429).length)
      })
  )
})

/**
 * Lets another fiber come between any two operations, with a likelihood below a tenth: a yield takes about ten operations
 * itself. No time passes while there is something to do.
 */
class Preempting extends Scheduler.MixedScheduler {
  private readonly random: PCGRandom
  constructor(
    private readonly likelihood: number,
    seed: number
  ) {
    super(Number.MAX_SAFE_INTEGER)
    this.random = new PCGRandom(seed)
  }
  override shouldYield(fiber: Fiber.RuntimeFiber<unknown, unknown>): number | false {
    return this.random.number() < this.likelihood ? 0 : super.shouldYield(fiber)
  }
}

describe("a gate that is preempted", () => {
  /** Gives five permits. */
  const ending: RateLimit.RateLimitPolicy = Schedule.recurs(4)
  const policies = constantFrom<RateLimit.RateLimitPolicy>(
    RateLimit.unlimited,
    ending,
    Schedule.intersect(RateLimit.quota({ limit: 4, window: 1000, burst: 2 }), RateLimit.adaptive())
  )

  const letsNobodyHang = (policy: RateLimit.RateLimitPolicy, history: Value<typeof happenings>) =>
    Effect.map(run(policy, history), ({ exits, given, steps }) => {
      exits.forEach((exit, caller) => {
        const patient = history.callers[caller]?.patience === undefined
        const refused = policy === ending && Equal.equals(exit, Exit.fail(new RateLimit.PermitRefused()))
        expect(Exit.isSuccess(exit) || refused || (!patient && Exit.isInterrupted(exit))).toBe(true)
      })
      // the last step may be cut short: when everybody has a permit, the gate is closed
      expect(steps.length).toBeGreaterThanOrEqual(given.length - 1)
      for (const { at, length } of closures(history)) {
        expect(steps.filter((step) => step > at && step < at + length)).toEqual([])
      }
    })

  // With about ten operations or fewer, Effect itself never gets past a yield.
  lawOfRuns(
    "after any number of operations lets nobody wait for ever",
    record({ operations: integer({ min: 13, max: 40 }), policy: policies, history: happenings }),
    ({ history, operations, policy }) =>
      letsNobodyHang(policy, history).pipe(
        Effect.withMaxOpsBeforeYield(operations),
        Effect.withScheduler(new Preempting(0, 0))
      )
  )

  lawOfRuns(
    "between any two operations lets nobody wait for ever",
    record({
      likelihood: constantFrom(0.01, 0.03, 0.08),
      preemptions: integer(),
      policy: policies,
      history: happenings
    }),
    ({ history, likelihood, policy, preemptions }) =>
      Effect.withScheduler(letsNobodyHang(policy, history), new Preempting(likelihood, preemptions))
  )
})
