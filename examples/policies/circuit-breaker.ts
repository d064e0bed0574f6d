/**
 * A circuit breaker over all calls. After some 5xx in a row the circuit is open: callers are refused at once, also those
 * that wait for a permit, and their error is `HeldBack`, which no policy tries again. After a time one caller is let through
 * as a probe. Any response but a 5xx closes the circuit, because the server works again. A run of `Revocation` does not stop
 * while the circuit is open: its receipts are `Failed`, and `Revocation.pending` has those ids for a later run.
 *
 * A lost connection has no response, so a gate cannot tell it from a request that is under way, and this breaker does not
 * count it. A probe that gets no response is followed by another one after the same time. To count lost connections, put the
 * breaker into `transformClient`, and refuse with `InstantlyClient.notSent`.
 */
import { Clock, Duration, Effect, Layer } from "effect"
import { RateLimit } from "effect-instantly"

export interface Options {
  /** How many 5xx in a row open the circuit. */
  readonly failures: number
  /** How long it stays open before a probe is let through. */
  readonly openFor: Duration.DurationInput
}

/** Puts a circuit breaker around a gate. */
export const breaking = (gate: RateLimit.Service, { failures, openFor }: Options): Effect.Effect<RateLimit.Service> =>
  Effect.gen(function* () {
    let inARow = 0
    /** While the circuit is open: when the next caller is let through as a probe. */
    let probeAt: number | undefined
    const opened = yield* Effect.makeLatch()
    const refused = Effect.fail(new RateLimit.PermitRefused({ message: "the circuit is open" }))

    const acquire = Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (probeAt === undefined) return Effect.raceFirst(gate.acquire, Effect.zipRight(opened.await, refused))
      if (now < probeAt) return refused
      probeAt = now + Duration.toMillis(openFor)
      return gate.acquire
    })

    const observe: RateLimit.Service["observe"] = (response) =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        inARow = response.status < 500 ? 0 : inARow + 1
        if (inARow === 0) {
          probeAt = undefined
          yield* opened.close
        } else if (inARow >= failures) {
          probeAt = now + Duration.toMillis(openFor)
          yield* opened.open
        }
        yield* gate.observe(response)
      })

    return { acquire, observe }
  })

/** The default gate, with a circuit breaker: a `gate` for `Instantly.layer`. */
export const circuitBreaker = (options: Options): Layer.Layer<RateLimit.RateLimit> =>
  Layer.scoped(
    RateLimit.RateLimit,
    Effect.flatMap(RateLimit.make(RateLimit.instantly), (gate) => breaking(gate, options))
  )
