/** Many processes on one Redis, in virtual time: who gets how much, and how long a pause takes to reach everybody. */
import { Clock, Effect, Exit, Random } from "effect"
import * as RedisRateLimit from "effect-instantly/RedisRateLimit"
import { describe, expect, it } from "vitest"
import * as Window from "../../src/testing/InstantlyMock/window.js"
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

/** Sixteen processes, whose callers always want more, and a pause in the first of them. */
const program = Effect.gen(function* () {
  const { evaluate, onTheWay } = yield* RedisModel.connect
  onTheWay(Effect.flatMap(Random.nextIntBetween(0, 4), Effect.sleep))
  const permits: Array<Permit> = []
  const gates = yield* Effect.replicateEffect(RedisRateLimit.make({ workspace: "made-up", evaluate }), processes)
  for (const [process, gate] of gates.entries()) {
    yield* gate.acquire.pipe(
      Effect.zipRight(Clock.currentTimeMillis),
      Effect.tap((at) => Effect.sync(() => permits.push({ process, at }))),
      Effect.forever,
      Effect.forkScoped,
      Effect.replicateEffect(callers)
    )
  }
  yield* Effect.sleep(pauseAt)
  yield* Effect.forEach(gates.slice(0, 1), (gate) => gate.pause(pause))
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

  it("a pause reaches each with the next slot that it books: until then it uses one", () => {
    const leaked = permits.filter(({ at }) => at > pauseAt && at < pauseAt + pause)
    expect(leaked.length).toBeLessThanOrEqual(processes - 1)
    // two slots of each, some 11 milliseconds apart
    for (const { at } of leaked) expect(at - pauseAt).toBeLessThan(2 * processes * 12)
    expect(times.some((at) => at >= pauseAt + pause)).toBe(true)
  })
})

it("callers who come during a pause before the first permit are served in their order", async () => {
  const exit = await simulate(
    Effect.gen(function* () {
      const { evaluate } = yield* RedisModel.connect
      const gate = yield* RedisRateLimit.make({ workspace: "made-up", evaluate })
      yield* gate.pause("1 second")
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
