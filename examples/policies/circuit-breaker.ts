/**
 * A circuit breaker over all calls. After some 5xx in a row the circuit is open: callers are refused at once, those that
 * wait for a permit included, and their error is `HeldBack`, which no policy tries again. After a time one caller is let
 * through as a probe. Any response but a 5xx closes the circuit, because the server works again. A run of `Revocation` does
 * not stop while the circuit is open: its receipts are `Failed`, and `Revocation.pending` has those ids for a later run.
 *
 * A lost connection has no response, so a gate does not hear of it, and cannot tell it from a request that is under way.
 * This breaker does not count it. The one exception is a probe: if no response comes, the next probe leaves after the same
 * time. To count lost connections, put the breaker into `transformClient`, and refuse with `InstantlyClient.notSent`.
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

    const heard: RateLimit.Service["heard"] = (response) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        inARow = response.status < 500 ? 0 : inARow + 1
        if (inARow === 0) {
          probeAt = undefined
          opened.unsafeClose()
        } else if (inARow >= failures) {
          probeAt = now + Duration.toMillis(openFor)
          opened.unsafeOpen()
        }
        return gate.heard(response)
      })

    return { ...gate, acquire, heard }
  })

/** The default gate, with a circuit breaker: a `rateLimit` for `Instantly.layer`. */
export const circuitBreaker = (options: Options): Layer.Layer<RateLimit.RateLimit> =>
  Layer.scoped(
    RateLimit.RateLimit,
    Effect.flatMap(RateLimit.make(RateLimit.instantly, { rest: 0 }), (gate) => breaking(gate, options))
  )
