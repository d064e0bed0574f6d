/** What is required of this library's rate limit, and whether measurements meet it. */
import { Either } from "effect"
import type { Judgement } from "./judge.js"

export const instantly = "RateLimit.instantly"
export const matched = "RateLimit.quota, jitter 200 ms"
export const anyLatency = "RateLimit.quota, at most 10 in flight"

export interface Measured extends Judgement {
  readonly requests: number
  /** From the first call, which may be long before the first arrival, until the last response. */
  readonly seconds: number
  /** By how many milliseconds the timers of the server were late: 99 in 100 of them by no more. */
  readonly late: number
}

/** What came of one contender under one latency, or why nothing did. */
export interface Result {
  readonly contender: string
  readonly latency: string
  readonly measured: Either.Either<Measured, string>
}

/** The least of these that this share of them does not exceed. */
export const percentile = (values: ReadonlyArray<number>, share: number): number =>
  [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)] ?? 0

/** Deleted in a second, while requests arrived: what was rejected is not. */
export const throughput = ({ rejected, arriving, requests }: Measured): number => (requests - rejected) / arriving

/**
 * The server does next to nothing: where its timers are late, the machine has no time for it, nor for the client. So busy a
 * machine proves nothing of a pace; a rejection it does not excuse.
 */
export const isTooBusy = ({ late }: { readonly late: number }) => late > 5

export interface Requirement {
  readonly says: string
  readonly about: (result: Result) => boolean
  /** Deleted in a second at least. */
  readonly pace: number
}

export const requirements: ReadonlyArray<Requirement> = [
  {
    says: `${instantly}, latency that varies by up to 50 ms: no rejection, and at least 90 a second`,
    about: ({ contender, latency }) => contender === instantly && ["5 ms", "50 ms"].includes(latency),
    pace: 90
  },
  {
    says: `${matched}, latency that varies by 200 ms: no rejection`,
    about: ({ contender, latency }) => contender === matched && latency === "200 ms",
    pace: 0
  },
  {
    says: `${anyLatency}, any latency: no rejection`,
    about: ({ contender }) => contender === anyLatency,
    pace: 0
  }
]

export type Verdict = "holds" | "falls short" | "the machine is too busy" | "not measured"

const verdictOf = ({ pace }: Requirement, measured: Measured): Verdict => {
  if (measured.rejected > 0) return "falls short"
  if (throughput(measured) >= pace) return "holds"
  return isTooBusy(measured) ? "the machine is too busy" : "falls short"
}

export const worst = (verdicts: ReadonlyArray<Verdict>): Verdict =>
  (["falls short", "the machine is too busy", "holds"] as const).find((verdict) => verdicts.includes(verdict)) ??
  "not measured"

/** The worst of what the measurements that a requirement is about say of it. */
export const judge = (requirement: Requirement, results: ReadonlyArray<Result>): Verdict => {
  const verdicts = results.filter(requirement.about).map(({ measured }) =>
    Either.match(measured, {
      onLeft: (): Verdict => "falls short",
      onRight: (some) => verdictOf(requirement, some)
    })
  )
  return worst(verdicts)
}
