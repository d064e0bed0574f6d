/**
 * Half of the workspace's limit, for one of two processes. Instantly counts the requests of the whole workspace, and two
 * gates do not know about each other, so each gets its share. What an idle process leaves unused stays unused.
 * `RedisRateLimit` shares that, too.
 */
import { RateLimit } from "effect-instantly"

/** The limit of 100 a second, divided by this many processes. Sixty such seconds stay within 6,000 a minute. */
export const shareOf = (processes: number): RateLimit.RateLimitPolicy =>
  RateLimit.quota({ limit: Math.floor(100 / processes), window: "1 second", burst: 2, jitter: "50 millis" })

export const half = shareOf(2)
