/** Callers in a line: first come, first served. Who gives up leaves it, and nothing of them stays. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Telemetry from "../internal/telemetry.js"

type Waiter<E> = Deferred.Deferred<void, E>

export const make = <E>() =>
  Effect.gen(function* () {
    const waiting = new Set<Waiter<E>>()
    const someone = yield* Effect.makeLatch(false)
    let closed = false
    const leave = (waiter: Waiter<E>) =>
      Effect.suspend(() => {
        if (!waiting.delete(waiter)) return Effect.void
        return Effect.zipRight(
          Metric.incrementBy(Telemetry.queued, -1),
          waiting.size === 0 ? someone.close : Effect.void
        )
      })
    return {
      /** Waits at the end of the line until it is served. */
      join: Effect.flatMap(Deferred.make<void, E>(), (waiter) =>
        Effect.suspend(() => {
          if (closed) return Effect.interrupt
          waiting.add(waiter)
          return Metric.incrementBy(Telemetry.queued, 1)
        }).pipe(Effect.zipRight(someone.open), Effect.zipRight(Deferred.await(waiter)), Effect.ensuring(leave(waiter)))
      ),
      /** Waits until there is someone. */
      someone: someone.await,
      /** Serves the first, and tells whether there was one who still waited. */
      serve: (service: (waiter: Waiter<E>) => Effect.Effect<boolean>) =>
        Effect.suspend(() => {
          const [first] = waiting
          return first === undefined ? Effect.succeed(false) : Effect.zipLeft(service(first), leave(first))
        }),
      /** Interrupts those who wait, and those who still come. */
      close: Effect.suspend(() => {
        closed = true
        return Effect.forEach([...waiting], (waiter) => Deferred.interrupt(waiter))
      })
    }
  })
