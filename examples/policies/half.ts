/**
 * Half of the workspace's limit, for one of two processes. Instantly counts the requests of the whole workspace, and two
 * gates do not know about each other, so each gets its share. What an idle process leaves unused stays unused.
 * `RedisRateLimit` shares that, too.
 */
import { Schedule } from "effect"
import { RateLimit } from "effect-instantly"

/** The limit, divided by this many processes. */
export const shareOf = (processes: number): RateLimit.RateLimitPolicy =>
  Schedule.intersect(
    RateLimit.quota({ limit: Math.floor(100 / processes), window: "1 second", burst: 2, jitter: "50 millis" }),
    RateLimit.quota({ limit: Math.floor(6000 / processes), window: "1 minute", burst: 2, jitter: "50 millis" })
  )

export const half = shareOf(2)
