/** Gates of several processes on the model of Redis, and who is released when. */
import { Clock, Effect } from "effect"
import type { RateLimit } from "effect-instantly"
import * as RedisRateLimit from "effect-instantly/RedisRateLimit"

/** One permit every 10 milliseconds, because a slot may be used up to 25 milliseconds late, and no burst. */
export const quotas: ReadonlyArray<RateLimit.QuotaOptions> = [{ limit: 101, window: "975 millis" }]

/** When the first permit comes: Redis knows nothing, and what was booked before may be used for 500 milliseconds. */
export const first = 510

export const process = (evaluate: RedisRateLimit.Evaluate, options: Partial<RedisRateLimit.Options> = {}) =>
  RedisRateLimit.make({ workspace: "made-up", evaluate, quotas, ...options })

/** When as many callers who come at once are released, in their order. */
export const releases = (gate: RateLimit.Service, callers: number) =>
  Effect.forEach(Array.from({ length: callers }), () => Effect.zipRight(gate.acquire, Clock.currentTimeMillis), {
    concurrency: "unbounded"
  })

export const every = (interval: number, from: number, count: number) =>
  Array.from({ length: count }, (_, index) => from + index * interval)

/** Callers at a gate, each of whom comes again at once, until the scope ends. */
export const crowd = (gate: RateLimit.Service, size: number, released: (at: number) => void) =>
  gate.acquire.pipe(
    Effect.zipRight(Clock.currentTimeMillis),
    Effect.tap((at) => Effect.sync(() => released(at))),
    Effect.forever,
    Effect.forkScoped,
    Effect.replicateEffect(size)
  )
