import { describe, expect, it } from "@effect/vitest"
import {
  Clock,
  Duration,
  Effect,
  Exit,
  Fiber,
  Logger,
  LogLevel,
  Metric,
  Option,
  Schedule,
  Scope,
  TestClock
} from "effect"
import { RateLimit } from "effect-instantly"
import * as RedisRateLimit from "effect-instantly/RedisRateLimit"
import * as Telemetry from "../src/RateLimit/telemetry.js"
import * as RedisModel from "./support/redisModel.js"
import { inVirtualTime } from "./support/virtual.js"

/** One every 10 milliseconds, and no burst. */
const quotas: ReadonlyArray<RateLimit.QuotaOptions> = [{ limit: 101, window: "1 second" }]

/** When the first permit comes: Redis knows nothing, and what was booked before may be used for 500 milliseconds. */
const first = 510

type Options = Partial<RedisRateLimit.Options>

const process = (evaluate: RedisRateLimit.Evaluate, options: Options = {}) =>
  RedisRateLimit.make({ workspace: "made-up", evaluate, quotas, lateness: 0, ...options })

/** When as many callers who come at once are released, in their order. */
const releases = (gate: RateLimit.Service, callers: number) =>
  Effect.forEach(Array.from({ length: callers }), () => Effect.zipRight(gate.acquire, Clock.currentTimeMillis), {
    concurrency: "unbounded"
  })

const every = (interval: number, from: number, count: number) =>
  Array.from({ length: count }, (_, index) => from + index * interval)

const throttled = (retryAfter?: Duration.DurationInput) => ({
  status: 429,
  retryAfter: Option.map(Option.fromNullable(retryAfter), Duration.decode)
})

const warnings = (logged: Array<string>) =>
  Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ logLevel, message }) => {
      if (LogLevel.greaterThanEqual(logLevel, LogLevel.Warning)) logged.push(String(message))
    })
  )

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
      const slow = { limit: 5, window: "1 second", burst: 4 } as const
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
      yield* inVirtualTime(gate.acquire, "10 seconds")
      // for the time; for the slot; and because that is further ahead than a reply is relied on
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
      const gate = yield* process(evaluate, { lateness: "25 millis" })
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

  it.scoped("is given by no slot that Redis has not confirmed of late", () =>
    Effect.gen(function* () {
      const { evaluate, flush } = yield* RedisModel.connect
      const [one, other] = [yield* process(evaluate), yield* process(evaluate)]
      yield* one.pause("5 seconds")
      yield* TestClock.adjust("1 second")
      const distant = yield* Effect.fork(releases(other, 1))
      yield* TestClock.adjust("1 second")
      flush()
      yield* TestClock.adjust("1 minute")
      // it asks half of the timeout before its slot, and learns that the slot is void
      expect(yield* Fiber.join(distant)).toEqual([4750 + first])
    })
  )

  it.scoped("also waits for the process's own policy, which ends for its callers alone", () =>
    Effect.gen(function* () {
      const { commands, evaluate } = yield* RedisModel.connect
      const policy = Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(2))
      const [slow, quick] = [yield* process(evaluate, { policy }), yield* process(evaluate)]
      expect(yield* inVirtualTime(releases(slow, 3))).toEqual(every(1000, first, 3))
      // three before the first permit; from then on the policy asks for waits, and nothing is booked ahead
      expect(commands).toHaveLength(5)
      expect(yield* Effect.flip(slow.acquire)).toBeInstanceOf(RateLimit.PermitRefused)
      yield* inVirtualTime(quick.acquire)
    })
  )

  it.effect("is given to nobody once the scope has ended", () =>
    Effect.gen(function* () {
      const { commands, evaluate } = yield* RedisModel.connect
      const scope = yield* Scope.make()
      const gate = yield* Scope.extend(process(evaluate), scope)
      const waiting = yield* Effect.fork(gate.acquire)
      yield* TestClock.adjust("100 millis")
      yield* Scope.close(scope, Exit.void)
      expect(Exit.isInterrupted(yield* Fiber.await(waiting))).toBe(true)
      const sent = commands.length
      yield* TestClock.adjust("1 minute")
      expect(commands).toHaveLength(sent)
    })
  )
})

