import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { describe, expect, it } from "@effect/vitest"
import {
  Clock,
  Deferred,
  Duration,
  Effect,
  Exit,
  Fiber,
  Logger,
  LogLevel,
  Metric,
  Option,
  Ref,
  Schedule,
  ScheduleDecision,
  ScheduleInterval,
  Scope,
  TestClock
} from "effect"
import { RateLimit } from "effect-instantly"
import { simulate } from "../support/simulation.js"
import { inVirtualTime } from "../support/virtual.js"

setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")

const response = (status: number, retryAfter?: Duration.DurationInput) => ({
  status,
  retryAfter: Option.map(Option.fromNullable(retryAfter), Duration.decode)
})

/** The 429 that closes a gate for this long. */
const asks = (wait: Duration.DurationInput) => response(429, wait)

/** How long a caller waits who comes now. */
const waited = (gate: RateLimit.Service) =>
  inVirtualTime(
    Effect.gen(function* () {
      const since = yield* Clock.currentTimeMillis
      yield* gate.acquire
      return (yield* Clock.currentTimeMillis) - since
    })
  )

/** Who is released, of so many callers who come at once, and when. */
const releases = (gate: RateLimit.Service, n: number) =>
  Effect.gen(function* () {
    const released: Array<readonly [caller: number, at: number]> = []
    const caller = (index: number) =>
      Effect.map(Effect.zipRight(gate.acquire, Clock.currentTimeMillis), (now) => void released.push([index, now]))
    yield* Effect.forEach(
      Array.from({ length: n }, (_, index) => index),
      caller,
      { concurrency: "unbounded", discard: true }
    )
    return released
  })

/** How a caller fares: by the message, because errors of one tag are equal whatever they say. */
const fate = (gate: RateLimit.Service) =>
  Effect.match(gate.acquire, { onSuccess: () => "a permit", onFailure: ({ _tag, message }) => `${_tag}: ${message}` })

const ended = "PermitRefused: the rate-limit policy has ended: no more permits are given"
const closed = "PermitRefused: the gate has closed: no more permits are given"

