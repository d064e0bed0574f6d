/**
 * A slow start. It begins with five requests a second, and each gap is a twentieth shorter than the one before. After about
 * sixty permits and four seconds the ramp is faster than the limit. The intersection with the limit is never faster than
 * either of the two. Each gate climbs the ramp once.
 */
import { Duration, Schedule } from "effect"
import { RateLimit } from "effect-instantly"

// In whole milliseconds, because a clock cannot sleep for a fraction of one.
export const ramp = Schedule.addDelay(Schedule.forever, (given) => Duration.millis(Math.ceil(200 * 0.95 ** given)))

export const slowStart = Schedule.intersect(RateLimit.instantly, ramp)
