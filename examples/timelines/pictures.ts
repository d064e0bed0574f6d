/**
 * What each timeline shows. All times come from the policies themselves: schedules that are stepped at given moments, or
 * gates and calls that run them in virtual time. `svg.ts` draws them.
 */
import { Chunk, Clock, Duration, Effect, Fiber, Layer, Option, Random, Ref, Schedule, TestClock } from "effect"
import { InstantlyError, RateLimit, RetryPolicy } from "effect-instantly"
import { VirtualTime } from "effect-instantly/testing"
import { type RetryAllowance, layer as retryAllowance, withinAllowance } from "../policies/retry-allowance.js"
import { ramp, slowStart } from "../policies/slow-start.js"
import { share } from "../simulate/sharing.js"
import { permitTimes, type Step, walk } from "./stepping.js"
import * as Svg from "./svg.js"

const seconds = (to: number, every: number): Svg.Axis => ({
  to: to * 1000,
  every: every * 1000,
  label: (value) => String(value / 1000),
  unit: "seconds"
})

const count = (to: number, every: number, unit: string): Svg.Axis => ({ to, every, label: String, unit })

const inWords = (millis: number) =>
  millis < 1000 ? `${Math.round(millis)} ms` : `${Number((millis / 1000).toFixed(1))} s`

const lost = new InstantlyError.TransportError()
const unavailable = new InstantlyError.ServerError({ status: 503 })
const throttled = (asked?: number) =>
  new InstantlyError.TooManyRequests({ retryAfter: Option.map(Option.fromNullable(asked), Duration.seconds) })

/** Attempts and waits, and where the policy ends. */
const attemptMarks = (
  steps: ReadonlyArray<Step<unknown>>,
  ended: string,
  tone: (index: number) => Svg.Tone = () => "one"
): ReadonlyArray<Svg.Mark> =>
  steps.flatMap(
    ({ at, goesOn, wait }, index): ReadonlyArray<Svg.Mark> => [
      ...(goesOn
        ? [{ _tag: "Wait", from: at, to: at + wait, label: inWords(wait), tone: tone(index) } as const]
        : [{ _tag: "End", at, label: ended } as const]),
      { _tag: "Dot", at }
    ]
  )

/** The attempt after the last wait. */
const lastAttempt = (steps: ReadonlyArray<Step<unknown>>): ReadonlyArray<Svg.Mark> =>
  steps.slice(-1).map(({ at, wait }) => ({ _tag: "Dot", at: at + wait }))

const longestWaits = Effect.withRandom(Random.fixed([1]))

const retryAfter = Effect.gen(function* () {
  const failures = [lost, throttled(3), unavailable, lost]
  const alone = yield* longestWaits(walk(RetryPolicy.backoff(), failures))
  const asked = yield* walk(RetryPolicy.honorRetryAfter, failures)
  const both = yield* longestWaits(
    walk(Schedule.intersect(RetryPolicy.backoff(), RetryPolicy.honorRetryAfter), failures)
  )
  const ruling = (index: number) => ((asked[index]?.wait ?? 0) > (alone[index]?.wait ?? 0) ? "other" : "one")
  const lane = (
    name: string,
    note: string,
    steps: ReadonlyArray<Step<unknown>>,
    tone: (index: number) => Svg.Tone
  ) => ({
    name,
    note,
    marks: [...attemptMarks(steps, "", tone), ...lastAttempt(steps)]
  })
  return Svg.lanes(
    {
      title: "Schedule.intersect(backoff(), honorRetryAfter)",
      description:
        "A lost connection, a 429 that asks for 3 s, a 503, a lost connection: each wait is the longer of the two.",
      legend: [
        ["dot", "one", "an attempt"],
        ["wait", "one", "backoff rules"],
        ["wait", "other", "Retry-After rules"]
      ]
    },
    seconds(5, 0.5),
    [
      lane("backoff()", "at its longest", alone, () => "one"),
      lane("honorRetryAfter", "waits where asked", asked, () => "other"),
      lane("both", "intersected", both, ruling)
    ]
  )
})

const standard = Effect.gen(function* () {
  const call = (name: string, note: string, failures: ReadonlyArray<InstantlyError.InstantlyError>, ended: string) =>
    Effect.map(longestWaits(walk(RetryPolicy.standard, failures)), (steps) => ({
      name,
      note,
      marks: attemptMarks(steps, ended)
    }))
  const five = (error: InstantlyError.InstantlyError) => Array.from({ length: 5 }, () => error)
  return Svg.lanes(
    {
      title: "RetryPolicy.standard",
      description: "Five attempts, a minute of waits, retryable errors: where the policy ends, the call fails at once.",
      legend: [
        ["dot", "one", "an attempt"],
        ["wait", "one", "a wait, at its longest"],
        ["dot", "end", "the call fails"]
      ]
    },
    seconds(20, 2),
    [
      yield* call("connections lost", "backoff from 100 ms", five(lost), "5 attempts"),
      yield* call("429s", "backoff from 1 s", five(throttled()), "5 attempts"),
      yield* call(
        "429s with Retry-After",
        "8 s, then 55 s",
        [throttled(8), throttled(55)],
        "63 s of waits would exceed a minute"
      ),
      yield* call(
        "a 503, then a 404",
        "not retryable",
        [unavailable, new InstantlyError.NotFound()],
        "would get the same response again"
      )
    ]
  )
})