describe("a gate", () => {
  it.effect("gives a permit at once when it is idle", () =>
    Effect.gen(function* () {
      const gate = yield* RateLimit.make(RateLimit.instantly)
      yield* TestClock.adjust("1 hour")
      const before = yield* Clock.currentTimeMillis
      yield* gate.acquire
      expect(yield* Clock.currentTimeMillis).toBe(before)
    }).pipe(Effect.scoped)
  )

  it.effect("serves who comes first", () =>
    Effect.gen(function* () {
      const gate = yield* RateLimit.make(Schedule.spaced("1 second"))
      const released = yield* inVirtualTime(releases(gate, 100))
      expect(released.map(([caller]) => caller)).toEqual(Array.from({ length: 100 }, (_, index) => index))
    }).pipe(Effect.scoped)
  )

  it.effect("gives the place of a caller that is interrupted to the next, and no permit with it", () =>
    Effect.gen(function* () {
      const gate = yield* RateLimit.make(Schedule.spaced("10 seconds"))
      yield* gate.acquire
      const first = yield* Effect.fork(gate.acquire)
      const second = yield* Effect.fork(Effect.zipRight(gate.acquire, Clock.currentTimeMillis))
      const third = yield* Effect.fork(Effect.zipRight(gate.acquire, Clock.currentTimeMillis))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("1 hour")
      expect(yield* Fiber.join(second)).toBe(10_000)
      expect(yield* Fiber.join(third)).toBe(20_000)
    }).pipe(Effect.scoped)
  )

  it.live("keeps nothing of callers who give up while nobody gets a permit", () =>
    Effect.gen(function* () {
      const gate = yield* RateLimit.make(Schedule.spaced("1 hour"))
      yield* gate.acquire
      const patient = yield* Effect.fork(gate.acquire)
      const size = Effect.gen(function* () {
        // what is referred to weakly is kept until the task ends
        yield* Effect.promise(() => new Promise((resume) => setImmediate(resume)))
        collect()
        return process.memoryUsage().heapUsed
      })
      const comeAndGo = Effect.gen(function* () {
        const callers = yield* Effect.replicateEffect(Effect.fork(gate.acquire), 100)
        yield* Effect.yieldNow()
        yield* Fiber.interruptAll(callers)
      }).pipe(Effect.repeatN(99))
      yield* comeAndGo
      const before = yield* size
      yield* comeAndGo
      // ten thousand callers more; a Deferred alone takes more than a hundred bytes
      expect((yield* size) - before).toBeLessThan(500_000)
      expect(yield* Fiber.poll(patient)).toEqual(Option.none())
    }).pipe(Effect.scoped)
  )

  it("serves a crowd in order and in slices, so that others have their turn in between", async () => {
    const crowd = 10_000
    const exit = await simulate(
      Effect.gen(function* () {
        const gate = yield* RateLimit.make(RateLimit.unlimited, { yields: false })
        yield* gate.observe(asks("1 second"))
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

  it.effect("is not affected when the wall clock is set, forward or back", () =>
    Effect.gen(function* () {
      const clock = yield* Effect.clock
      for (const by of [5000, 3_600_000, -3_600_000]) {
        const offset = yield* Ref.make(0)
        const wallClock: Clock.Clock = Object.assign(Object.create(clock), {
          currentTimeMillis: Effect.zipWith(clock.currentTimeMillis, Ref.get(offset), (now, by) => now + by)
        })
        yield* Effect.gen(function* () {
          const gate = yield* RateLimit.make(RateLimit.quota({ limit: 100, window: "1 second", burst: 50 }))
          const wait = Effect.withClock(waited(gate), clock)
          yield* Effect.replicateEffect(gate.acquire, 50)
          yield* Ref.set(offset, by)
          expect(yield* wait).toBe(20)
          yield* gate.observe(asks("1 second"))
          yield* Ref.set(offset, -by)
          expect(yield* wait).toBe(1000)
        }).pipe(Effect.scoped, Effect.withClock(wallClock))
      }
    })
  )

  it.effect("waits to its end for a time that is longer than a timer can be", () =>
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

describe("a response that the gate observes", () => {
  it.effect.each<readonly [string, RateLimit.Options, ReturnType<typeof response>, number]>([
    ["a 429 closes it for the time that it names", {}, asks("7 seconds"), 7000],
    ["a 429 closes it for that time if only the policy decides", { yields: false }, asks("7 seconds"), 7000],
    ["a 429 closes it for a minute at most", {}, asks(Duration.infinity), 60_000],
    ["a 429 closes it for maxPause at most", { maxPause: "3 seconds" }, asks("7 seconds"), 3000],
    ["a 429 that names no time does not close it", {}, response(429), 0],
    ["a 200 does not close it", {}, response(200), 0],
    ["a 503 does not close it, whatever it names", {}, response(503, "2 seconds"), 0]
  ])("%s", ([, options, observed, expected]) =>
    Effect.gen(function* () {
      const gate = yield* RateLimit.make(RateLimit.unlimited, options)
      yield* gate.observe(observed)
      expect(yield* waited(gate)).toBe(expected)
    }).pipe(Effect.scoped)
  )

  it.effect("is counted for the policy, until the next permit", () =>
    Effect.gen(function* () {
      const inputs: Array<RateLimit.Feedback> = []
      const policy = Schedule.tapInput(Schedule.forever, (feedback: RateLimit.Feedback) =>
        Effect.sync(() => inputs.push(feedback))
      )
      const gate = yield* RateLimit.make(policy, { yields: false })
      yield* gate.acquire
      for (const one of [
        response(200),
        response(404),
        asks("2 seconds"),
        asks("5 seconds"),
        asks("1 second"),
        response(429)
      ]) {
        yield* gate.observe(one)
      }
      yield* inVirtualTime(gate.acquire)
      yield* gate.acquire
      expect(inputs).toEqual([
        { admitted: 0, throttled: 0, retryAfter: Option.none() },
        { admitted: 2, throttled: 4, retryAfter: Option.some(Duration.seconds(5)) },
        { admitted: 0, throttled: 0, retryAfter: Option.none() }
      ])
    }).pipe(Effect.scoped)
  )

  it.effect("closes the gate also for those who wait already, who then leave in order at the policy's pace", () =>
    Effect.gen(function* () {
      const policy = RateLimit.quota({ limit: 3, window: "2 seconds" })
      const gate = yield* RateLimit.make(policy, { yields: false })
      const waiting = yield* Effect.fork(releases(gate, 4))
      yield* TestClock.adjust("500 millis")
      yield* gate.observe(asks("10 seconds"))
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(waiting)).toEqual([
        [0, 0],
        [1, 10_500],
        [2, 11_500],
        [3, 12_500]
      ])
    }).pipe(Effect.scoped)
  )

  it.effect("keeps the gate closed until the last of several times is over, also while callers wait for it", () =>
    Effect.gen(function* () {
      const gate = yield* RateLimit.make(RateLimit.unlimited)
      yield* gate.observe(asks("2 seconds"))
      const waiting = yield* Effect.fork(releases(gate, 1))
      yield* TestClock.adjust("1 second")
      yield* gate.observe(asks("5 seconds"))
      yield* gate.observe(asks("1 second"))
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(waiting)).toEqual([[0, 6000]])
    }).pipe(Effect.scoped)
  )

  it.effect("counts as a pause where it closes the gate", () =>
    Effect.gen(function* () {
      const pauses = Effect.map(Metric.snapshot, (pairs) =>
        pairs.flatMap(({ metricKey, metricState }) =>
          metricKey.name === "instantly.pauses" && "count" in metricState ? [Number(metricState.count)] : []
        )
      )
      const gate = yield* RateLimit.make(RateLimit.unlimited)
      yield* gate.observe(asks("1 second"))
      const before = yield* pauses
      yield* gate.observe(response(429))
      yield* gate.observe(asks(0))
      expect(yield* pauses).toEqual(before)
      yield* gate.observe(asks("1 second"))
      expect(yield* pauses).not.toEqual(before)
    }).pipe(Effect.scoped)
  )
})

describe("a policy that takes a second to decide", () => {
  const slow = Schedule.tapOutput(Schedule.forever, () => Effect.sleep("1 second"))

  it.effect("holds back those who come meanwhile, whoever the last permit went to", () =>
    Effect.gen(function* () {
      const gate = yield* RateLimit.make(slow)
      const times: Array<number> = []
      const call = Effect.map(Effect.zipRight(gate.acquire, Clock.currentTimeMillis), (now) => void times.push(now))
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
      const waiting = yield* Effect.fork(fate(gate))
      yield* TestClock.adjust("1 second")
      yield* Scope.close(scope, Exit.void)
      expect(yield* Ref.get(interrupted)).toBe(true)
      expect(yield* Fiber.join(waiting)).toBe(closed)
    })
  )

  it.effect("refuses everybody, those who came meanwhile too, when it decides to end", () =>
    Effect.gen(function* () {
      const decides = yield* Deferred.make<void>()
      const ends = Schedule.tapInput(Schedule.stop, () => Deferred.await(decides))
      const gate = yield* RateLimit.make(ends)
      yield* gate.acquire
      const waiting = yield* Effect.fork(fate(gate))
      yield* TestClock.adjust("1 second")
      yield* Deferred.succeed(decides, undefined)
      expect(yield* Fiber.join(waiting)).toBe(ended)
      expect(yield* fate(gate)).toBe(ended)
    }).pipe(Effect.scoped)
  )
})

describe("a policy that has ended", () => {
  it.effect("gives no more permits: callers are refused, those waiting too", () =>
    Effect.gen(function* () {
      const gate = yield* RateLimit.make(Schedule.spaced("1 second").pipe(Schedule.intersect(Schedule.recurs(1))))
      const waiting = yield* Effect.fork(Effect.replicateEffect(fate(gate), 4, { concurrency: 4 }))
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(waiting)).toEqual(["a permit", "a permit", ended, ended])
      expect(yield* fate(gate)).toBe(ended)
    }).pipe(Effect.scoped)
  )

  class MadeUpDefect extends Error {
    override readonly name = "MadeUpDefect"
  }

  it.effect.each<readonly [string, () => Effect.Effect<void>, ReadonlyArray<string>]>([
    [
      "dies of an error",
      () => Effect.die(new MadeUpDefect("made-up detail")),
      ["the rate-limit policy failed with MadeUpDefect: no more permits are given"]
    ],
    [
      "dies of something else",
      () => Effect.die("made-up detail"),
      ["the rate-limit policy failed with an unknown error: no more permits are given"]
    ],
    [
      "throws",
      () => {
        throw new MadeUpDefect("made-up detail")
      },
      ["the rate-limit policy failed with MadeUpDefect: no more permits are given"]
    ],
    ["interrupts itself", () => Effect.interrupt, []],
    [
      "interrupts the fiber that it runs in",
      () => Effect.withFiberRuntime((fiber) => Effect.zipRight(Fiber.interruptFork(fiber), Effect.never)),
      []
    ]
  ])("is one that %s, and the log names the class of a defect, once", ([, end, expected]) =>
    Effect.gen(function* () {
      const logged: Array<string> = []
      const logger = Logger.make(({ cause, logLevel, message }) => {
        if (LogLevel.greaterThan(logLevel, LogLevel.Debug)) logged.push(String(message))
        expect(String(cause)).not.toContain("made-up detail")
      })
      yield* Effect.gen(function* () {
        const gate = yield* RateLimit.make(Schedule.tapInput(Schedule.spaced("1 second"), end))
        yield* gate.acquire
        expect(yield* Effect.replicateEffect(fate(gate), 2)).toEqual([ended, ended])
      }).pipe(Effect.scoped, Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
      expect(logged).toEqual(expected)
    })
  )

  it.effect("is one whose next permit is at a time that is not a number", () =>
    Effect.gen(function* () {
      const policy = Schedule.makeWithState(undefined, (_now, _feedback: RateLimit.Feedback, state) => {
        const never = ScheduleInterval.after(Number.NaN)
        return Effect.succeed([state, undefined, ScheduleDecision.continueWith(never)])
      })
      for (const yields of [false, {}] as const) {
        const gate = yield* RateLimit.make(policy, { yields })
        yield* gate.acquire
        expect(yield* fate(gate)).toBe(ended)
      }
    }).pipe(Effect.scoped)
  )
})

describe("a scope that ends", () => {
  it.effect("refuses those who wait, and those who come, and says so", () =>
    Effect.gen(function* () {
      for (const isClosed of [true, false]) {
        const scope = yield* Scope.make()
        const gate = yield* Scope.extend(RateLimit.make(Schedule.spaced("1 hour")), scope)
        if (isClosed) yield* gate.observe(asks("1 minute"))
        else yield* gate.acquire
        const waiting = yield* Effect.forkAll(Array.from({ length: 3 }, () => fate(gate)))
        yield* TestClock.adjust("1 second")
        yield* Scope.close(scope, Exit.void)
        expect(yield* Fiber.join(waiting)).toEqual([closed, closed, closed])
        expect(yield* fate(gate)).toBe(closed)
      }
    })
  )

  it.live("refuses or releases each caller, between whichever operations its scope closes", () =>
    Effect.gen(function* () {
      for (let operations = 12; operations <= 30; operations++) {
        for (let steps = 0; steps <= 12; steps++) {
          const scope = yield* Scope.make()
          const gate = yield* RateLimit.make(RateLimit.unlimited).pipe(
            Effect.withMaxOpsBeforeYield(operations),
            Scope.extend(scope)
          )
          const caller = yield* Effect.fork(Effect.exit(gate.acquire))
          for (let step = 0; step < steps; step++) yield* Effect.yieldNow()
          yield* Scope.close(scope, Exit.void)
          for (let step = 0; step < 100; step++) yield* Effect.yieldNow()
          expect(Option.isSome(yield* Fiber.poll(caller)), `${operations} operations, ${steps} steps`).toBe(true)
        }
      }
    })
  )

  it.live("in the very moment in which a caller's turn comes leaves nobody waiting", () =>
    Effect.gen(function* () {
      for (const callers of [1, 2, 3, 50]) {
        const scope = yield* Scope.make()
        const gate = yield* Scope.extend(RateLimit.make(RateLimit.unlimited), scope)
        yield* Effect.sleep("1 millis")
        const waiting = yield* Effect.forkAll(Array.from({ length: callers }, () => fate(gate)))
        yield* Effect.fork(Scope.close(scope, Exit.void))
        const exits = yield* Effect.timeout(Fiber.join(waiting), "5 seconds")
        expect(exits).toHaveLength(callers)
      }
    })
  )

  it.live("ends also where the gate was made uninterruptibly", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const gate = yield* Effect.uninterruptible(Scope.extend(RateLimit.make(RateLimit.instantly), scope))
      yield* gate.acquire
      yield* gate.observe(asks("1 minute"))
      yield* Effect.fork(gate.acquire)
      yield* Effect.yieldNow()
      yield* Effect.timeout(Effect.disconnect(Scope.close(scope, Exit.void)), "5 seconds")
    })
  )
})
