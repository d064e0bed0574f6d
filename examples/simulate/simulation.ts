/**
 * A policy on the real gate, in virtual time, against a server that counts strictly: a batch of requests, so many of them in
 * flight. A request that is rejected is sent again, with a permit of its own, until it is admitted.
 */
import { Clock, Duration, Effect, Logger, LogLevel, Option, Random, Schedule } from "effect"
import { PCGRandom } from "effect/Utils"
import { RateLimit } from "effect-instantly"
import { VirtualTime } from "effect-instantly/testing"
import * as Server from "./server.js"

export const perSecond = 100
export const perMinute = 6000

/** The least time that a request, or a response, is under way: milliseconds. */
export const latency = 5

export interface Workspace {
  readonly requests: number
  readonly inFlight: number
  /** How much longer than the least a request, or a response, can be under way: milliseconds. */
  readonly jitter: number
  /** How many requests a second the other programs send. */
  readonly others: number
  readonly seed: number
}

export interface Simulated {
  readonly name: string
  readonly permits: number
  readonly ours: Server.Counted
  /** What the other programs sent in the same time. */
  readonly theirs: Server.Counted
  /** The most that arrived in any second, and in any minute. */
  readonly worst: { readonly second: number; readonly minute: number }
  /** Milliseconds, until the last response. */
  readonly took: number
  /** What the policy and its gate logged as warnings, and how they ended. */
  readonly problems: ReadonlyArray<string>
}

const isPolicy = (value: unknown): value is RateLimit.RateLimitPolicy => Schedule.isSchedule(value)

/** The policies that a module exports, by their names. The other exports are left alone. */
export const policiesOf = (
  exports: object
): ReadonlyArray<readonly [name: string, policy: RateLimit.RateLimitPolicy]> =>
  Object.entries(exports).flatMap(([name, value]: readonly [string, unknown]) =>
    isPolicy(value) ? [[name, value] as const] : []
  )

/** A batch is given up after this many permits for each of its requests. */
const mostPermits = 10

/** A batch is given up after this time. */
const longest = "1 day"

export const simulate = (
  name: string,
  policy: RateLimit.RateLimitPolicy,
  { inFlight, jitter, others, requests, seed }: Workspace
): Effect.Effect<Simulated> =>
  Effect.gen(function* () {
    const server = Server.make({ perSecond, perMinute, others, seed })
    // Not the numbers that the others have: they send at the same times whatever the policy does.
    const random = new PCGRandom(seed + 1)
    const underWay = Effect.suspend(() => Effect.sleep(latency + jitter * random.number()))
    const problems = new Set<string>()
    const warnings = Logger.make<unknown, void>(({ logLevel, message }) => {
      if (LogLevel.greaterThanEqual(logLevel, LogLevel.Warning)) problems.add(String(message))
    })
    let permits = 0
    let left = requests

    const batch = Effect.gen(function* () {
      const gate = yield* RateLimit.make(policy)
      const send = Effect.gen(function* () {
        yield* gate.acquire
        permits++
        yield* underWay
        const isAdmitted = server.arrive(yield* Clock.currentTimeMillis)
        yield* underWay
        yield* gate.observe({ status: isAdmitted ? 200 : 429, retryAfter: Option.none() })
        return isAdmitted
      })
      const caller = Effect.gen(function* () {
        while (left > 0 && permits < mostPermits * requests) {
          left--
          if (!(yield* send)) left++
        }
      }).pipe(
        Effect.catchTag("PermitRefused", ({ message }) =>
          // A policy that died has been logged.
          Effect.sync(() => void (problems.size === 0 && problems.add(message)))
        )
      )
      yield* Effect.replicateEffect(caller, inFlight, { concurrency: "unbounded", discard: true })
    }).pipe(Effect.scoped)

    const [took] = yield* Effect.timeoutOption(batch, longest).pipe(
      Effect.timed,
      VirtualTime.run,
      Effect.withRandom(Random.make(seed)),
      Effect.provide(Logger.replace(Logger.defaultLogger, warnings))
    )
    return {
      name,
      permits,
      ours: server.ours,
      theirs: server.theirs,
      worst: server.worst(),
      took: Duration.toMillis(took),
      problems: [...problems]
    }
  })
