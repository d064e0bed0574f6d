/**
 * Redis that goes back, and a clock of Redis that is set, in virtual time on the model of it: never more than the limit in
 * any second. `test/engines` does the same on a real Redis.
 */
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Exit, Option, Random, TestClock } from "effect"
import { RateLimit } from "effect-instantly"
import * as Window from "../../src/testing/InstantlyMock/window.js"
import { crowd, first, process, releases } from "../support/redisGates.js"
import * as RedisModel from "../support/redisModel.js"
import { simulate } from "../support/simulation.js"
import { inVirtualTime } from "../support/virtual.js"

type Redis = Effect.Effect.Success<typeof RedisModel.connect>

const processes = 12

/** How old the state is that Redis goes back to, in milliseconds. */
const lag = 150

/** What happens, prepared so much before. */
const happenings: Record<string, (redis: Redis) => () => void> = {
  "all data is lost": (redis) => redis.flush,
  "a replica that lags takes over": ({ becomeAnotherServer, snapshot }) => {
    const { restore } = snapshot()
    return () => {
      restore()
      becomeAnotherServer()
    }
  },
  "its clock is set forward by 0.3 seconds": (redis) => () => redis.setClock(300),
  "its clock is set forward by an hour": (redis) => () => redis.setClock(3_600_000),
  "its clock is set back by 0.3 seconds": (redis) => () => redis.setClock(-300),
  "its clock is set back by an hour": (redis) => () => redis.setClock(-3_600_000)
}

const quotas: Record<string, ReadonlyArray<RateLimit.QuotaOptions>> = {
  "the default quotas": RateLimit.instantlyQuotas,
  "a burst of 50": [{ limit: 100, window: "1 second", burst: 50 }]
}

/** How long after the callers have come something happens. They find a full burst. */
const moments: Record<string, number> = { "after a burst": 100, "at a steady pace": 1000 }

/** When permits are given, also to a process that starts when it has happened. */
const program = (
  prepare: (redis: Redis) => () => void,
  quotas: ReadonlyArray<RateLimit.QuotaOptions>,
  moment: number,
  hasNewcomer: boolean
) =>
  Effect.gen(function* () {
    const redis = yield* RedisModel.connect
    redis.onTheWay(Effect.flatMap(Random.nextIntBetween(0, 3), Effect.sleep))
    const make = process(redis.evaluate, { quotas })
    const gates = yield* Effect.replicateEffect(make, processes)
    yield* Effect.forEach(gates, (gate) => gate.acquire)
    yield* Effect.sleep("1 minute")

    const times: Array<number> = []
    const come = Effect.forEach(gates, (gate) => crowd(gate, 2, (at) => times.push(at)))
    const wait = Math.max(0, lag - moment)
    yield* Effect.forkScoped(Effect.delay(come, wait))
    yield* Effect.sleep(wait + moment - lag)
    const happen = prepare(redis)
    yield* Effect.sleep(lag)
    happen()
    if (hasNewcomer) yield* crowd(yield* make, 2, (at) => times.push(at))
    yield* Effect.sleep("2 seconds")
    return times
  }).pipe(Effect.scoped, Effect.withRandom(Random.make("going back")))

const cases = Object.entries(happenings).flatMap(([what, prepare]) =>
  Object.entries(quotas).flatMap(([kind, quotas]) =>
    Object.entries(moments).flatMap(([when, moment]) =>
      // only those who have seen its clock can notice that it was set
      (what.includes("clock") ? [false] : [false, true]).map(
        (hasNewcomer) =>
          [
            `${what} ${when}, with ${kind}${hasNewcomer ? ", and a process starts" : ""}`,
            program(prepare, quotas, moment, hasNewcomer)
          ] as const
      )
    )
  )
)

describe("twelve processes keep the limit, and go on,", () => {
  it.each(cases)("when %s", async (_, program) => {
    const exit = await simulate(program, "10 minutes")
    const times = Exit.isSuccess(exit) ? exit.value : []
    const [last = 0] = times.slice(-1)
    expect(Window.worst(times, 1000)).toBeLessThanOrEqual(100)
    expect(times.filter((at) => at > last - 500).length).toBeGreaterThan(15)
  })
})

describe("the next permit comes at once, or half a second later", () => {
  const permitAfter = (change: (redis: Redis, older: RedisModel.Snapshot) => void) =>
    Effect.gen(function* () {
      const redis = yield* RedisModel.connect
      const gate = yield* process(redis.evaluate)
      yield* inVirtualTime(gate.acquire, "10 seconds")
      const older = redis.snapshot()
      yield* inVirtualTime(gate.acquire, "10 seconds")
      change(redis, older)
      const [at = Number.NaN] = yield* inVirtualTime(releases(gate, 1), "10 seconds")
      // and only once
      expect(yield* inVirtualTime(releases(gate, 1))).toEqual([30_000])
      return at - 20_000
    })

  it.scoped("if Redis has the newest state: at once", () =>
    Effect.gen(function* () {
      expect(yield* permitAfter(() => undefined)).toBe(0)
    })
  )

  const lost: ReadonlyArray<readonly [what: string, change: (redis: Redis, older: RedisModel.Snapshot) => void]> = [
    ["has no state", ({ flush }) => flush()],
    ["has a state older than what its process has seen", (_, { restore }) => restore()],
    ["has a state that another server wrote", ({ becomeAnotherServer }) => becomeAnotherServer()],
    ["has a state newer than its clock", ({ setClock }) => setClock(-3_600_000)],
    ["had a clock that was set forward", ({ setClock }) => setClock(300)]
  ]
  it.scoped.each(lost)("if Redis %s: later", ([, change]) =>
    Effect.gen(function* () {
      expect(yield* permitAfter(change)).toBeGreaterThanOrEqual(first)
    })
  )

  it.scoped("if Redis has a state of an older epoch than its process has seen: later", () =>
    Effect.gen(function* () {
      const redis = yield* RedisModel.connect
      const [one, other] = [yield* process(redis.evaluate), yield* process(redis.evaluate)]
      yield* inVirtualTime(one.acquire, "10 seconds")
      const older = redis.snapshot()
      yield* one.observe({ status: 429, retryAfter: Option.some(Duration.seconds(1)) })
      yield* TestClock.adjust("1 second")
      older.restore()
      // this one has seen nothing, and so its time is the newest
      yield* inVirtualTime(other.acquire, "9 seconds")
      expect(yield* inVirtualTime(releases(one, 1))).toEqual([20_000 + first])
    })
  )

  it.scoped("if a 429 closed the gate when the clock had just been set forward: after the time that it named", () =>
    Effect.gen(function* () {
      const redis = yield* RedisModel.connect
      const [one, other] = [yield* process(redis.evaluate), yield* process(redis.evaluate)]
      yield* inVirtualTime(Effect.all([one.acquire, other.acquire], { concurrency: 2 }), "10 seconds")
      redis.setClock(3_600_000)
      yield* one.observe({ status: 429, retryAfter: Option.some(Duration.seconds(3)) })
      yield* TestClock.adjust("1 second")
      expect(yield* inVirtualTime(releases(other, 1))).toEqual([13_000])
    })
  )
})
