/**
 * Redis that goes back to an older state, and a clock of Redis that is set: never more than the limit in any second, and
 * all go on. Each happens when a burst has just been used, and at a steady pace. `test/RedisRateLimit/goingBack.test.ts`
 * has the same in virtual time.
 */
import { Effect, identity, type Scope } from "effect"
import { RateLimit } from "effect-instantly"
import type { Evaluate } from "effect-instantly/RedisRateLimit"
import { expect, it } from "vitest"
import * as Window from "../../src/testing/InstantlyMock/window.js"
import { ioredis } from "./clients.js"
import { emptyGates } from "./gates.js"
import { proxy } from "./proxy.js"
import { isInstalled, server } from "./redis.js"

/** How old the state is that Redis goes back to, in milliseconds. */
const lag = 150

interface Scenario {
  readonly port: number
  readonly changed: (evaluate: Evaluate) => Evaluate
  /** Runs the lag before it happens. */
  readonly prepare: Effect.Effect<void>
  readonly happen: Effect.Effect<void>
}

/** A primary, and its replica, which everything reaches the lag later, behind an address that leads to one of them. */
const failover: Effect.Effect<Scenario, never, Scope.Scope> = Effect.gen(function* () {
  const primary = yield* server()
  const slowWay = yield* proxy(primary.port, lag)
  const replica = yield* server(false, slowWay.port)
  const address = yield* proxy(primary.port)
  const redis = yield* ioredis(replica.port)
  yield* Effect.repeat(
    Effect.promise(() => redis.info("replication")),
    { until: (info) => info.includes("master_link_status:up") }
  )
  return {
    port: address.port,
    changed: identity,
    prepare: Effect.void,
    happen: Effect.promise(async () => {
      await primary.kill()
      slowWay.lead(replica.port)
      await redis.replicaof("NO", "ONE")
      address.lead(replica.port)
    })
  }
})

const snapshot = Effect.gen(function* () {
  const { kill, port, start } = yield* server()
  const redis = yield* ioredis(port)
  return {
    port,
    changed: identity,
    prepare: Effect.promise(() => redis.save()),
    happen: Effect.promise(async () => {
      await kill()
      await start()
    })
  }
})

/** The script reads the clock from what is injected here: that of the machine belongs to all of its processes. */
const clockSetBy = (seconds: number) =>
  Effect.map(server(), ({ port }) => {
    let clock = "redis.call('TIME')"
    return {
      port,
      changed:
        (evaluate: Evaluate): Evaluate =>
        (script, ...rest) =>
          evaluate(script.replace("redis.call('TIME')", clock), ...rest),
      prepare: Effect.void,
      happen: Effect.sync(() => {
        const micros = `time[1] * 1000000 + time[2] + ${seconds * 1_000_000}`
        clock = `(function(time) local t = ${micros} return { math.floor(t / 1000000), t % 1000000 } end)(redis.call('TIME'))`
      })
    }
  })

const scenarios: Record<string, Effect.Effect<Scenario, never, Scope.Scope>> = {
  "a replica that lags takes over": failover,
  "an older snapshot is restored": snapshot,
  "its clock is set forward by 0.3 seconds": clockSetBy(0.3),
  "its clock is set forward by an hour": clockSetBy(3600),
  "its clock is set back by an hour": clockSetBy(-3600)
}

interface Load {
  readonly quotas: ReadonlyArray<RateLimit.QuotaOptions>
  /** How long after the callers have come, who find a full burst, it happens. */
  readonly moment: number
}

const loads: Record<string, Load> = {
  "at the steady pace of the default quotas": { quotas: RateLimit.instantlyQuotas, moment: 1500 },
  "after a burst of 50": { quotas: [{ limit: 100, window: "1 second", burst: 50 }], moment: 100 }
}

const run = (scenario: Effect.Effect<Scenario, never, Scope.Scope>, { moment, quotas }: Load, count: number) =>
  Effect.gen(function* () {
    const { changed, happen, port, prepare } = yield* scenario
    const { come, gates, take, takeAll } = yield* emptyGates(port, count, { changed, quotas })
    // the first permits come late, and then it takes a second until the burst is there again
    yield* Effect.forEach(gates, (gate) => gate.acquire, { concurrency: "unbounded" })
    yield* Effect.sleep("1200 millis")
    const wait = Math.max(0, lag - moment)
    yield* Effect.forkScoped(Effect.delay(come, wait))
    yield* Effect.sleep(wait + moment - lag)
    yield* prepare
    yield* Effect.sleep(lag)
    yield* happen
    const permits = [...(yield* takeAll), ...(yield* take(150))]
    expect(new Set(permits.slice(-50).map(({ gate }) => gate)).size).toBe(count)
    return Window.worst(
      permits.map(({ at }) => at),
      1000
    )
  }).pipe(Effect.scoped, Effect.runPromise)

const cases = Object.entries(scenarios).flatMap(([what, scenario]) =>
  Object.entries(loads).map(([when, load]) => [what, when, scenario, load] as const)
)

it.skipIf(!isInstalled).each(cases)(
  "three and twelve processes keep the limit on Redis when %s %s",
  async (_what, _when, scenario, load) => {
    const worst = [await run(scenario, load, 3), await run(scenario, load, 12)]
    expect(Math.max(...worst), `the most in any second: ${worst.join(" and ")}`).toBeLessThanOrEqual(100)
  }
)