const quota = Effect.gen(function* () {
  const comeBack = 4000
  const permits = (burst: number) =>
    Effect.gen(function* () {
      const policy = RateLimit.quota({ limit: 10, window: "1 second", burst })
      const first = yield* permitTimes(policy, 1600)
      const rested = yield* walk(policy, Array.from({ length: first.length + 30 }), (index) =>
        index === first.length ? comeBack - (first.at(-1) ?? 0) - 300 : 0
      )
      return rested.map(({ at }) => at).filter((at) => at <= 5600)
    })
  const lane = (name: string, times: ReadonlyArray<number>): Svg.Lane => {
    const within = (from: number) => times.filter((at) => at >= from && at <= from + 1000).length
    const fullest = times.reduce((best, from) => (within(from) > within(best) ? from : best))
    return {
      name,
      note: "after a rest, again",
      marks: [
        ...times.map((at) => ({ _tag: "Dot", at }) as const),
        { _tag: "Span", from: fullest, to: fullest + 1000, label: `${within(fullest)} in the fullest second` }
      ]
    }
  }
  return Svg.lanes(
    {
      title: 'quota({ limit: 10, window: "1 second", burst })',
      description: "A burst, then even spacing, so that no window of a second ever holds more than ten.",
      legend: [["dot", "one", "a permit, with callers always waiting"]]
    },
    seconds(6, 0.5),
    [lane("burst: 1", yield* permits(1)), lane("burst: 5", yield* permits(5))]
  )
})

/** How many permits were given until each of these moments. */
const counted = (times: ReadonlyArray<number>, until: number, every: number) =>
  Array.from({ length: until / every + 1 }, (_, index) => {
    const at = index * every
    return [at, times.filter((time) => time <= at).length] as const
  })

const twoQuotas = Effect.gen(function* () {
  const until = 20_000
  const second = RateLimit.quota({ limit: 50, window: "1 second", burst: 2 })
  const minute = RateLimit.quota({ limit: 1000, window: "1 minute", burst: 400 })
  const lineOf = (tone: Svg.Tone, policy: RateLimit.RateLimitPolicy) =>
    Effect.map(permitTimes(policy, until), (times) => ({ tone, points: counted(times, until, 250) }))
  return Svg.lines(
    {
      title: "50 a second, intersected with 1,000 a minute",
      description:
        "Neither implies the other: the second rules while the minute's burst of 400 lasts, and then the minute.",
      legend: [
        ["line", "one", "50 a second"],
        ["line", "other", "1,000 a minute"],
        ["line", "both", "both, intersected"]
      ]
    },
    seconds(20, 2),
    count(1000, 200, "permits given"),
    [
      yield* lineOf("one", second),
      yield* lineOf("other", minute),
      yield* lineOf("both", Schedule.intersect(second, minute))
    ],
    [
      { at: 2600, count: 60, text: "the second rules" },
      { at: 13_600, count: 445, text: "the minute rules" }
    ]
  )
})

/** When a gate gives its permits, if a caller is always waiting, while this effect runs. */
const permitsOf = (
  policy: RateLimit.RateLimitPolicy,
  until: number,
  meanwhile: (gate: RateLimit.Service) => Effect.Effect<void>
) =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeMillis
    const times = yield* Ref.make(Chunk.empty<number>())
    const gate = yield* RateLimit.make(policy, { yields: false })
    const caller = Effect.zipRight(
      gate.acquire,
      Effect.flatMap(Clock.currentTimeMillis, (now) => Ref.update(times, Chunk.append(now - start)))
    )
    yield* Effect.fork(Effect.forever(caller))
    yield* Effect.fork(meanwhile(gate))
    yield* TestClock.adjust(until)
    return Chunk.toReadonlyArray(yield* Ref.get(times))
  }).pipe(Effect.scoped)

const pause = Effect.gen(function* () {
  const policy = RateLimit.quota({ limit: 5, window: "1 second" })
  const [at, asked] = [1100, 1500]
  const paused = yield* permitsOf(policy, 4500, (gate) =>
    Effect.delay(gate.observe({ status: 429, retryAfter: Option.some(Duration.millis(asked)) }), at)
  )
  const unpaused = yield* permitsOf(policy, 4500, () => Effect.void)
  const dots = (times: ReadonlyArray<number>) => times.map((at): Svg.Mark => ({ _tag: "Dot", at }))
  return Svg.lanes(
    {
      title: "A 429 closes the gate",
      description:
        "For all callers, those that already wait too. It reopens at the policy's pace, and nobody rushes in.",
      legend: [["dot", "one", "a permit, with callers always waiting"]]
    },
    seconds(4.5, 0.5),
    [
      { name: "no 429", note: "a quota of 5 a second", marks: dots(unpaused) },
      {
        name: "a 429 at 1.1 s",
        note: "Retry-After: 1.5 s",
        marks: [{ _tag: "Closed", from: at, to: at + asked, label: "429: closed for 1.5 s" }, ...dots(paused)]
      }
    ]
  )
})

