import { describe, expect, it } from "@effect/vitest"
import {
  Chunk,
  Clock,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Logger,
  LogLevel,
  Ref,
  Schedule,
  ScheduleDecision,
  ScheduleInterval,
  Scope,
  TestClock
} from "effect"
import { RateLimit } from "effect-instantly"
import { nothingHeard } from "../examples/timelines/stepping.js"
import { inVirtualTime } from "./support/virtual.js"

/** The times at which `n` callers who come at once are released. */
const releases = (rateLimit: RateLimit.Service, n: number) =>
  Effect.gen(function* () {
    const times = yield* Ref.make(Chunk.empty<readonly [caller: number, at: number]>())
    const caller = (index: number) =>
      Effect.gen(function* () {
        yield* rateLimit.acquire
        const now = yield* Clock.currentTimeMillis
        yield* Ref.update(times, Chunk.append([index, now] as const))
      })
    yield* Effect.forEach(
      Array.from({ length: n }, (_, index) => index),
      caller,
      { concurrency: "unbounded", discard: true }
    )
    return Chunk.toReadonlyArray(yield* Ref.get(times))
  })

/** The same, for a gate of its own and without the callers: milliseconds from now. */
const releasedAt = (policy: RateLimit.RateLimitPolicy, n: number) =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeMillis
    const rateLimit = yield* RateLimit.make(policy)
    return (yield* inVirtualTime(releases(rateLimit, n))).map(([, at]) => at - start)
  }).pipe(Effect.scoped)

describe("quota", () => {
  it.effect("spends its burst, and then spaces permits", () =>
    Effect.gen(function* () {
      const policy = RateLimit.quota({ limit: 10, window: "1 second", burst: 5 })
      expect(yield* releasedAt(policy, 8)).toEqual([0, 0, 0, 0, 0, 200, 400, 600])
    })
  )

  it.effect("of the smallest limits, one and two, is one permit in a window and its jitter", () =>
    Effect.gen(function* () {
      for (const limit of [1, 2]) {
        const policy = RateLimit.quota({ limit, window: "1 second", jitter: "50 millis" })
        expect(yield* releasedAt(policy, 3)).toEqual([0, 1050, 2100])
      }
    })
  )

  it.effect("spaces wider for a latency that varies", () =>
    Effect.gen(function* () {
      const policy = RateLimit.quota({ limit: 5, window: "1 second", jitter: "200 millis" })
      expect(yield* releasedAt(policy, 4)).toEqual([0, 300, 600, 900])
    })
  )

  it.effect("has its burst again after a rest", () =>
    Effect.gen(function* () {
      const rateLimit = yield* RateLimit.make(RateLimit.quota({ limit: 4, window: "3 seconds", burst: 2 }))
      yield* inVirtualTime(releases(rateLimit, 3), "1 minute")
      const rested = yield* Clock.currentTimeMillis
      const times = (yield* inVirtualTime(releases(rateLimit, 4), "1 minute")).map(([, at]) => at - rested)
      expect(times).toEqual([0, 0, 1500, 3000])
    }).pipe(Effect.scoped)
  )

  it.each([
    [{ limit: 0, window: "1 second" }, "quota: limit must be a whole number of at least 1, not 0"],
    [{ limit: 2.5, window: "1 second" }, "quota: limit must be a whole number of at least 1, not 2.5"],
    [{ limit: 10, window: "1 second", burst: 0 }, "quota: burst must be a whole number from 1 to 9, not 0"],
    [{ limit: 10, window: "1 second", burst: 1.5 }, "quota: burst must be a whole number from 1 to 9, not 1.5"],
    [{ limit: 10, window: "1 second", burst: 10 }, "quota: burst must be a whole number from 1 to 9, not 10"],
    [{ limit: 1, window: "1 second", burst: 2 }, "quota: burst must be a whole number from 1 to 1, not 2"],
    [{ limit: 10, window: 0 }, "quota: window must be longer than nothing, not 0"],
    [{ limit: 10, window: Duration.infinity }, "quota: window must be finite, not Duration(Infinity)"],
    [{ limit: 10, window: "1 second", jitter: -1 }, "quota: jitter must be a duration that is not negative, not -1"]
  ] as const)("refuses %j where it is made", (options, message) => {
    expect(() => RateLimit.quota(options)).toThrow(new RangeError(message))
  })
})

