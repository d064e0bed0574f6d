/**
 * The script itself, on a real Redis: the same as the model that `npm test` uses, and the same permits as a `quota`. Redis's
 * clock is replaced by a list that the test sets, because real time gives no table.
 */
import { Effect, Exit, FastCheck, Schedule, ScheduleDecision, ScheduleIntervals, Scope } from "effect"
import { RateLimit } from "effect-instantly"
import type { Redis } from "ioredis"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { noFeedback } from "../../examples/timelines/stepping.js"
import * as Script from "../../src/RedisRateLimit/script.js"
import * as RedisModel from "../support/redisModel.js"
import { ioredis } from "./clients.js"
import { isInstalled, server } from "./redis.js"

const { array, constantFrom, integer, nat, oneof, record } = FastCheck

const script = Script.script.replace("redis.call('TIME')", "redis.call('LRANGE', 'time', 0, 1)")

const quota = integer({ min: 1, max: 60 }).chain((limit) =>
  record({
    limit: constantFrom(limit),
    burst: integer({ min: 1, max: Math.max(1, limit - 1) }),
    window: constantFrom(100, 1000, 7001, 60_000),
    jitter: constantFrom(0, 50)
  })
)
const quotas = array(quota, { minLength: 1, maxLength: 3 })

/** Whose permits are whole milliseconds apart: a schedule rounds others up, where the script knows microseconds. */
const whole = record({
  apart: integer({ min: 1, max: 300 }),
  burst: integer({ min: 1, max: 40 }),
  spaced: integer({ min: 1, max: 40 }),
  jitter: constantFrom(0, 50)
}).map(({ apart, burst, jitter, spaced }) => {
  const [window, isWide] = [apart * spaced, apart * spaced > jitter]
  return { limit: spaced + burst, burst, window: isWide ? window - jitter : window, jitter: isWide ? jitter : 0 }
})
const ofOne = nat(1000).map((window) => ({ limit: 1, burst: 1, window: window + 1, jitter: 0 }))
const wholeQuotas = array(oneof({ weight: 9, arbitrary: whole }, { weight: 1, arbitrary: ofOne }), {
  minLength: 1,
  maxLength: 3
})

describe.skipIf(!isInstalled)("the script, on Redis,", () => {
  const scope = Effect.runSync(Scope.make())
  let redis: Redis
  beforeAll(async () => {
    const { port } = await Effect.runPromise(Scope.extend(server(), scope))
    redis = await Effect.runPromise(Scope.extend(ioredis(port), scope))
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  /** Runs it at a time in microseconds. */
  const run = async (now: number, args: ReadonlyArray<string>) => {
    const time = [String(Math.floor(now / 1_000_000)), String(now % 1_000_000)]
    void redis.del("time")
    void redis.rpush("time", ...time)
    return redis.eval(script, 1, Script.keyOf("made-up"), ...args)
  }

  const epoch = 1_767_225_600_000_000

  it("does what the model of it does: over random quotas, pauses, losses of data, and clocks that are set", async () => {
    const step = oneof(
      { weight: 8, arbitrary: record({ type: constantFrom("book" as const), slots: integer({ min: 0, max: 3 }) }) },
      { weight: 1, arbitrary: record({ type: constantFrom("pause" as const), millis: nat(5000) }) },
      { weight: 1, arbitrary: record({ type: constantFrom("expire" as const) }) },
      { weight: 1, arbitrary: record({ type: constantFrom("flush" as const) }) },
      { weight: 1, arbitrary: record({ type: constantFrom("set" as const), micros: integer({ min: -9e9, max: 9e9 }) }) }
    )
    const steps = array(record({ step, later: oneof(nat(20_000), nat(3_000_000)) }), { maxLength: 40 })
    await FastCheck.assert(
      FastCheck.asyncProperty(quotas, steps, async (some, history) => {
        let now = epoch
        const model = RedisModel.make(() => now)
        await redis.flushall()
        const args = Script.quotaArguments(some, 25)
        for (const { later, step } of history) {
          now += later
          if (step.type === "flush") {
            model.flush()
            await redis.flushall()
          } else if (step.type === "set") now += step.micros
          else {
            const command = {
              slots: step.type === "book" ? step.slots : 0,
              pause: step.type === "pause" ? step.millis : 0
            }
            const deadline = step.type === "expire" ? (now - 1) / 1000 : undefined
            const all = [...Script.commandArguments(command, deadline, 500), ...args]
            expect(await run(now, all)).toEqual(model.run(all))
          }
        }
      }),
      { numRuns: 150 }
    )
  })

  it("gives the permits of the quotas as schedules, for the same arrivals", async () => {
    const arrivals = array(oneof(nat(30), nat(3000)), { minLength: 1, maxLength: 40 })
    await FastCheck.assert(
      FastCheck.asyncProperty(wholeQuotas, arrivals, async (some, rests) => {
        const policy = some.map(RateLimit.quota).reduce((one, other) => Schedule.intersect(one, other))
        const args = [
          ...Script.commandArguments({ slots: 1, pause: 0 }, undefined, 0),
          ...Script.quotaArguments(some, 0)
        ]
        await redis.flushall()
        await run(epoch, args)
        // both begin after a rest, with their bursts full
        const begun = epoch / 1000 + 8_000_000
        let state: unknown = policy.initial
        let opens = begun
        let asked = begun
        for (const rest of rests) {
          asked += rest
          const scheduled = Math.max(asked, opens)
          const reply = await run(asked * 1000, args)
          expect(Array.isArray(reply) && reply[2] / 1000).toBe(scheduled)
          asked = scheduled
          const [next, , decision] = Effect.runSync(policy.step(scheduled, noFeedback, state))
          state = next
          opens = ScheduleDecision.isDone(decision) ? Number.NaN : ScheduleIntervals.start(decision.intervals)
        }
      }),
      { numRuns: 150 }
    )
  })

  it("keeps one key, with the workspace as its hash tag, that expires a day after its last use", async () => {
    await redis.flushall()
    await run(epoch, [
      ...Script.commandArguments({ slots: 1, pause: 60_000 }, undefined, 500),
      ...Script.quotaArguments([{ limit: 100, window: "1 second" }], 25)
    ])
    await redis.del("time")
    expect(await redis.keys("*")).toEqual(["effect-instantly:{made-up}"])
    const left = await redis.pttl("effect-instantly:{made-up}")
    expect(left).toBeGreaterThan(86_400_000)
    expect(left).toBeLessThan(86_400_000 + 61_000)
  })
})
