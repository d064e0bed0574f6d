import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { describe, expect, it } from "@effect/vitest"
import { Clock, Deferred, Duration, Effect, Exit, Fiber, Metric, Option, Ref, Schedule, Scope, TestClock } from "effect"
import { RateLimit } from "effect-instantly"
import { simulate } from "../support/simulation.js"
import { inVirtualTime } from "../support/virtual.js"

setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")

const response = (status: number, retryAfter?: Duration.DurationInput) => ({
  status,
  retryAfter: Option.map(Option.fromNullable(retryAfter), Duration.decode)
})

/** How long a caller waits who comes now. */
const waited = (gate: RateLimit.Service) =>
  inVirtualTime(
    Effect.gen(function* () {
      const since = yield* Clock.currentTimeMillis
      yield* gate.acquire
      return (yield* Clock.currentTimeMillis) - since
    })
  )

describe("a response that the gate hears", () => {
  it.effect.each<readonly [string, RateLimit.Options, ReturnType<typeof response>, number]>([
    ["a 429 closes it for the time that it names", {}, response(429, "7 seconds"), 7000],
    ["a 429 closes it for maxPause at most", { maxPause: "3 seconds" }, response(429, "7 seconds"), 3000],
    ["a 429 that names no time closes it for a second", {}, response(429), 1000],
    ["a 429 that names no time closes it for rest", { rest: "200 millis" }, response(429), 200],
    ["a 429 that names no time does not close it where rest is 0", { rest: 0 }, response(429), 0],
    ["a 429 that names a time closes it where rest is 0", { rest: 0 }, response(429, "2 seconds"), 2000],
    ["a 200 does not close it", {}, response(200), 0],
    ["a 503 does not close it, whatever it names", {}, response(503, "2 seconds"), 0]
  ])("%s", ([, options, heard, expected]) =>
    Effect.gen(function* () {
      const gate = yield* RateLimit.make(RateLimit.unlimited, options)
      yield* gate.heard(heard)
      expect(yield* waited(gate)).toBe(expected)
    }).pipe(Effect.scoped)
  )

  it.effect("is counted for the policy, until the next permit", () =>
    Effect.gen(function* () {
      const told: Array<RateLimit.Heard> = []
      const policy = Schedule.tapInput(Schedule.forever, (heard: RateLimit.Heard) =>
        Effect.sync(() => told.push(heard))
      )
      const gate = yield* RateLimit.make(policy, { rest: 0 })
      yield* gate.acquire
      for (const one of [
        response(200),
        response(404),
        response(429, "2 seconds"),
        response(429, "5 seconds"),
        response(429, "1 second"),
        response(429)
      ]) {
        yield* gate.heard(one)
      }
      yield* inVirtualTime(gate.acquire)
      yield* gate.acquire
      expect(told).toEqual([
        { admitted: 0, throttled: 0, retryAfter: Option.none() },
        { admitted: 2, throttled: 4, retryAfter: Option.some(Duration.seconds(5)) },
        { admitted: 0, throttled: 0, retryAfter: Option.none() }
      ])
    }).pipe(Effect.scoped)
  )

  it.effect("closes the gate for those who wait already", () =>
    Effect.gen(function* () {
      const gate = yield* RateLimit.make(Schedule.spaced("1 second"))
      yield* gate.acquire
      const waiting = yield* Effect.fork(Effect.zipRight(gate.acquire, Clock.currentTimeMillis))
      yield* TestClock.adjust("500 millis")
      yield* gate.heard(response(429, "3 seconds"))
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(waiting)).toBe(3500)
    }).pipe(Effect.scoped)
  )

  it.effect("is no pause where it closes the gate for no time", () =>
    Effect.gen(function* () {
      const pauses = Effect.map(Metric.snapshot, (pairs) =>
        pairs.flatMap(({ metricKey, metricState }) =>
          metricKey.name === "instantly.pauses" && "count" in metricState ? [Number(metricState.count)] : []
        )
      )
      const gate = yield* RateLimit.make(RateLimit.unlimited, { rest: 0 })
      yield* gate.pause("1 second")
      const before = yield* pauses
      yield* gate.heard(response(429))
      expect(yield* pauses).toEqual(before)
      yield* gate.pause("1 second")
      expect(yield* pauses).not.toEqual(before)
    }).pipe(Effect.scoped)
  )

  it("refuses a rest that has no end where it is made", () => {
    expect(() => RateLimit.make(RateLimit.unlimited, { rest: Duration.infinity })).toThrow(
      new RangeError("RateLimit: rest must be finite, not Duration(Infinity)")
    )
  })
})

