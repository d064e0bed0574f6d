/** Callers who give up at any moment, also between any two operations: no permit is lost, and no slot is used twice. */
import { Clock, Effect, Exit, Fiber, Random } from "effect"
import { expect, it } from "vitest"
import { process } from "../support/redisGates.js"
import * as RedisModel from "../support/redisModel.js"
import { simulate } from "../support/simulation.js"

const interval = 10

/** When those are released who stay, and how many they are. */
const program = (opsBeforeYield: number) =>
  Effect.gen(function* () {
    const { evaluate, onTheWay } = yield* RedisModel.connect
    onTheWay(Effect.flatMap(Random.nextIntBetween(0, 3), Effect.sleep))
    const gate = yield* process(evaluate)
    const released: Array<number> = []
    const caller = gate.acquire.pipe(
      Effect.zipRight(Clock.currentTimeMillis),
      Effect.tap((at) => Effect.sync(() => released.push(at)))
    )
    const staying: Array<Fiber.Fiber<number>> = []
    for (let index = 0; index < 60; index++) {
      staying.push(yield* Effect.fork(Effect.orDie(caller)))
      const leaving = yield* Effect.fork(gate.acquire)
      yield* Effect.sleep(yield* Random.nextIntBetween(0, 25))
      yield* Fiber.interrupt(leaving)
    }
    yield* Fiber.joinAll(staying)
    return released
  }).pipe(Effect.scoped, Effect.withRandom(Random.make("interruption")), Effect.withMaxOpsBeforeYield(opsBeforeYield))

// Below eleven no fiber of Effect gets anywhere.
it.each([11, 12, 13, 14, 15, 16, 17, 18, 19, 23, 29, 2048])(
  "callers who leave take no permit from those who stay, where fibers give way after %d operations",
  async (opsBeforeYield) => {
    const exit = await simulate(program(opsBeforeYield), "1 minute")
    const released = Exit.isSuccess(exit) ? exit.value : []
    expect(released).toHaveLength(60)
    // each by a slot of its own, and at most 25 milliseconds after its slot
    for (const [index, at] of released.entries()) {
      for (const [later, until] of released.slice(index).entries()) {
        expect(until - at).toBeGreaterThanOrEqual(later * interval - 25)
      }
    }
  }
)
