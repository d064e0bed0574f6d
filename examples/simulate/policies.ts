/** Policies to compare: those that a program might use, and some that look right. */
import { Schedule } from "effect"
import { RateLimit } from "effect-instantly"
import { slowStart as startsSlowly } from "../policies/slow-start.js"

export { half } from "../policies/half.js"

/** What the default is without `adaptive`: after a 429 nobody sends for a second. */
export { quotas } from "../timelines/sharing.js"

/** It has `adaptive` in it, as whatever is made of the default has; so a 429 needs no rest. */
export const slowStart = { policy: startsSlowly, rest: 0 }

/** The default. */
export const instantly = RateLimit.instantly

/** Gives way to other programs sooner than the default does, and comes back later. */
export const polite = {
  policy: Schedule.intersect(RateLimit.instantly, RateLimit.adaptive({ factor: 0.8, recovery: 1 })),
  rest: 0
}

/** The limit as it is documented, evenly spaced: right for the sender, too fast where latency varies. */
export const evenly = Schedule.spaced("10 millis")

/** Only 429s and the number of requests in flight hold it back. */
export const unlimited = RateLimit.unlimited
