/**
 * A workspace that others use, too, in virtual time: a server that admits 100 requests in any second, other programs that
 * send at random, and a gate whose requests take 5 to 55 milliseconds each way.
 */
import { Clock, Effect, Option } from "effect"
import { PCGRandom } from "effect/Utils"
import { RateLimit } from "effect-instantly"
import * as Server from "./server.js"

export interface Workspace {
  readonly policy: RateLimit.RateLimitPolicy
  readonly yields?: RateLimit.Options["yields"]
  /** Requests a second of the other programs. */
  readonly others: number
  /** The seconds in which they begin and stop. Default: a minute before us, and never. */
  readonly othersFrom?: number
  readonly othersUntil?: number
  readonly seconds: number
  readonly seed: number
}

export interface Shares {
  /** Our admitted requests, of those that the others leave. */
  readonly ofFree: number
  /** Our rejected requests, of ours. */
  readonly rejected: number
  /** The others' rejected requests, of theirs. */
  readonly othersRejected: number
  /** How many of ours were admitted in each second. */
  readonly admittedBySecond: ReadonlyArray<number>
  /** How many the others left in each second. */
  readonly freeBySecond: ReadonlyArray<number>
}

/** Somebody always waits for a permit. All is counted from our first request on. */
export const share = ({
  others,
  othersFrom = -60,
  othersUntil = Number.POSITIVE_INFINITY,
  policy,
  seconds,
  seed,
  yields = {}
}: Workspace): Effect.Effect<Shares> =>
  Effect.gen(function* () {
    const begun = yield* Clock.currentTimeMillis
    const random = new PCGRandom(seed)
    const latency = () => 5 + 50 * random.number()
    const server = Server.make({
      perSecond: 100,
      perMinute: Number.POSITIVE_INFINITY,
      others,
      from: othersFrom * 1000,
      until: othersUntil * 1000,
      seed: seed + 1
    })

    const gate = yield* RateLimit.make(policy, { yields })
    const arrives = Effect.map(Clock.currentTimeMillis, (now) => server.arrive(now - begun))
    const request = Effect.suspend(() => Effect.delay(arrives, latency())).pipe(
      Effect.flatMap((admitted) =>
        Effect.delay(gate.observe({ status: admitted ? 200 : 429, retryAfter: Option.none() }), latency())
      )
    )
    yield* Effect.fork(Effect.orDie(Effect.forever(Effect.zipRight(gate.acquire, Effect.fork(request)))))
    yield* Effect.sleep(seconds * 1000)
    const sent = ({ admitted, rejected }: Server.Counted) => admitted.length + rejected.length
    const { ours, theirs } = server
    const bySecond = (times: ReadonlyArray<number>) =>
      Array.from({ length: seconds }, (_, second) => times.filter((at) => Math.floor(at / 1000) === second).length)
    return {
      ofFree: ours.admitted.length / (100 * seconds - sent(theirs)),
      rejected: ours.rejected.length / sent(ours),
      othersRejected: sent(theirs) === 0 ? 0 : theirs.rejected.length / sent(theirs),
      admittedBySecond: bySecond(ours.admitted),
      freeBySecond: bySecond([...theirs.admitted, ...theirs.rejected]).map((count) => 100 - count)
    }
  }).pipe(Effect.scoped)