const slowStarted = Effect.gen(function* () {
  const until = 6000
  const lineOf = (tone: Svg.Tone, policy: RateLimit.RateLimitPolicy) =>
    Effect.map(permitTimes(policy, until), (times) => ({
      tone,
      points: counted(times, until, 100).filter(([, permits]) => permits <= 400)
    }))
  return Svg.lines(
    {
      title: "A slow start: RateLimit.instantly, intersected with a ramp",
      description: "Five a second at first, each gap 5 % shorter than the last; after four seconds the limit rules.",
      legend: [
        ["line", "one", "instantly"],
        ["line", "other", "the ramp"],
        ["line", "both", "both, intersected"]
      ]
    },
    seconds(6, 1),
    count(400, 100, "permits given"),
    [yield* lineOf("one", RateLimit.instantly), yield* lineOf("other", ramp), yield* lineOf("both", slowStart)],
    [
      { at: 800, count: 26, text: "the ramp rules" },
      { at: 4700, count: 105, text: "the limit rules" }
    ]
  )
})

const adaptive = Effect.gen(function* () {
  const { admittedBySecond, freeBySecond } = yield* VirtualTime.run(
    share({ policy: RateLimit.instantly, others: 50, othersFrom: 10, othersUntil: 25, seconds: 40, seed: 7 })
  )
  const line = (tone: Svg.Tone, counts: ReadonlyArray<number>) => ({
    tone,
    points: counts.map((count, second) => [second * 1000 + 500, count] as const)
  })
  return Svg.lines(
    {
      title: "RateLimit.instantly, while another program sends 50 a second from 10 to 25 s",
      description: "The gate slows down to about what the other leaves, and comes back when that has ended.",
      legend: [
        ["line", "both", "deletions"],
        ["line", "other", "what the other leaves of 100 a second"]
      ]
    },
    seconds(40, 5),
    count(100, 25, "deletions a second"),
    [line("other", freeBySecond), line("both", admittedBySecond)],
    [{ at: 11_200, count: 84, text: "another program sends too" }]
  )
})

/** Calls that come evenly and all fail: the first attempts and the retries of each second. */
const outage = (policy: RetryPolicy.RetryPolicy<RetryAllowance>) =>
  Effect.gen(function* () {
    const [forSeconds, callsASecond] = [10, 8]
    const start = yield* Clock.currentTimeMillis
    const attempts = yield* Ref.make(Chunk.empty<{ readonly second: number; readonly first: boolean }>())
    const attempt = Effect.gen(function* () {
      const second = Math.floor(((yield* Clock.currentTimeMillis) - start) / 1000)
      const { recurrence } = yield* Schedule.CurrentIterationMetadata
      yield* Ref.update(attempts, Chunk.append({ second, first: recurrence === 0 }))
      return yield* Effect.fail(unavailable)
    })
    const fiber = yield* Effect.fork(
      Effect.forEach(
        Array.from({ length: forSeconds * callsASecond }, (_, index) => (index * 1000) / callsASecond),
        (at) => Effect.delay(Effect.either(Effect.retry(attempt, policy)), at),
        { concurrency: "unbounded", discard: true }
      )
    )
    yield* TestClock.adjust("1 minute")
    yield* Fiber.join(fiber)
    const all = Chunk.toReadonlyArray(yield* Ref.get(attempts))
    return Array.from({ length: forSeconds }, (_, second) =>
      ([true, false] as const).map((first) => {
        const tone: Svg.Tone = first ? "one" : "other"
        return [tone, all.filter((one) => one.second === second && one.first === first).length] as const
      })
    )
  }).pipe(longestWaits, Effect.provide(Layer.fresh(retryAllowance({ size: 10, refill: "1 second" }))))

const allowance = Effect.gen(function* () {
  return Svg.bars(
    {
      title: "An outage, with and without a retry allowance",
      description:
        "Eight calls a second, which all fail. After ten retries, and one more a second, calls fail at once.",
      legend: [
        ["bar", "one", "first attempts"],
        ["bar", "other", "retries"]
      ]
    },
    seconds(10, 1),
    40,
    [
      { name: "standard", note: "attempts in each second", slots: yield* outage(RetryPolicy.standard) },
      {
        name: "within the allowance",
        note: "attempts in each second",
        slots: yield* outage(withinAllowance(RetryPolicy.standard))
      }
    ]
  )
})

/** Each picture, by the name of its file. They need Effect's `TestClock`. */
export const pictures: Readonly<Record<string, Effect.Effect<string>>> = {
  "retry-after.svg": retryAfter,
  "standard.svg": standard,
  "quota.svg": quota,
  "two-quotas.svg": twoQuotas,
  "pause.svg": pause,
  "adaptive.svg": adaptive,
  "slow-start.svg": slowStarted,
  "retry-allowance.svg": allowance
}
