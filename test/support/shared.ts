/**
 * A workspace that others use, too, in virtual time: a server that admits 100 requests in any second, other programs that
 * send at random, and a gate whose requests take 5 to 55 milliseconds each way.
 */
import { Effect, Option } from "effect"
import { PCGRandom } from "effect/Utils"
import { RateLimit } from "effect-instantly"

export interface Workspace {
  readonly policy: RateLimit.RateLimitPolicy
  readonly rest: number
  /** Requests a second of the other programs. */
  readonly others: number
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
}

const slidingSecond = () => {
  const admitted: Array<number> = []
  return (now: number): boolean => {
    while (admitted[0] !== undefined && admitted[0] <= now - 1000) admitted.shift()
    if (admitted.length >= 100) return false
    admitted.push(now)
    return true
  }
}

/** Both send from the start, and all is counted from the first second on. */
export const share = ({ others, policy, rest, seconds, seed }: Workspace): Effect.Effect<Shares> =>
  Effect.gen(function* () {
    const clock = yield* Effect.clock
    const random = new PCGRandom(seed)
    const latency = () => 5 + 50 * random.number()
    const admits = slidingSecond()
    const ours = { sent: 0, rejected: 0 }
    const theirs = { sent: 0, rejected: 0 }
    const arrives = (whose: { sent: number; rejected: number }) =>
      Effect.sync(() => {
        const admitted = admits(clock.unsafeCurrentTimeMillis())
        whose.sent++
        if (!admitted) whose.rejected++
        return admitted
      })

    const gate = yield* RateLimit.make(policy, { rest })
    const request = Effect.suspend(() => Effect.delay(arrives(ours), latency())).pipe(
      Effect.flatMap((admitted) =>
        Effect.delay(gate.heard({ status: admitted ? 200 : 429, retryAfter: Option.none() }), latency())
      )
    )
    const send = Effect.forever(Effect.zipRight(gate.acquire, Effect.fork(request)))
    const others_ = Effect.forever(
      Effect.suspend(() => Effect.delay(arrives(theirs), (-1000 * Math.log(1 - random.number())) / others))
    )
    if (others > 0) yield* Effect.fork(others_)
    yield* Effect.sleep("1 second")
    Object.assign(theirs, { sent: 0, rejected: 0 })
    yield* Effect.fork(Effect.orDie(send))
    yield* Effect.sleep(seconds * 1000)
    return {
      ofFree: (ours.sent - ours.rejected) / (100 * seconds - theirs.sent),
      rejected: ours.rejected / ours.sent,
      othersRejected: theirs.sent === 0 ? 0 : theirs.rejected / theirs.sent
    }
  }).pipe(Effect.scoped)
