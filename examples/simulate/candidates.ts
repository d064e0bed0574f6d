/**
 * The policies that a module exports. An export is a policy, which is a `Schedule`, or an object that says what its gate
 * does beside it. The other exports of the module are left alone.
 */
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { Effect, Predicate, Schedule } from "effect"
import { RateLimit } from "effect-instantly"
import { WrongUsage } from "./options.js"

/** A policy, and what its gate does beside it. */
export interface Options extends RateLimit.Options {
  readonly policy: RateLimit.RateLimitPolicy
}

export interface Candidate {
  readonly name: string
  readonly policy: RateLimit.RateLimitPolicy
  readonly options: RateLimit.Options
}

const isPolicy = (value: unknown): value is RateLimit.RateLimitPolicy => Schedule.isSchedule(value)

const isOptions = (value: unknown): value is Options => Predicate.hasProperty(value, "policy") && isPolicy(value.policy)

/** In the order of their names, as a module has its exports. */
export const candidatesOf = (exports: object): ReadonlyArray<Candidate> =>
  Object.entries(exports).flatMap(([name, value]: readonly [string, unknown]): ReadonlyArray<Candidate> => {
    // As `Instantly.layer` has it: a 429 closes the gate for a second, except for `RateLimit.instantly`, which slows down by
    // itself.
    if (isPolicy(value)) return [{ name, policy: value, options: value === RateLimit.instantly ? { rest: 0 } : {} }]
    if (!isOptions(value)) return []
    const { policy, ...options } = value
    return [{ name, policy, options }]
  })

export const load = (path: string): Effect.Effect<ReadonlyArray<Candidate>, WrongUsage> =>
  Effect.tryPromise({
    try: (): Promise<object> => import(pathToFileURL(resolve(path)).href),
    catch: (error) => new WrongUsage({ message: `${path} could not be loaded. ${String(error).split("\n")[0]}` })
  }).pipe(
    Effect.map(candidatesOf),
    Effect.filterOrFail(
      (candidates) => candidates.length > 0,
      () =>
        new WrongUsage({ message: `${path} exports no policy. A policy is a Schedule, or { policy, rest, maxPause }.` })
    )
  )
