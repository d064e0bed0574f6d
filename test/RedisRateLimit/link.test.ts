/** What the app's client of Redis does, and what a gate makes of it. */
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Option, Schedule, TestClock } from "effect"
import type * as RedisRateLimit from "effect-instantly/RedisRateLimit"
import { logsTo } from "../support/logs.js"
import { every, first, process, releases } from "../support/redisGates.js"
import * as RedisModel from "../support/redisModel.js"
import { inVirtualTime } from "../support/virtual.js"

const never = new Promise<unknown>(() => undefined)
const secret = "redis://user:made-up-secret@redis.example"
const notTheScripts = "the reply is not the script's list of integers"

const broken: ReadonlyArray<readonly [what: string, evaluate: RedisRateLimit.Evaluate, reason: string]> = [
  [
    "throws",
    () => {
      throw new TypeError(secret)
    },
    "evaluate failed: TypeError"
  ],
  ["rejects", () => Promise.reject(new RangeError(secret)), "evaluate failed: RangeError"],
  ["rejects with a text", () => Promise.reject(secret), "evaluate failed: an unknown error"],
  ["never settles", () => never, "no response within 500 milliseconds"],
  ["responds with a text", () => Promise.resolve(secret), notTheScripts],
  ["responds with no numbers", () => Promise.resolve([secret, secret]), notTheScripts],
  ["responds with empty texts", () => Promise.resolve(["", ""]), notTheScripts],
  ["responds with fractions", () => Promise.resolve([1.5, "1.5"]), notTheScripts],
  ["responds with nothing", () => Promise.resolve(undefined), notTheScripts],
  [
    "responds with what throws when it is read",
    () =>
      Promise.resolve([
        new Proxy([], {
          get: () => {
            throw new Error(secret)
          }
        })
      ]),
    notTheScripts
  ],
  ["responds with a slot of the past", () => Promise.resolve([2_000_000, 1, 1_000_000]), notTheScripts],
  ["responds that it was too late", () => Promise.resolve([2_000_000]), "the command arrived too late"]
]

describe("a client of Redis", () => {
  it.scoped.each(broken)("that %s gives nobody a permit, and one warning says why", ([, evaluate, reason]) =>
    Effect.gen(function* () {
      const redis = yield* RedisModel.connect
      const logged: Array<string> = []
      let isBroken = true
      const gate = yield* process((...command) => (isBroken ? evaluate(...command) : redis.evaluate(...command))).pipe(
        Effect.provide(logsTo(logged))
      )
      const waiting = yield* Effect.fork(releases(gate, 2))
      yield* TestClock.adjust("2 seconds")
      expect(yield* Fiber.poll(waiting)).toEqual(Option.none())
      expect(logged).toEqual([
        `Permits cannot be booked in Redis (${reason}). There are no permits until Redis is back.`
      ])
      isBroken = false
      yield* TestClock.adjust("2 seconds")
      expect((yield* Fiber.join(waiting))[0]).toBeLessThanOrEqual(2000 + 600 + first)
      expect(logged).toHaveLength(1)
      // and once more when it breaks again
      isBroken = true
      yield* Effect.fork(gate.acquire)
      yield* TestClock.adjust("2 seconds")
      expect(logged).toHaveLength(2)
    })
  )

  const bytes = new TextEncoder()
  const kinds: ReadonlyArray<readonly [kind: string, as: (n: number) => unknown]> = [
    ["texts", String],
    ["bigints", BigInt],
    ["Buffers", (n) => Buffer.from(String(n))],
    ["arrays of bytes", (n) => bytes.encode(String(n))]
  ]
  it.scoped.each(kinds)("may give integers as %s", ([, as]) =>
    Effect.gen(function* () {
      const redis = yield* RedisModel.connect
      const gate = yield* process((...command) =>
        redis.evaluate(...command).then((reply) => (Array.isArray(reply) ? reply.map(as) : reply))
      )
      expect(yield* inVirtualTime(releases(gate, 10))).toEqual(every(10, first, 10))
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

  it.scoped("that is away from the start gets nothing to run but what reads the time", () =>
    Effect.gen(function* () {
      const { commands, evaluate, onTheWay, run } = yield* RedisModel.connect
      onTheWay(Effect.never)
      const gate = yield* process(evaluate)
      yield* gate.observe({ status: 429, retryAfter: Option.some(Duration.seconds(5)) })
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
        Effect.provide(logsTo(logged))
      )
      onTheWay(Effect.fail(new Error("lost")))
      const away = yield* inVirtualTime(releases(gate, 3), "2 seconds")
      expect(away).toEqual([300, 600, 900])
      expect(logged).toEqual([
        "Permits cannot be booked in Redis (evaluate failed: Error). whileAway gives the permits until Redis is back."
      ])
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

describe("the way to Redis", () => {
  it.effect.each([
    ["it becomes longer", 1, 0],
    ["the clock of another server is behind, and the way to it is long", 30, -50]
  ] as const)("may change: there are permits also where %s", ([, before, setBy]) =>
    Effect.gen(function* () {
      const { evaluate, onTheWay, setClock } = yield* RedisModel.connect
      onTheWay(Effect.sleep(before))
      const gate = yield* process(evaluate)
      yield* inVirtualTime(releases(gate, 2), "10 seconds")
      onTheWay(Effect.sleep("30 millis"))
      setClock(setBy)
      // two slots that are late, three commands for the time, and a slot
      expect(yield* inVirtualTime(releases(gate, 1))).toEqual([10_000 + 6 * 60])
    }).pipe(Effect.scoped)
  )

  it.scoped("may become shorter, which is not mistaken for a clock that was set forward", () =>
    Effect.gen(function* () {
      const { evaluate, onTheWay } = yield* RedisModel.connect
      onTheWay(Effect.sleep("100 millis"))
      const gate = yield* process(evaluate)
      yield* Effect.fork(gate.acquire)
      yield* TestClock.adjust("10 seconds")
      onTheWay(Effect.void)
      yield* TestClock.adjust("10 seconds")
      expect(yield* inVirtualTime(releases(gate, 3))).toEqual(every(10, 20_000, 3))
    })
  )

  it.scoped("may stay as it is while two clocks drift apart, and nobody waits", () =>
    Effect.gen(function* () {
      const { evaluate, setClock } = yield* RedisModel.connect
      const gate = yield* process(evaluate)
      yield* inVirtualTime(gate.acquire, "1 minute")
      setClock(50)
      expect(yield* inVirtualTime(releases(gate, 1), "1 minute")).toEqual([60_000])
      setClock(-50)
      expect(yield* inVirtualTime(releases(gate, 1), "1 minute")).toEqual([120_000])
    })
  )
})