describe("a pause", () => {
  /** The permits of one process, in a minute, after another has heard of a response. */
  const afterHearing = (
    response: Parameters<RateLimit.Service["heard"]>[0],
    options: Options = {},
    hear = (gate: RateLimit.Service) => gate.heard(response)
  ) =>
    Effect.gen(function* () {
      const { evaluate } = yield* RedisModel.connect
      const [one, other] = [yield* process(evaluate, options), yield* process(evaluate, options)]
      yield* inVirtualTime(Effect.all([one.acquire, other.acquire], { concurrency: 2 }), "1 second")
      const begun = yield* Clock.currentTimeMillis
      const waiting = yield* Effect.fork(releases(other, 4))
      yield* TestClock.adjust("1 milli")
      yield* hear(one)
      yield* TestClock.adjust("1 hour")
      return (yield* Fiber.join(waiting)).map((at) => at - begun)
    }).pipe(Effect.scoped)

  it.effect("of one process closes the gate of another, but for the slots that it learns too late of", () =>
    Effect.gen(function* () {
      expect(yield* afterHearing(throttled("3 seconds"))).toEqual([0, 10, 3001, 3011])
    })
  )

  it.effect("is as long as a 429 asks, else as long as rest says, and at most maxPause", () =>
    Effect.gen(function* () {
      expect(yield* afterHearing(throttled(), { rest: "2 seconds" })).toEqual([0, 10, 2001, 2011])
      expect(yield* afterHearing(throttled(), { rest: 0 })).toEqual([0, 10, 20, 30])
      expect(yield* afterHearing(throttled("1 hour"), { maxPause: "4 seconds" })).toEqual([0, 10, 4001, 4011])
      expect(yield* afterHearing({ status: 503, retryAfter: Option.some(Duration.seconds(5)) })).toEqual([
        0, 10, 20, 30
      ])
    })
  )

  it.effect("that is shorter than another changes nothing", () =>
    Effect.gen(function* () {
      const hear = (gate: RateLimit.Service) => Effect.zipRight(gate.pause("3 seconds"), gate.pause("1 second"))
      expect(yield* afterHearing(throttled(), {}, hear)).toEqual([0, 10, 3001, 3011])
    })
  )

  it.scoped("holds in its own process at once, and also while Redis does not respond", () =>
    Effect.gen(function* () {
      const { evaluate, onTheWay } = yield* RedisModel.connect
      const gate = yield* process(evaluate)
      yield* inVirtualTime(gate.acquire, "1 second")
      const waiting = yield* Effect.fork(releases(gate, 2))
      yield* gate.pause("3 seconds")
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
      yield* one.pause("3 seconds")
      yield* TestClock.adjust("1 second")
      onTheWay(Effect.void)
      yield* TestClock.adjust("500 millis")
      expect(yield* inVirtualTime(releases(other, 2))).toEqual([4000, 4010])
    })
  )
})

describe("what is seen of it", () => {
  it.scoped("is what is seen of any gate", () =>
    Effect.gen(function* () {
      const { evaluate } = yield* RedisModel.connect
      const gate = yield* process(evaluate)
      const read = Effect.all({
        waits: Metric.value(Telemetry.permitWait),
        queued: Metric.value(Telemetry.queued),
        pauses: Metric.value(Telemetry.pauses)
      })
      yield* inVirtualTime(gate.acquire, "1 second")
      const before = yield* read
      const waiting = yield* Effect.fork(releases(gate, 3))
      yield* gate.pause("1 second")
      yield* TestClock.adjust("1 milli")
      expect((yield* read).queued.value - before.queued.value).toBe(3)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(waiting)
      const after = yield* read
      expect(after.waits.count - before.waits.count).toBe(3)
      expect(after.queued.value).toBe(before.queued.value)
      expect(after.pauses.count - before.pauses.count).toBe(1)
    })
  )
})

