/**
 * A server that admits so many requests in any second and in any minute, and other programs that use the same limits. They
 * send at random (Poisson) and do not try again. They are counted from when our time begins.
 */
import { PCGRandom } from "effect/Utils"

export interface Load {
  readonly perSecond: number
  readonly perMinute: number
  /** How many requests a second the other programs send. */
  readonly others: number
  /** When they begin and when they stop, in milliseconds. Default: a minute before us, and never. */
  readonly from?: number
  readonly until?: number
  readonly seed: number
}

/** When requests arrived, in milliseconds. */
export interface Counted {
  readonly admitted: Array<number>
  readonly rejected: Array<number>
}

const [second, minute] = [1000, 60_000]

/** How many of the times that it was given, in their order, lie in the last `length` milliseconds. */
const latest = (length: number) => {
  const times: Array<number> = []
  let first = 0
  return {
    add: (at: number) => void times.push(at),
    count: (now: number) => {
      while ((times[first] ?? now) <= now - length) first++
      return times.length - first
    }
  }
}

const limited = (limit: number, length: number) => {
  const arrived = latest(length)
  const admitted = latest(length)
  let fullest = 0
  return {
    arrive: (now: number) => {
      arrived.add(now)
      fullest = Math.max(fullest, arrived.count(now))
    },
    admits: (now: number) => admitted.count(now) < limit,
    admit: admitted.add,
    fullest: () => fullest
  }
}

export const make = ({
  from = -minute,
  others,
  perMinute,
  perSecond,
  seed,
  until = Number.POSITIVE_INFINITY
}: Load) => {
  const random = new PCGRandom(seed)
  const inASecond = limited(perSecond, second)
  const inAMinute = limited(perMinute, minute)
  const limits = [inASecond, inAMinute]
  const ours: Counted = { admitted: [], rejected: [] }
  const theirs: Counted = { admitted: [], rejected: [] }

  const arrive = (now: number) => {
    for (const limit of limits) limit.arrive(now)
    const isAdmitted = limits.every((limit) => limit.admits(now))
    if (isAdmitted) for (const limit of limits) limit.admit(now)
    return isAdmitted
  }

  const nextOther = (after: number) => {
    const next = others === 0 ? Number.POSITIVE_INFINITY : after - (1000 * Math.log(1 - random.number())) / others
    return next < until ? next : Number.POSITIVE_INFINITY
  }
  let other = nextOther(from)

  return {
    ours,
    theirs,
    /** The most that arrived in any second, and in any minute, whoever sent it and whether or not it was admitted. */
    worst: () => ({ second: inASecond.fullest(), minute: inAMinute.fullest() }),
    /** Whether a request of ours is admitted, after all that the others sent before it. No call is earlier than the last. */
    arrive: (now: number): boolean => {
      for (; other <= now; other = nextOther(other)) {
        const isAdmitted = arrive(other)
        if (other >= 0) theirs[isAdmitted ? "admitted" : "rejected"].push(other)
      }
      const isAdmitted = arrive(now)
      ours[isAdmitted ? "admitted" : "rejected"].push(now)
      return isAdmitted
    }
  }
}
