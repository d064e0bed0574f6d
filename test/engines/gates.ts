/** Gates that share a Redis, and callers who always want a permit: when each was given one, and by which gate. */
import { Effect, Logger, LogLevel, Queue } from "effect"
import type { RateLimit } from "effect-instantly"
import * as RedisRateLimit from "effect-instantly/RedisRateLimit"
import { evaluates } from "./clients.js"

export const limit = 40
export const window = 1000

/** 36 a second: slow enough for any machine, and quick enough for many scenarios. */
export const options = {
  workspace: "made-up",
  quotas: [{ limit, window, burst: 2 }]
} satisfies Partial<RedisRateLimit.Options>

export interface Permit {
  readonly gate: number
  /** Milliseconds of a clock that all processes of a machine share. */
  readonly at: number
}

export const now = () => Number(process.hrtime.bigint()) / 1e6

/** Callers at a gate, more than it books ahead, each of whom comes again at once. */
export const crowd = (gate: RateLimit.Service, given: (at: number) => void) =>
  gate.acquire.pipe(
    Effect.zipRight(Effect.sync(() => given(now()))),
    Effect.forever,
    Effect.forkScoped,
    Effect.replicateEffect(4)
  )

/** A gate whose callers always want a permit. */
export const callers = (evaluate: RedisRateLimit.Evaluate, given: (at: number) => void) =>
  Effect.tap(RedisRateLimit.make({ ...options, evaluate }), (gate) => crowd(gate, given))

/** As many gates in this process, each with a connection of its own, whose callers are yet to come. */
export const emptyGates = (
  port: number,
  count: number,
  {
    changed = (evaluate) => evaluate,
    quotas = options.quotas
  }: {
    readonly changed?: (evaluate: RedisRateLimit.Evaluate) => RedisRateLimit.Evaluate
    readonly quotas?: ReadonlyArray<RateLimit.QuotaOptions>
  } = {}
) =>
  Effect.gen(function* () {
    const permits = yield* Queue.unbounded<Permit>()
    const warnings = yield* Queue.unbounded<string>()
    const logger = Logger.make(({ logLevel, message }) => {
      if (LogLevel.greaterThanEqual(logLevel, LogLevel.Warning)) warnings.unsafeOffer(String(message))
    })
    const made = yield* Effect.replicateEffect(
      Effect.flatMap(evaluates.ioredis(port), (evaluate) =>
        RedisRateLimit.make({ ...options, quotas, evaluate: changed(evaluate) })
      ),
      count
    ).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
    return {
      gates: made,
      /** Callers come to all of them. */
      come: Effect.forEach(made.entries(), ([gate, service]) =>
        crowd(service, (at) => permits.unsafeOffer({ gate, at }))
      ),
      /** The next permits, once there are as many. */
      take: (n: number) => Effect.map(Queue.takeN(permits, n), (chunk) => [...chunk]),
      takeAll: Queue.takeAll(permits),
      /** Waits until each gate has warned that Redis cannot be used. */
      allWarned: Effect.zipRight(Queue.takeN(warnings, count), Effect.void)
    }
  })

/** The same, with their callers. */
export const gates = (...parameters: Parameters<typeof emptyGates>) =>
  Effect.tap(emptyGates(...parameters), ({ come }) => come)
