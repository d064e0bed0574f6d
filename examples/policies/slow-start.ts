/**
 * A slow start: five requests a second at first, each gap a twentieth shorter than the one before, until after about sixty
 * permits and four seconds the limit itself is what rules. The ramp is a schedule of one line; the intersection makes it
 * a policy that is never faster than either. It is climbed once for each gate, and does not go back.
 */
import { Duration, Schedule } from "effect"
import { RateLimit } from "effect-instantly"

// Whole milliseconds: a clock of whole ones never sleeps through a fraction.
export const ramp = Schedule.addDelay(Schedule.forever, (given) => Duration.millis(Math.ceil(200 * 0.95 ** given)))

export const slowStart = Schedule.intersect(RateLimit.instantly, ramp)