describe("a client of Redis", () => {
  const never = new Promise<unknown>(() => undefined)
  const secret = "redis://user:made-up-secret@redis.example"
  const broken: ReadonlyArray<readonly [what: string, evaluate: RedisRateLimit.Evaluate, named: string]> = [
    [
      "throws",
      () => {
        throw new TypeError(secret)
      },
      "TypeError"
    ],
    ["rejects", () => Promise.reject(new RangeError(secret)), "RangeError"],
    ["rejects with a text", () => Promise.reject(secret), "an unknown error"],
    ["never settles", () => never, "TimeoutException"],
    ["responds with a text", () => Promise.resolve(secret), "ParseError"],
    ["responds with no numbers", () => Promise.resolve([secret, secret]), "ParseError"],
    ["responds with nothing", () => Promise.resolve(undefined), "ParseError"],
    ["responds with a slot of the past", () => Promise.resolve([2_000_000, 1, 1_000_000]), "UselessReply"],
    ["responds that it was too late", () => Promise.resolve([2_000_000]), "UselessReply"]
  ]

  it.scoped.each(broken)("that %s gives nobody a permit, and is warned of once, by name", ([, evaluate, named]) =>
    Effect.gen(function* () {
      const redis = yield* RedisModel.connect
      const logged: Array<string> = []
      let isBroken = true
      const gate = yield* process((...command) => (isBroken ? evaluate(...command) : redis.evaluate(...command))).pipe(
        Effect.provide(warnings(logged))
      )
      const waiting = yield* Effect.fork(releases(gate, 2))
      yield* TestClock.adjust("2 seconds")
      expect(yield* Fiber.poll(waiting)).toEqual(Option.none())
      expect(logged).toEqual([`Redis did not respond (${named}): no permits are given until it does`])
      isBroken = false
      yield* TestClock.adjust("2 seconds")
      expect((yield* Fiber.join(waiting))[0]).toBeLessThanOrEqual(2000 + 600 + first)
      expect(logged).toHaveLength(1)
    })
  )

  it.scoped("that is back does not book what was sent in the meantime", () =>
    Effect.gen(function* () {
      const { commands, evaluate, onTheWay, run } = yield* RedisModel.connect
      const gate = yield* process(evaluate)
      yield* inVirtualTime(gate.acquire, "1 second")
      onTheWay(Effect.never)
      const waiting = yield* Effect.fork(releases(gate, 2))
      yield* TestClock.adjust("10 seconds")
      const kept = commands.slice(1)
      expect(kept.length).toBeGreaterThan(10)
      // all but the one that its sender still waits for
      for (const args of kept.slice(0, -1)) expect(run(args)).toHaveLength(1)
      onTheWay(Effect.void)
      yield* TestClock.adjust("1 second")
      const [one = 0, two = 0] = yield* Fiber.join(waiting)
      expect(one).toBeLessThanOrEqual(11_600)
      expect(two - one).toBe(10)
    })
  )

  it.scoped("that is away from the start is asked for nothing but its time", () =>
    Effect.gen(function* () {
      const { commands, evaluate, onTheWay, run } = yield* RedisModel.connect
      onTheWay(Effect.never)
      const gate = yield* process(evaluate)
      yield* gate.pause("5 seconds")
      yield* Effect.fork(releases(gate, 2))
      yield* TestClock.adjust("10 seconds")
      expect(commands.length).toBeGreaterThan(10)
      // it keeps them until it is back
      for (const args of commands) run(args)
      onTheWay(Effect.void)
      const other = yield* process(evaluate)
      expect((yield* inVirtualTime(releases(other, 1), "5 seconds"))[0]).toBeLessThan(10_000 + 2 * first)
    })
  )

  it.scoped("that is away leaves it to whileAway, until it is back", () =>
    Effect.gen(function* () {
      const { evaluate, onTheWay } = yield* RedisModel.connect
      const logged: Array<string> = []
      const gate = yield* process(evaluate, { whileAway: Schedule.spaced("300 millis") }).pipe(
        Effect.provide(warnings(logged))
      )
      onTheWay(Effect.fail(new Error("lost")))
      const away = yield* inVirtualTime(releases(gate, 3), "2 seconds")
      expect(away).toEqual([300, 600, 900])
      expect(logged).toEqual(["Redis did not respond (Error): this process follows whileAway until it does"])
      onTheWay(Effect.void)
      yield* TestClock.adjust("2 seconds")
      expect(yield* inVirtualTime(releases(gate, 2))).toEqual([4000, 4010])
    })
  )

  it.scoped("that is away when whileAway has ended is waited for", () =>
    Effect.gen(function* () {
      const { evaluate, onTheWay } = yield* RedisModel.connect
      const gate = yield* process(evaluate, { whileAway: Schedule.recurs(1) })
      onTheWay(Effect.fail(new Error("lost")))
      const waiting = yield* Effect.fork(releases(gate, 2))
      yield* TestClock.adjust("2 seconds")
      expect(yield* Fiber.poll(waiting)).toEqual(Option.none())
      onTheWay(Effect.void)
      yield* TestClock.adjust("2 seconds")
      expect((yield* Fiber.join(waiting))[0]).toBe(0)
    })
  )
})

