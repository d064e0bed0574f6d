/** Policies to compare: those that a program might use, and some that look right. */
import { Schedule } from "effect"
import { RateLimit } from "effect-instantly"

export { half } from "../policies/half.js"
export { slowStart } from "../policies/slow-start.js"

/** The default. */
export const instantly = RateLimit.instantly

/** Gives way to other programs sooner than every gate does. */
export const polite = Schedule.intersect(RateLimit.instantly, RateLimit.adaptive({ factor: 0.8 }))

/** The limit as it is documented, evenly spaced: right for the sender, too fast where latency varies. */
export const evenly = Schedule.spaced("10 millis")

/** Only 429s and the number of requests in flight hold it back. */
export const unlimited = RateLimit.unlimited