describe("instantly", () => {
  it.effect("is about 93 a second, and no window of a second or a minute holds more than the limit", () =>
    Effect.gen(function* () {
      const waits = yield* Schedule.run(
        Schedule.delays(RateLimit.instantly),
        0,
        Array.from({ length: 7000 }, () => nothingHeard)
      )
      const times = Chunk.toReadonlyArray(Chunk.map(waits, Duration.toMillis)).reduce<Array<number>>(
        (before, wait) => [...before.slice(-7000), (before.at(-1) ?? 0) + wait],
        [0]
      )
      const most = (window: number) =>
        Math.max(...times.map((at, index) => times.findLastIndex((later) => later <= at + window) - index + 1))
      expect(7000 / ((times.at(-1) ?? 0) / 1000)).toBeCloseTo(93.3, 1)
      // with the 50 ms by which latency may vary
      expect(most(1050)).toBeLessThanOrEqual(100)
      expect(most(60_050)).toBeLessThanOrEqual(6000)
    })
  )
})

describe("policies", () => {
  it.effect("any schedule is one: permits leave at its pace", () =>
    Effect.gen(function* () {
      expect(yield* releasedAt(Schedule.spaced("1 second"), 4)).toEqual([0, 1000, 2000, 3000])
      expect(yield* releasedAt(RateLimit.unlimited, 4)).toEqual([0, 0, 0, 0])
    })
  )

  it.effect("intersected, are at every moment the stricter of the two", () =>
    Effect.gen(function* () {
      const second = RateLimit.quota({ limit: 4, window: "1 second", burst: 2 })
      const minute = RateLimit.quota({ limit: 9, window: "1 minute", burst: 6 })
      // two at once, then by the second, and from the seventh on by the minute
      expect(yield* releasedAt(Schedule.intersect(second, minute), 9)).toEqual([
        0, 0, 500, 1000, 1500, 2000, 20_000, 40_000, 60_000
      ])
    })
  )

  it.effect("that end give no more permits: callers are refused, those waiting too", () =>
    Effect.gen(function* () {
      const rateLimit = yield* RateLimit.make(Schedule.spaced("1 second").pipe(Schedule.intersect(Schedule.recurs(1))))
      const waiting = yield* Effect.fork(Effect.replicateEffect(Effect.exit(rateLimit.acquire), 4, { concurrency: 4 }))
      yield* TestClock.adjust("1 second")
      const exits = yield* Fiber.join(waiting)
      expect(exits.map((exit) => Exit.isSuccess(exit))).toEqual([true, true, false, false])
      const refused = yield* Effect.flip(rateLimit.acquire)
      expect(refused).toBeInstanceOf(RateLimit.PermitRefused)
      expect(refused).toMatchObject({ _tag: "PermitRefused", message: expect.stringContaining("has ended") })
    }).pipe(Effect.scoped)
  )

  class MadeUpDefect extends Error {
    override readonly name = "MadeUpDefect"
  }

  it.effect.each<readonly [string, () => Effect.Effect<void>, ReadonlyArray<string>]>([
    [
      "die of an error",
      () => Effect.die(new MadeUpDefect("made-up detail")),
      ["The rate-limit policy died (MadeUpDefect): no more permits are given"]
    ],
    [
      "die of something else",
      () => Effect.die("made-up detail"),
      ["The rate-limit policy died (an unknown error): no more permits are given"]
    ],
    [
      "throw",
      () => {
        throw new MadeUpDefect("made-up detail")
      },
      ["The rate-limit policy died (MadeUpDefect): no more permits are given"]
    ],
    ["interrupt themselves", () => Effect.interrupt, []],
    [
      "interrupt the fiber that they run in",
      () => Effect.withFiberRuntime((fiber) => Effect.zipRight(Fiber.interruptFork(fiber), Effect.never)),
      []
    ]
  ])("that %s have ended, and the log names the class of a defect, once", ([, end, expected]) =>
    Effect.gen(function* () {
      const logged: Array<string> = []
      const logger = Logger.make(({ cause, logLevel, message }) => {
        if (LogLevel.greaterThan(logLevel, LogLevel.Debug)) logged.push(String(message))
        expect(String(cause)).not.toContain("made-up detail")
      })
      yield* Effect.gen(function* () {
        const rateLimit = yield* RateLimit.make(Schedule.tapInput(Schedule.spaced("1 second"), end))
        yield* rateLimit.acquire
        for (const exit of yield* Effect.replicateEffect(Effect.exit(rateLimit.acquire), 2)) {
          expect(exit).toEqual(Exit.fail(new RateLimit.PermitRefused()))
        }
      }).pipe(Effect.scoped, Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
      expect(logged).toEqual(expected)
    })
  )

  it.effect("whose next permit is at a time that is not a number have ended", () =>
    Effect.gen(function* () {
      const policy = Schedule.makeWithState(undefined, (_now, _heard: RateLimit.Heard, state) => {
        const never = ScheduleInterval.after(Number.NaN)
        return Effect.succeed([state, undefined, ScheduleDecision.continueWith(never)])
      })
      const rateLimit = yield* RateLimit.make(policy)
      yield* rateLimit.acquire
      expect(yield* Effect.exit(rateLimit.acquire)).toEqual(Exit.fail(new RateLimit.PermitRefused()))
    }).pipe(Effect.scoped)
  )

  it.effect("can need a service, which is taken where the gate is made", () =>
    Effect.gen(function* () {
      const counted = yield* Ref.make(0)
      const layer = RateLimit.layer(
        Schedule.spaced("1 second").pipe(Schedule.tapOutput(() => Ref.update(counted, (n) => n + 1)))
      )
      yield* inVirtualTime(
        Effect.flatMap(RateLimit.RateLimit, (rateLimit) => releases(rateLimit, 3)).pipe(Effect.provide(layer))
      )
      expect(yield* Ref.get(counted)).toBeGreaterThanOrEqual(2)
    })
  )
})

describe("RateLimit", () => {
  it.effect("gives an idle gate's permit at once", () =>
    Effect.gen(function* () {
      const rateLimit = yield* RateLimit.make(RateLimit.instantly)
      yield* TestClock.adjust("1 hour")
      const before = yield* Clock.currentTimeMillis
      yield* rateLimit.acquire
      expect(yield* Clock.currentTimeMillis).toBe(before)
    }).pipe(Effect.scoped)
  )

  it.effect("serves who comes first", () =>
    Effect.gen(function* () {
      const rateLimit = yield* RateLimit.make(Schedule.spaced("1 second"))
      const released = yield* inVirtualTime(releases(rateLimit, 100))
      expect(released.map(([caller]) => caller)).toEqual(Array.from({ length: 100 }, (_, index) => index))
    }).pipe(Effect.scoped)
  )

  it.effect("gives the place of a caller that is interrupted to the next, and no permit with it", () =>
    Effect.gen(function* () {
      const rateLimit = yield* RateLimit.make(Schedule.spaced("10 seconds"))
      yield* rateLimit.acquire
      const first = yield* Effect.fork(rateLimit.acquire)
      const second = yield* Effect.fork(Effect.zipRight(rateLimit.acquire, Clock.currentTimeMillis))
      const third = yield* Effect.fork(Effect.zipRight(rateLimit.acquire, Clock.currentTimeMillis))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("1 hour")
      expect(yield* Fiber.join(second)).toBe(10_000)
      expect(yield* Fiber.join(third)).toBe(20_000)
    }).pipe(Effect.scoped)
  )

  it.effect("gives nobody a permit while it is paused, and then goes on in order at its pace", () =>
    Effect.gen(function* () {
      const rateLimit = yield* RateLimit.make(RateLimit.quota({ limit: 3, window: "2 seconds" }))
      const waiting = yield* Effect.fork(releases(rateLimit, 4))
      yield* TestClock.adjust("500 millis")
      yield* rateLimit.pause("10 seconds")
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(waiting)).toEqual([
        [0, 0],
        [1, 10_500],
        [2, 11_500],
        [3, 12_500]
      ])
    }).pipe(Effect.scoped)
  )

  it.effect("of several pauses keeps the one that ends last, and none that is longer than the longest", () =>
    Effect.gen(function* () {
      const rateLimit = yield* RateLimit.make(RateLimit.unlimited, { maxPause: "30 seconds" })
      yield* rateLimit.pause("20 seconds")
      yield* rateLimit.pause("5 seconds")
      expect(yield* inVirtualTime(releases(rateLimit, 1), "1 minute")).toEqual([[0, 20_000]])
      yield* rateLimit.pause("1 day")
      const before = yield* Clock.currentTimeMillis
      expect(yield* inVirtualTime(releases(rateLimit, 1), "1 minute")).toEqual([[0, before + 30_000]])
      yield* rateLimit.pause(Duration.infinity)
      const again = yield* Clock.currentTimeMillis
      expect(yield* inVirtualTime(releases(rateLimit, 1), "1 minute")).toEqual([[0, again + 30_000]])
    }).pipe(Effect.scoped)
  )

  it.effect("lets a pause grow while callers wait it out", () =>
    Effect.gen(function* () {
      const rateLimit = yield* RateLimit.make(RateLimit.unlimited)
      yield* rateLimit.pause("2 seconds")
      const waiting = yield* Effect.fork(releases(rateLimit, 1))
      yield* TestClock.adjust("1 second")
      yield* rateLimit.pause("5 seconds")
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(waiting)).toEqual([[0, 6000]])
    }).pipe(Effect.scoped)
  )

  it.effect("does not care how the wall clock is set, forward or back", () =>
    Effect.gen(function* () {
      const clock = yield* Effect.clock
      for (const by of [5000, 3_600_000, -3_600_000]) {
        const offset = yield* Ref.make(0)
        const wallClock: Clock.Clock = Object.assign(Object.create(clock), {
          currentTimeMillis: Effect.zipWith(clock.currentTimeMillis, Ref.get(offset), (now, by) => now + by)
        })
        yield* Effect.gen(function* () {
          const rateLimit = yield* RateLimit.make(RateLimit.quota({ limit: 100, window: "1 second", burst: 50 }))
          const waited = inVirtualTime(
            Effect.gen(function* () {
              const since = yield* clock.currentTimeMillis
              yield* rateLimit.acquire
              return (yield* clock.currentTimeMillis) - since
            })
          )
          yield* Effect.replicateEffect(rateLimit.acquire, 50)
          yield* Ref.set(offset, by)
          expect(yield* waited).toBe(20)
          yield* rateLimit.pause("1 second")
          yield* Ref.set(offset, -by)
          expect(yield* waited).toBe(1000)
        }).pipe(Effect.scoped, Effect.withClock(wallClock))
      }
    })
  )

  it.effect("interrupts those who wait, and those who come, when its scope ends", () =>
    Effect.gen(function* () {
      for (const paused of [true, false]) {
        const scope = yield* Scope.make()
        const rateLimit = yield* Scope.extend(RateLimit.make(Schedule.spaced("1 hour")), scope)
        if (paused) yield* rateLimit.pause("1 minute")
        else yield* rateLimit.acquire
        const waiting = yield* Effect.forkAll(Array.from({ length: 3 }, () => Effect.exit(rateLimit.acquire)))
        yield* TestClock.adjust("1 second")
        yield* Scope.close(scope, Exit.void)
        expect((yield* Fiber.join(waiting)).map(Exit.isInterrupted)).toEqual([true, true, true])
        expect(Exit.isInterrupted(yield* Effect.exit(rateLimit.acquire))).toBe(true)
      }
    })
  )

  it.effect("is one gate for all that share its layer", () =>
    Effect.gen(function* () {
      const gate = RateLimit.layer(Schedule.spaced("1 second"))
      const both = Layer.provideMerge(
        Layer.effectDiscard(Effect.flatMap(RateLimit.RateLimit, ({ acquire }) => acquire)),
        gate
      )
      const times = yield* inVirtualTime(
        Effect.flatMap(RateLimit.RateLimit, (rateLimit) => releases(rateLimit, 1)).pipe(Effect.provide(both))
      )
      expect(times).toEqual([[0, 1000]])
    })
  )

  it("refuses a pause that has no end where it is made", () => {
    expect(() => RateLimit.make(RateLimit.unlimited, { maxPause: Duration.infinity })).toThrow(
      new RangeError("RateLimit: maxPause must be finite, not Duration(Infinity)")
    )
  })
})

describe("a scope that ends", () => {
  it.live("in the very moment in which a caller's turn comes leaves nobody waiting", () =>
    Effect.gen(function* () {
      for (const callers of [1, 2, 3, 50]) {
        const scope = yield* Scope.make()
        const rateLimit = yield* Scope.extend(RateLimit.make(RateLimit.unlimited), scope)
        yield* Effect.sleep("1 millis")
        const waiting = yield* Effect.forkAll(Array.from({ length: callers }, () => Effect.exit(rateLimit.acquire)))
        yield* Effect.fork(Scope.close(scope, Exit.void))
        const exits = yield* Effect.timeout(Fiber.join(waiting), "5 seconds")
        expect(exits).toHaveLength(callers)
      }
    })
  )

  it.live("ends also where the gate was made uninterruptibly", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const rateLimit = yield* Effect.uninterruptible(Scope.extend(RateLimit.make(RateLimit.instantly), scope))
      yield* rateLimit.acquire
      yield* rateLimit.pause("1 minute")
      yield* Effect.timeout(Effect.disconnect(Scope.close(scope, Exit.void)), "5 seconds")
    })
  )
})