describe("Redis", () => {
  const spacing = 50

  /** When two processes send, while something happens to Redis after a second. */
  const while_ = (happens: (redis: Effect.Effect.Success<typeof RedisModel.connect>) => void) =>
    Effect.gen(function* () {
      const redis = yield* RedisModel.connect
      const times: Array<number> = []
      const gates = yield* Effect.replicateEffect(
        process(redis.evaluate, { quotas: [{ limit: 21, window: "1 second" }] }),
        2
      )
      for (const gate of gates) {
        yield* gate.acquire.pipe(
          Effect.zipRight(Clock.currentTimeMillis),
          Effect.tap((now) => Effect.sync(() => times.push(now))),
          Effect.forever,
          Effect.forkScoped
        )
      }
      yield* TestClock.adjust("1 second")
      happens(redis)
      yield* TestClock.adjust("2 seconds")
      return times
    }).pipe(Effect.scoped)

  const gaps = (times: ReadonlyArray<number>) => times.slice(1).map((at, index) => at - (times[index] ?? 0))

  it.effect("that lost its data waits until nobody uses what was booked before", () =>
    Effect.gen(function* () {
      const times = yield* while_(({ flush }) => flush())
      expect(Math.min(...gaps(times))).toBe(spacing)
      expect(Math.max(...gaps(times))).toBeLessThanOrEqual(500 + 2 * spacing)
    })
  )

  it.effect("whose clock is set back goes on as before", () =>
    Effect.gen(function* () {
      const times = yield* while_(({ setClock }) => setClock(-3_600_000))
      // how long it is since the script last ran, and so the moment, is lost
      expect(Math.min(...gaps(times))).toBe(spacing)
      expect(Math.max(...gaps(times))).toBeLessThanOrEqual(2 * spacing)
    })
  )

  it.effect.each([
    ["the way to it becomes longer", 1, 0],
    ["the clock of another is behind, and the way to it is long", 30, -50]
  ] as const)("gives permits also where %s", ([, before, setBy]) =>
    Effect.gen(function* () {
      const { evaluate, onTheWay, setClock } = yield* RedisModel.connect
      onTheWay(Effect.sleep(before))
      const gate = yield* process(evaluate, { lateness: "25 millis" })
      yield* inVirtualTime(releases(gate, 2), "10 seconds")
      onTheWay(Effect.sleep("30 millis"))
      setClock(setBy)
      // two slots that are late, three looks at the clock, and a slot
      expect(yield* inVirtualTime(releases(gate, 1))).toEqual([10_000 + 6 * 60])
    }).pipe(Effect.scoped)
  )

  it.effect("whose clock is set forward goes on, too", () =>
    Effect.gen(function* () {
      const times = yield* while_(({ setClock }) => setClock(3_600_000))
      expect(Math.max(...gaps(times))).toBeLessThanOrEqual(100 + 2 * spacing)
    })
  )
})

describe("parameters", () => {
  const evaluate = () => Promise.resolve([])
  const wrong: ReadonlyArray<readonly [what: string, options: Options]> = [
    ["workspace", { workspace: "" }],
    ["ahead", { ahead: 0 }],
    ["ahead", { ahead: 1.5 }],
    ["lateness", { lateness: -1 }],
    ["timeout", { timeout: 0 }],
    ["maxPause", { maxPause: Duration.infinity }],
    ["rest", { rest: -1 }],
    ["quota: limit", { quotas: [{ limit: 0, window: "1 second" }] }]
  ]
  it.each(wrong)("%s out of bounds is refused", (what, options) => {
    expect(() => process(evaluate, options)).toThrow(RangeError)
    expect(() => process(evaluate, options)).toThrow(what)
  })
})
