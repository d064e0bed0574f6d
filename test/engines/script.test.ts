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
  const margin = jitter + Script.lateness
  const permits = apart * spaced > margin ? spaced : spaced + margin
  return { limit: permits + burst, burst, window: apart * permits - margin, jitter }
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
  const run = async (now: number, args: ReadonlyArray<string>, client = redis) => {
    const time = [String(Math.floor(now / 1_000_000)), String(now % 1_000_000)]
    void client.del("time")
    void client.rpush("time", ...time)
    return client.eval(script, 1, key, ...args)
  }

  const key = Script.keyOf("made-up")
  const bookOne = Script.commandArguments({ slots: 1, pause: 0 }, Script.nothingSeen, undefined)
  const epoch = 1_767_225_600_000_000

  it("does what the model of it does: over random quotas, pauses, states that are lost or old, and clocks that are set", async () => {
    const step = oneof(
      { weight: 8, arbitrary: record({ type: constantFrom("book" as const), slots: integer({ min: 0, max: 3 }) }) },
      { weight: 1, arbitrary: record({ type: constantFrom("pause" as const), millis: nat(5000) }) },
      { weight: 1, arbitrary: record({ type: constantFrom("expire" as const) }) },
      { weight: 1, arbitrary: record({ type: constantFrom("flush" as const) }) },
      { weight: 1, arbitrary: record({ type: constantFrom("save" as const) }) },
      { weight: 1, arbitrary: record({ type: constantFrom("restore" as const) }) },
      { weight: 1, arbitrary: record({ type: constantFrom("another server" as const) }) },
      { weight: 1, arbitrary: record({ type: constantFrom("set" as const), micros: integer({ min: -9e9, max: 9e9 }) }) }
    )
    const older = oneof(
      { weight: 3, arbitrary: constantFrom(0) },
      { weight: 1, arbitrary: integer({ min: -1, max: 1 }) }
    )
    const steps = array(record({ step, later: oneof(nat(20_000), nat(3_000_000)), epoch: older, ranAt: older }), {
      maxLength: 40
    })
    await FastCheck.assert(
      FastCheck.asyncProperty(quotas, steps, async (some, history) => {
        let now = epoch
        const model = RedisModel.make(() => now)
        await redis.flushall()
        const args = Script.quotaArguments(some)
        let saved = model.snapshot()
        let seen = Script.nothingSeen
        for (const { epoch, later, ranAt, step } of history) {
          now += later
          if (step.type === "flush") {
            model.flush()
            await redis.del(key)
          } else if (step.type === "set") now += step.micros
          else if (step.type === "save") {
            saved = model.snapshot()
            await redis.del("saved")
            await redis.copy(key, "saved")
          } else if (step.type === "restore") {
            saved.restore()
            await redis.del(key)
            await redis.copy("saved", key)
          } else if (step.type === "another server") {
            model.becomeAnotherServer()
            for (const state of [key, "saved"]) if (await redis.exists(state)) await redis.hset(state, "s", "another")
          } else {
            const command = {
              slots: step.type === "book" ? step.slots : 0,
              pause: step.type === "pause" ? step.millis : 0
            }
            const deadline = step.type === "expire" ? (now - 1) / 1000 : undefined
            const newest = { epoch: seen.epoch + epoch, ranAt: seen.ranAt + ranAt }
            const all = [...Script.commandArguments(command, newest, deadline), ...args]
            const reply = await run(now, all)
            expect(reply).toEqual(model.run(all))
            const [ran, current] = Script.decodeReply(reply)
            if (current !== undefined) seen = { epoch: current, ranAt: ran }
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
        const policy = some
          .map((quota) => RateLimit.quota({ ...quota, jitter: quota.jitter + Script.lateness }))
          .reduce((one, other) => Schedule.intersect(one, other))
        const args = [...bookOne, ...Script.quotaArguments(some)]
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

  it("knows the server that it runs on, and does without it where INFO is forbidden", async () => {
    const args = [...bookOne, ...Script.quotaArguments([{ limit: 100, window: "1 second" }])]
    await redis.flushall()
    await run(epoch, args)
    expect(await redis.info("server")).toContain(`run_id:${await redis.hget(key, "s")}`)

    await redis.acl("SETUSER", "restricted", "on", "nopass", "~*", "+@all", "-info")
    const restricted = redis.duplicate({ username: "restricted", password: "made-up", enableReadyCheck: false })
    try {
      const [, first] = Script.decodeReply(await run(epoch + 1, args, restricted))
      expect(await redis.hget(key, "s")).toBe("unknown")
      const [, second] = Script.decodeReply(await run(epoch + 2, args, restricted))
      expect(second).toBe(first)
    } finally {
      restricted.disconnect()
    }
  })

  it("keeps one key, with the workspace as its hash tag, that expires a day after its last use", async () => {
    await redis.flushall()
    await run(epoch, [
      ...Script.commandArguments({ slots: 1, pause: 60_000 }, Script.nothingSeen, undefined),
      ...Script.quotaArguments([{ limit: 100, window: "1 second" }])
    ])
    await redis.del("time")
    expect(await redis.keys("*")).toEqual([key])
    const left = await redis.pttl(key)
    expect(left).toBeGreaterThan(86_400_000)
    expect(left).toBeLessThan(86_400_000 + 61_000)
  })
})
