/** Many processes on one Redis, in virtual time: who gets how much, and how long a 429 takes to close all gates. */
import { Duration, Effect, Exit, Option, Random } from "effect"
import type { RateLimit } from "effect-instantly"
import * as RedisRateLimit from "effect-instantly/RedisRateLimit"
import { describe, expect, it } from "vitest"
import * as Window from "../../src/testing/InstantlyMock/window.js"
import { crowd } from "../support/redisGates.js"
import * as RedisModel from "../support/redisModel.js"
import { simulate } from "../support/simulation.js"

interface Permit {
  readonly process: number
  readonly at: number
}

const processes = 16
const callers = 5
const pauseAt = 15_000
const pause = 2000

const throttled = (millis: number) => ({ status: 429, retryAfter: Option.some(Duration.millis(millis)) })

/** Sixteen processes, whose callers always want more, and a 429 in the first of them. */
const program = Effect.gen(function* () {
  const { evaluate, onTheWay } = yield* RedisModel.connect
  onTheWay(Effect.flatMap(Random.nextIntBetween(0, 4), Effect.sleep))
  const permits: Array<Permit> = []
  const gates = yield* Effect.replicateEffect(RedisRateLimit.make({ workspace: "made-up", evaluate }), processes)
  for (const [process, gate] of gates.entries()) {
    yield* crowd(gate, callers, (at) => permits.push({ process, at }))
  }
  yield* Effect.sleep(pauseAt)
  yield* Effect.forEach(gates.slice(0, 1), (gate) => gate.observe(throttled(pause)))
  yield* Effect.sleep(5000)
  return permits
}).pipe(Effect.scoped, Effect.withRandom(Random.make("fairness")))

describe("of sixteen processes on one Redis", async () => {
  const exit = await simulate(program, "1 minute")
  const permits = Exit.isSuccess(exit) ? exit.value : []
  const times = permits.map(({ at }) => at)

  it("each gets its share, within a tenth", () => {
    const counted = permits.filter(({ at }) => at >= 1000 && at < pauseAt)
    const share = counted.length / processes
    for (let process = 0; process < processes; process++) {
      const own = counted.filter((permit) => permit.process === process).length
      expect(Math.abs(own - share)).toBeLessThanOrEqual(share / 10)
    }
    expect(counted.length / ((pauseAt - 1000) / 1000)).toBeGreaterThan(90)
  })

  it("all together keep within the limit", () => {
    expect(Window.worst(times, 1000)).toBeLessThanOrEqual(100)
  })

  it("a 429 closes each with the next slot that it books: until then it uses one", () => {
    const leaked = permits.filter(({ at }) => at > pauseAt && at < pauseAt + pause)
    expect(leaked.length).toBeLessThanOrEqual(processes - 1)
    // two slots of each, some 11 milliseconds apart
    for (const { at } of leaked) expect(at - pauseAt).toBeLessThan(2 * processes * 12)
    expect(times.some((at) => at >= pauseAt + pause)).toBe(true)
  })
})

it("callers who come while the gate is closed before the first permit are served in their order", async () => {
  const exit = await simulate(
    Effect.gen(function* () {
      const { evaluate } = yield* RedisModel.connect
      const gate = yield* RedisRateLimit.make({ workspace: "made-up", evaluate })
      yield* gate.observe(throttled(1000))
      const served: Array<number> = []
      const caller = (index: number) =>
        Effect.zipRight(
          gate.acquire,
          Effect.sync(() => served.push(index))
        )
      yield* Effect.forEach([0, 1, 2], caller, { concurrency: "unbounded" })
      return served
    }).pipe(Effect.scoped),
    "1 minute"
  )
  expect(exit).toEqual(Exit.succeed([0, 1, 2]))
})

describe("while quotas are rolled out, all processes together keep", () => {
  const second = (limit: number): RateLimit.QuotaOptions => ({ limit, window: "1 second", burst: 2 })
  const tenSeconds: RateLimit.QuotaOptions = { limit: 300, window: "10 seconds", burst: 2 }

  /** When half of the processes give permits by the one quotas, and half by the others. */
  const times = async (one: ReadonlyArray<RateLimit.QuotaOptions>, other: ReadonlyArray<RateLimit.QuotaOptions>) => {
    const exit = await simulate(
      Effect.gen(function* () {
        const { evaluate } = yield* RedisModel.connect
        const times: Array<number> = []
        for (const quotas of [one, other, one, other]) {
          yield* crowd(yield* RedisRateLimit.make({ workspace: "made-up", evaluate, quotas }), 4, (at) =>
            times.push(at)
          )
        }
        yield* Effect.sleep("15 seconds")
        return times
      }).pipe(Effect.scoped),
      "1 minute"
    )
    return Exit.isSuccess(exit) ? exit.value : []
  }

  it("the larger of two limits in the same window", async () => {
    const given = await times([second(100)], [second(20)])
    expect(Window.worst(given, 1000)).toBeLessThanOrEqual(100)
    expect(Window.worst(given, 1000)).toBeGreaterThan(20)
  })

  it("the old quota while some have both, and the new one once all have it", async () => {
    expect(Window.worst(await times([second(50)], [second(50), tenSeconds]), 1000)).toBeLessThanOrEqual(50)
    expect(Window.worst(await times([second(50), tenSeconds], [tenSeconds]), 10_000)).toBeLessThanOrEqual(300)
  })
})
