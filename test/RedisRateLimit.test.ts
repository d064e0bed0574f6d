import { describe, expect, it } from "@effect/vitest"
import { Clock, Duration, Effect, Exit, Fiber, Metric, Option, Schedule, Scope, TestClock } from "effect"
import { RateLimit } from "effect-instantly"
import type * as RedisRateLimit from "effect-instantly/RedisRateLimit"
import * as Telemetry from "../src/RateLimit/telemetry.js"
import { every, first, process, quotas, releases } from "./support/redisGates.js"
import * as RedisModel from "./support/redisModel.js"
import { inVirtualTime } from "./support/virtual.js"

type Options = Partial<RedisRateLimit.Options>

const throttled = (retryAfter?: Duration.DurationInput) => ({
  status: 429,
  retryAfter: Option.map(Option.fromNullable(retryAfter), Duration.decode)
})

describe("a permit", () => {
  it.scoped("comes at the pace of the quotas, first come, first served", () =>
    Effect.gen(function* () {
      const { evaluate } = yield* RedisModel.connect
      const gate = yield* process(evaluate)
      expect(yield* inVirtualTime(releases(gate, 10))).toEqual(every(10, first, 10))
    })
  )

  it.scoped("comes by the strictest of several quotas", () =>
    Effect.gen(function* () {
      const { evaluate } = yield* RedisModel.connect
      const slow = { limit: 5, window: "975 millis", burst: 4 } as const
      const gate = yield* process(evaluate, { quotas: [...quotas, slow] })
      yield* inVirtualTime(releases(gate, 1), "1 minute")
      expect(yield* inVirtualTime(releases(gate, 6))).toEqual([...every(10, 60_000, 4), 61_000, 62_000])
    })
  )

  it.scoped("is for one process where several share a workspace, in turn", () =>
    Effect.gen(function* () {
      const { evaluate } = yield* RedisModel.connect
      const gates = yield* Effect.replicateEffect(process(evaluate), 3)
      const released = yield* inVirtualTime(
        Effect.forEach(gates, (gate) => releases(gate, 8), { concurrency: "unbounded" })
      )
      expect(released.flat().sort((a, b) => a - b)).toEqual(every(10, first, 24))
      for (const times of released) expect(times.at(-1)).toBeGreaterThan(first + 180)
    })
  )

  it.scoped("of another workspace is none of this one's", () =>
    Effect.gen(function* () {
      const keys = new Set<string>()
      const { evaluate } = yield* RedisModel.connect
      const gate = yield* process((script, names, args) => {
        names.forEach((name) => keys.add(name))
        return evaluate(script, names, args)
      })
      yield* inVirtualTime(releases(gate, 1))
      expect([...keys]).toEqual(["effect-instantly:{made-up}"])
    })
  )

  it.scoped("does not wait for a round trip, once slots are booked ahead", () =>
    Effect.gen(function* () {
      const { commands, evaluate, onTheWay } = yield* RedisModel.connect
      onTheWay(Effect.sleep("5 millis"))
      const gate = yield* process(evaluate)
      yield* inVirtualTime(gate.acquire)
      const before = commands.length
      const times = yield* inVirtualTime(releases(gate, 20))
      expect(times).toEqual(every(10, times[0] ?? Number.NaN, 20))
      expect(commands.length - before).toBeLessThanOrEqual(20)
    })
  )

  it.scoped("costs nothing in Redis while nobody wants one", () =>
    Effect.gen(function* () {
      const { commands, evaluate } = yield* RedisModel.connect
      const gate = yield* process(evaluate)
      yield* TestClock.adjust("10 seconds")
      expect(commands).toHaveLength(0)
      yield* inVirtualTime(gate.acquire, "10 seconds")
      // for the time; for the slot; and because that is further ahead than a reply is valid
      expect(commands).toHaveLength(3)
      for (const _ of [1, 2, 3]) yield* inVirtualTime(gate.acquire, "10 seconds")
      expect(commands).toHaveLength(6)
    })
  )

  it.scoped("goes to the next in line if its caller is interrupted", () =>
    Effect.gen(function* () {
      const { evaluate } = yield* RedisModel.connect
      const gate = yield* process(evaluate)
      const waiting = yield* Effect.fork(gate.acquire)
      const next = yield* Effect.fork(releases(gate, 2))
      yield* TestClock.adjust(first - 1)
      yield* Fiber.interrupt(waiting)
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(next)).toEqual([first, first + 10])
    })
  )

  it.scoped("is booked anew if its slot is late, and the slot is nobody's", () =>
    Effect.gen(function* () {
      const { commands, evaluate, onTheWay } = yield* RedisModel.connect
      const gate = yield* process(evaluate)
      yield* inVirtualTime(releases(gate, 1), "1 second")
      const sent = commands.length
      // the reply takes longer than any before it
      onTheWay(Effect.sleep("30 millis"))
      const late = yield* Effect.fork(releases(gate, 1))
      yield* TestClock.adjust("59 millis")
      onTheWay(Effect.void)
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(late)).toEqual([1060])
      expect(commands.length - sent).toBe(2)
    })
  )

  it.scoped("is booked anew if its process was too busy for its caller to go on in time", () =>
    Effect.gen(function* () {
      const { commands, evaluate } = yield* RedisModel.connect
      const clock = yield* Effect.clock
      let busy = 0n
      const slowed: Clock.Clock = {
        [Clock.ClockTypeId]: Clock.ClockTypeId,
        unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis(),
        unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos() + busy,
        currentTimeMillis: clock.currentTimeMillis,
        currentTimeNanos: Effect.map(clock.currentTimeNanos, (nanos) => nanos + busy),
        sleep: (duration) => clock.sleep(duration)
      }
      // it is stepped after the first caller was released, and before that caller goes on
      const policy = Schedule.tapOutput(Schedule.forever, (steps) =>
        Effect.sync(() => {
          if (steps === 0) busy = 26_000_000n
        })
      )
      const gate = yield* Effect.withClock(process(evaluate, { policy }), slowed)
      expect(yield* inVirtualTime(releases(gate, 1))).toEqual([first + 10])
      expect(commands).toHaveLength(4)
    })
  )

  it.scoped("is given by no slot that Redis has not confirmed of late", () =>
    Effect.gen(function* () {
      const { evaluate, flush } = yield* RedisModel.connect
      const [one, other] = [yield* process(evaluate), yield* process(evaluate)]
      yield* one.observe(throttled("5 seconds"))
      yield* TestClock.adjust("1 second")
      const distant = yield* Effect.fork(releases(other, 1))
      yield* TestClock.adjust("1 second")
      flush()
      yield* TestClock.adjust("1 minute")
      // it asks half a timeout before its slot, and learns that the slot is void
      expect(yield* Fiber.join(distant)).toEqual([4750 + first])
    })
  )

  it.scoped("also waits for the process's own policy, which ends for its callers alone", () =>
    Effect.gen(function* () {
      const { commands, evaluate } = yield* RedisModel.connect
      const policy = Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(2))
      const [slow, quick] = [yield* process(evaluate, { policy }), yield* process(evaluate)]
      expect(yield* inVirtualTime(releases(slow, 3))).toEqual(every(1000, first, 3))
      // for the time, for slots, and to confirm the first; from then on the policy asks for waits, and none is booked ahead
      expect(commands.map(([, slots]) => slots)).toEqual(["0", "2", "0", "1", "1"])
      expect(yield* Effect.flip(slow.acquire)).toBeInstanceOf(RateLimit.PermitRefused)
      yield* inVirtualTime(quick.acquire)
    })
  )

  it.effect("is refused once the scope has ended, also to those who wait", () =>
    Effect.gen(function* () {
      const { commands, evaluate } = yield* RedisModel.connect
      const scope = yield* Scope.make()
      const gate = yield* Scope.extend(process(evaluate), scope)
      const waiting = yield* Effect.fork(Effect.flip(gate.acquire))
      yield* TestClock.adjust("100 millis")
      yield* Scope.close(scope, Exit.void)
      for (const refused of [yield* Fiber.join(waiting), yield* Effect.flip(gate.acquire)]) {
        expect(refused).toBeInstanceOf(RateLimit.PermitRefused)
        expect(refused.message).toContain("the gate has closed")
      }
      const sent = commands.length
      yield* TestClock.adjust("1 minute")
      expect(commands).toHaveLength(sent)
    })
  )
})

