/**
 * Two lanes to one gate: interactive callers go before batch callers, and both keep within the workspace's one limit. A
 * batch caller waits for as long as an interactive one does. One batch caller at a time goes to the gate itself, so an
 * interactive caller finds at most one there before it. If interactive callers alone use the whole limit, batch callers
 * get nothing.
 *
 * Each client gets its lane as its `gate`. Provide `layer` once, to both of them:
 *
 *     const handlers = Instantly.layerConfig({ gate: lane("interactive") })
 *     const jobs = Instantly.layerConfig({ gate: lane("batch") })
 */
import { Context, Effect, Layer, STM, TRef } from "effect"
import { RateLimit } from "effect-instantly"

interface Services {
  readonly interactive: RateLimit.Service
  readonly batch: RateLimit.Service
}

export class Lanes extends Context.Tag("app/Lanes")<Lanes, Services>() {}

/** Both lanes to a gate. A response in either lane counts for both. */
export const lanesTo = (gate: RateLimit.Service): Effect.Effect<Services> =>
  Effect.gen(function* () {
    const interactive = yield* TRef.make(0)
    const nobodyInteractive = STM.flatMap(TRef.get(interactive), (waiting) => STM.check(() => waiting === 0))
    const oneAtATime = yield* Effect.makeSemaphore(1)
    return {
      interactive: {
        ...gate,
        acquire: Effect.acquireUseRelease(
          TRef.update(interactive, (waiting) => waiting + 1),
          () => gate.acquire,
          () => TRef.update(interactive, (waiting) => waiting - 1)
        )
      },
      batch: { ...gate, acquire: oneAtATime.withPermits(1)(Effect.zipRight(nobodyInteractive, gate.acquire)) }
    }
  })

/** The lanes to a gate that runs this policy. */
export const layer = <R>(
  policy: RateLimit.RateLimitPolicy<R>,
  options?: RateLimit.Options
): Layer.Layer<Lanes, never, R> => Layer.scoped(Lanes, Effect.flatMap(RateLimit.make(policy, options), lanesTo))

/** One of the two lanes, as a gate for `Instantly.layer`. */
export const lane = (name: keyof Services): Layer.Layer<RateLimit.RateLimit, never, Lanes> =>
  Layer.effect(
    RateLimit.RateLimit,
    Effect.map(Lanes, (lanes) => lanes[name])
  )
