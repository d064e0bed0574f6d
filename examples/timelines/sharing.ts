/**
 * A policy beside another program that uses the same limit, step by step: the policy decides when each request leaves, a
 * server that admits 100 in any second decides which are rejected, and what it says is heard a little later.
 */
import { Effect, Schedule, ScheduleDecision, ScheduleIntervals } from "effect"
import { PCGRandom } from "effect/Utils"
import { RateLimit } from "effect-instantly"
import * as Server from "../simulate/server.js"
import { noFeedback } from "./stepping.js"

/** From a request's arrival until its response is heard. */
const latency = 40

export interface Workspace {
  readonly policy: RateLimit.RateLimitPolicy
  /** How long a 429 closes the gate. */
  readonly rest: number
  /** How many requests a second the others send, at each moment. */
  readonly others: (at: number) => number
  readonly until: number
}

/** When the others send: at random, but the same each time. */
const arrivals = (others: Workspace["others"], until: number) => {
  const random = new PCGRandom(7)
  const times: Array<number> = []
  for (let at = 0; at < until; at++) if (random.number() < others(at) / 1000) times.push(at)
  return times
}

/** When our requests arrive that are admitted. */
export const admitted = ({ others, policy, rest, until }: Workspace): Effect.Effect<ReadonlyArray<number>> =>
  Effect.gen(function* () {
    const server = Server.make({ perSecond: 100, perMinute: Number.POSITIVE_INFINITY, others: 0, seed: 0 })
    const theirs = arrivals(others, until)
    const ours: Array<number> = []
    let responses: Array<{ readonly at: number; readonly is429: boolean }> = []
    let next = 0
    let state: unknown = policy.initial
    for (let at = 0; at < until; ) {
      for (; (theirs[next] ?? until) <= at; next++) server.arrive(theirs[next] ?? until)
      const isAdmitted = server.arrive(at)
      if (isAdmitted) ours.push(at)
      const heard = responses.filter((response) => response.at <= at)
      responses = [...responses.filter((response) => response.at > at), { at: at + latency, is429: !isAdmitted }]
      const throttled = heard.filter(({ is429 }) => is429).length
      const told: RateLimit.Heard = { ...noFeedback, admitted: heard.length - throttled, throttled }
      const [following, , decision] = yield* policy.step(at, told, state)
      state = following
      if (ScheduleDecision.isDone(decision)) return ours
      at = Math.max(at, ScheduleIntervals.start(decision.intervals))
      // A 429 that is heard meanwhile closes the gate: from when it is heard on, for its rest.
      for (const { at: heardAt, is429 } of responses) {
        if (is429 && rest > 0 && heardAt <= at) at = Math.max(at, heardAt + rest)
      }
    }
    return ours
  })

/** What Instantly's quotas are without `adaptive`. */
export const quotas = RateLimit.instantlyQuotas.reduce<RateLimit.RateLimitPolicy>(
  (policy, options) => Schedule.intersect(policy, RateLimit.quota(options)),
  RateLimit.unlimited
)