describe("a 429", () => {
  /** The permits of one process, in an hour, after another has observed responses. */
  const afterResponses = (...responses: ReadonlyArray<Parameters<RateLimit.Service["observe"]>[0]>) =>
    afterResponsesOf({}, ...responses)

  const afterResponsesOf = (
    options: Options,
    ...responses: ReadonlyArray<Parameters<RateLimit.Service["observe"]>[0]>
  ) =>
    Effect.gen(function* () {
      const { evaluate } = yield* RedisModel.connect
      const [one, other] = [yield* process(evaluate, options), yield* process(evaluate, options)]
      yield* inVirtualTime(Effect.all([one.acquire, other.acquire], { concurrency: 2 }), "1 second")
      const begun = yield* Clock.currentTimeMillis
      const waiting = yield* Effect.fork(releases(other, 4))
      yield* TestClock.adjust("1 milli")
      yield* Effect.forEach(responses, one.observe)
      yield* TestClock.adjust("1 hour")
      return (yield* Fiber.join(waiting)).map((at) => at - begun)
    }).pipe(Effect.scoped)

  it.effect("in one process closes the gate of another, but for the slots that it learns too late of", () =>
    Effect.gen(function* () {
      expect(yield* afterResponses(throttled("3 seconds"))).toEqual([0, 10, 3001, 3011])
    })
  )

  it.effect("closes the gate for the time that it names, at most maxPause, and the longest counts", () =>
    Effect.gen(function* () {
      expect(yield* afterResponsesOf({ maxPause: "4 seconds" }, throttled("1 hour"))).toEqual([0, 10, 4001, 4011])
      expect(yield* afterResponses(throttled("3 seconds"), throttled("1 second"))).toEqual([0, 10, 3001, 3011])
      expect(yield* afterResponses(throttled("1 second"), throttled("3 seconds"))).toEqual([0, 10, 3001, 3011])
    })
  )

  it.effect("that names no time closes no other gate, and nor does another status", () =>
    Effect.gen(function* () {
      expect(yield* afterResponses(throttled())).toEqual([0, 10, 20, 30])
      expect(yield* afterResponses({ status: 503, retryAfter: Option.some(Duration.seconds(5)) })).toEqual([
        0, 10, 20, 30
      ])
    })
  )

  it.scoped.each([
    ["by default", {}, true],
    ["as yields says", { yields: { max: 50, factor: 0.5 } }, true],
    ["but not with yields: false", { yields: false }, false]
  ] as const)("that names no time slows down its own process, %s", ([, options, isSlower]) =>
    Effect.gen(function* () {
      const { evaluate } = yield* RedisModel.connect
      const gate = yield* process(evaluate, options)
      yield* inVirtualTime(gate.acquire, "1 second")
      yield* gate.observe(throttled())
      const [one = 0, two = 0] = yield* inVirtualTime(releases(gate, 2))
      expect(two - one > 10).toBe(isSlower)
    })
  )

  it.scoped("closes its own process's gate at once, and also while Redis does not respond", () =>
    Effect.gen(function* () {
      const { evaluate, onTheWay } = yield* RedisModel.connect
      const gate = yield* process(evaluate, { yields: false })
      yield* inVirtualTime(gate.acquire, "1 second")
      const waiting = yield* Effect.fork(releases(gate, 2))
      yield* gate.observe(throttled("3 seconds"))
      onTheWay(Effect.fail("lost"))
      yield* TestClock.adjust("2 seconds")
      onTheWay(Effect.void)
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(waiting)).toEqual([4000, 4010])
    })
  )

  it.scoped("reaches Redis once Redis is back, for as long as it still lasts", () =>
    Effect.gen(function* () {
      const { evaluate, onTheWay } = yield* RedisModel.connect
      const [one, other] = [yield* process(evaluate), yield* process(evaluate)]
      yield* inVirtualTime(Effect.all([one.acquire, other.acquire], { concurrency: 2 }), "1 second")
      onTheWay(Effect.fail("lost"))
      yield* one.observe(throttled("3 seconds"))
      yield* TestClock.adjust("1 second")
      onTheWay(Effect.void)
      yield* TestClock.adjust("500 millis")
      expect(yield* inVirtualTime(releases(other, 2))).toEqual([4000, 4010])
    })
  )
})

