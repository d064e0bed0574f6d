/**
 * A policy on the real gate, in virtual time, against a server that counts strictly: a batch of requests, so many of them in
 * flight. A request that is rejected is sent again, with a permit of its own, until it is admitted.
 */
import { Duration, Effect, Logger, LogLevel, Option, Random } from "effect"
import { PCGRandom } from "effect/Utils"
import { RateLimit } from "effect-instantly"
import { VirtualTime } from "effect-instantly/testing"
import type { Candidate } from "./candidates.js"
import * as Server from "./server.js"

export interface Workspace extends Server.Load {
  readonly requests: number
  readonly inFlight: number
  /** The least time that a request, or a response, is under way: milliseconds. */
  readonly latency: number
  /** How much longer it can be: milliseconds. */
  readonly jitter: number
}

export interface Simulated {
  readonly name: string
  readonly permits: number
  readonly ours: Server.Counted
  /** What the other programs sent meanwhile. */
  readonly theirs: Server.Counted
  /** The most that arrived in any second, and in any minute. */
  readonly worst: { readonly second: number; readonly minute: number }
  /** Milliseconds, until the last response. */
  readonly took: number
  /** What the policy and its gate warned of, and how they ended. */
  readonly problems: ReadonlyArray<string>
}

/** A batch is given up after this many permits for each of its requests. */
const mostPermits = 10

/** A batch is given up after this time. */
const longest = "1 day"

export const simulate = ({ name, options, policy }: Candidate, workspace: Workspace): Effect.Effect<Simulated> =>
  Effect.gen(function* () {
    const server = Server.make(workspace)
    // Not the numbers that the others have: they send at the same times whatever the policy does.
    const random = new PCGRandom(workspace.seed + 1)
    const latency = () => workspace.latency + workspace.jitter * random.number()
    const problems = new Set<string>()
    const warnings = Logger.make<unknown, void>(({ logLevel, message }) => {
      if (LogLevel.greaterThanEqual(logLevel, LogLevel.Warning)) problems.add(String(message))
    })
    let permits = 0
    let left = workspace.requests

    const batch = Effect.gen(function* () {
      const clock = yield* Effect.clock
      const gate = yield* RateLimit.make(policy, options)
      const send = Effect.gen(function* () {
        yield* gate.acquire
        permits++
        yield* Effect.sleep(latency())
        const isAdmitted = server.arrive(clock.unsafeCurrentTimeMillis())
        yield* Effect.sleep(latency())
        yield* gate.heard({ status: isAdmitted ? 200 : 429, retryAfter: Option.none() })
        return isAdmitted
      })
      const caller = Effect.gen(function* () {
        while (left > 0 && permits < mostPermits * workspace.requests) {
          left--
          if (!(yield* send)) left++
        }
      }).pipe(
        Effect.catchTag("PermitRefused", ({ message }) =>
          // A policy that died has been logged.
          Effect.sync(() => void (problems.size === 0 && problems.add(message)))
        )
      )
      yield* Effect.replicateEffect(caller, workspace.inFlight, { concurrency: "unbounded", discard: true })
    }).pipe(
      Effect.scoped,
      Effect.catchAllDefect((defect) => Effect.sync(() => void problems.add(String(defect))))
    )

    const [took] = yield* Effect.timeoutOption(batch, longest).pipe(
      Effect.timed,
      VirtualTime.run,
      Effect.withRandom(Random.make(workspace.seed)),
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
