/**
 * Half of the workspace's limit, for one of two processes. Instantly counts a workspace's requests over all that sends
 * them, and two gates know nothing of each other: each is given its share. What is left over when the other is idle stays
 * unused; nothing less than a common store could do better.
 */
import { Schedule } from "effect"
import { RateLimit } from "effect-instantly"

/** The limit divided among this many processes. */
export const shareOf = (processes: number): RateLimit.RateLimitPolicy =>
  Schedule.intersect(
    RateLimit.quota({ limit: Math.floor(100 / processes), window: "1 second", burst: 2, jitter: "50 millis" }),
    RateLimit.quota({ limit: Math.floor(6000 / processes), window: "1 minute", burst: 2, jitter: "50 millis" })
  )

export const half = shareOf(2)