describe("what is seen of it", () => {
  it.scoped("is what is seen of any gate, and nothing before somebody wants a permit", () =>
    Effect.gen(function* () {
      const { evaluate } = yield* RedisModel.connect
      const read = Effect.all({
        waits: Metric.value(Telemetry.permitWait),
        queued: Metric.value(Telemetry.queued),
        pauses: Metric.value(Telemetry.pauses)
      })
      const before = yield* read
      const gate = yield* process(evaluate)
      yield* TestClock.adjust("1 second")
      expect(yield* read).toEqual(before)
      yield* inVirtualTime(gate.acquire, "1 second")
      const waiting = yield* Effect.fork(releases(gate, 3))
      yield* gate.observe(throttled("1 second"))
      yield* TestClock.adjust("1 milli")
      expect((yield* read).queued.value - before.queued.value).toBe(3)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(waiting)
      const after = yield* read
      expect(after.waits.count - before.waits.count).toBe(4)
      expect(after.queued.value).toBe(before.queued.value)
      expect(after.pauses.count - before.pauses.count).toBe(1)
    })
  )
})

describe("parameters", () => {
  const evaluate = () => Promise.resolve([])
  const wrong: ReadonlyArray<readonly [what: string, options: Options]> = [
    ["workspace", { workspace: "" }],
    ["maxPause", { maxPause: Duration.infinity }],
    ["adaptive: factor", { yields: { factor: 2 } }],
    ["quota: limit", { quotas: [{ limit: 0, window: "1 second" }] }]
  ]
  it.each(wrong)("%s out of bounds is refused", (what, options) => {
    expect(() => process(evaluate, options)).toThrow(RangeError)
    expect(() => process(evaluate, options)).toThrow(what)
  })
})