describe("a crowd", () => {
  it("is served in order and in slices when a pause ends: others have their turn in between", async () => {
    const crowd = 10_000
    const exit = await simulate(
      Effect.gen(function* () {
        const gate = yield* RateLimit.make(RateLimit.unlimited)
        yield* gate.pause("1 second")
        const served: Array<number> = []
        const turns: Array<number> = []
        const callers = yield* Effect.fork(
          Effect.forEach(
            Array.from({ length: crowd }, (_, index) => index),
            (index) =>
              Effect.zipRight(
                gate.acquire,
                Effect.sync(() => void served.push(index))
              ),
            { concurrency: "unbounded", discard: true }
          )
        )
        const other = Effect.zipRight(
          Effect.sync(() => void turns.push(served.length)),
          Effect.yieldNow()
        )
        yield* Effect.delay(Effect.repeat(other, { until: () => served.length === crowd }), "1 second")
        yield* Fiber.join(callers)
        return { served, turns }
      }).pipe(Effect.scoped),
      "1 minute"
    )
    const { served, turns } = await Effect.runPromise(exit)
    expect(served).toEqual(Array.from({ length: crowd }, (_, index) => index))
    const slices = turns.slice(1).map((count, index) => count - (turns[index] ?? 0))
    expect(Math.max(...slices)).toBeLessThanOrEqual(1000)
  })
})

describe("a caller that gives up", () => {
  it.live("leaves nothing behind while nobody gets a permit", () =>
    Effect.gen(function* () {
      const gate = yield* RateLimit.make(Schedule.spaced("1 hour"))
      yield* gate.acquire
      const patient = yield* Effect.fork(gate.acquire)
      const left: Array<WeakRef<object>> = []
      yield* Effect.gen(function* () {
        const callers = yield* Effect.replicateEffect(Effect.fork(gate.acquire), 100)
        yield* Effect.yieldNow()
        yield* Fiber.interruptAll(callers)
        left.push(...callers.map((caller) => new WeakRef(caller)))
      }).pipe(Effect.repeatN(9))
      // what is referred to weakly is kept until the task ends
      yield* Effect.promise(() => new Promise((resume) => setImmediate(resume)))
      collect()
      expect(left.filter((caller) => caller.deref() !== undefined).length).toBeLessThan(100)
      expect(yield* Fiber.poll(patient)).toEqual(Option.none())
    }).pipe(Effect.scoped)
  )
})

describe("a wait", () => {
  it.effect("longer than a timer can be is waited for to its end", () =>
    Effect.gen(function* () {
      const sleeps: Array<number> = []
      const clock = yield* Effect.clock
      const watched: Clock.Clock = Object.assign(Object.create(clock), {
        sleep: (duration: Duration.Duration) => {
          sleeps.push(Duration.toMillis(duration))
          return clock.sleep(duration)
        }
      })
      const gate = yield* Effect.withClock(RateLimit.make(Schedule.spaced("60 days")), watched)
      yield* gate.acquire
      const waiting = yield* Effect.fork(Effect.zipRight(gate.acquire, Clock.currentTimeMillis))
      yield* TestClock.adjust("61 days")
      expect(yield* Fiber.join(waiting)).toBe(Duration.toMillis("60 days"))
      expect(Math.max(...sleeps)).toBeLessThan(2 ** 31)
    }).pipe(Effect.scoped)
  )
})

describe("a policy that takes a second to decide", () => {
  const slow = Schedule.tapOutput(Schedule.forever, () => Effect.sleep("1 second"))

  it.effect("holds back those who come meanwhile, whoever the last permit went to", () =>
    Effect.gen(function* () {
      const gate = yield* RateLimit.make(slow)
      const times: Array<number> = []
      const call = Effect.zipRight(
        gate.acquire,
        Effect.map(Clock.currentTimeMillis, (now) => void times.push(now))
      )
      // the first has its permit at once, the second waits in line, the third comes while the second's is decided on
      yield* Effect.forEach([0, 100, 1500], (at) => Effect.fork(Effect.delay(call, at)))
      yield* TestClock.adjust("1 minute")
      expect(times).toEqual([0, 1000, 2000])
    }).pipe(Effect.scoped)
  )

  it.effect("is interrupted when the scope of the gate ends", () =>
    Effect.gen(function* () {
      const interrupted = yield* Ref.make(false)
      const scope = yield* Scope.make()
      const never = Schedule.tapOutput(Schedule.forever, () =>
        Effect.onInterrupt(Effect.never, () => Ref.set(interrupted, true))
      )
      const gate = yield* Scope.extend(RateLimit.make(never), scope)
      yield* gate.acquire
      const waiting = yield* Effect.fork(Effect.exit(gate.acquire))
      yield* TestClock.adjust("1 second")
      yield* Scope.close(scope, Exit.void)
      expect(yield* Ref.get(interrupted)).toBe(true)
      expect(Exit.isInterrupted(yield* Fiber.join(waiting))).toBe(true)
    })
  )

  it.effect("refuses everybody, those who came meanwhile too, when it decides to end", () =>
    Effect.gen(function* () {
      const decides = yield* Deferred.make<void>()
      const ends = Schedule.tapInput(Schedule.stop, () => Deferred.await(decides))
      const gate = yield* RateLimit.make(ends)
      yield* gate.acquire
      const waiting = yield* Effect.fork(Effect.exit(gate.acquire))
      yield* TestClock.adjust("1 second")
      yield* Deferred.succeed(decides, undefined)
      const refused = Exit.fail(new RateLimit.PermitRefused())
      expect(yield* Fiber.join(waiting)).toEqual(refused)
      expect(yield* Effect.exit(gate.acquire)).toEqual(refused)
    }).pipe(Effect.scoped)
  )
})
