/** `instantly` is one schedule. It must decide what the schedules that it is made of decide together. */
import { describe, expect } from "@effect/vitest"
import { Effect, FastCheck, Option, Schedule, ScheduleDecision, ScheduleIntervals } from "effect"
import { RateLimit } from "effect-instantly"
import { lawOfSteps } from "../support/laws.js"

const { array, double, integer, record } = FastCheck

const intersected = RateLimit.instantlyQuotas.reduce<RateLimit.RateLimitPolicy>(
  (policy, options) => Schedule.intersect(policy, RateLimit.quota(options)),
  RateLimit.adaptive()
)

/** When callers come, after the permit before theirs was due, and what has been heard since that was given. */
const histories = array(
  record({
    after: double({ min: -20, max: 200, noNaN: true }),
    admitted: integer({ min: 0, max: 3 }),
    throttled: integer({ min: -3, max: 2 }).map((n) => Math.max(0, n))
  }),
  { minLength: 1, maxLength: 200, size: "max" }
)

describe("instantly", () => {
  lawOfSteps("admits each permit when its quotas and adaptive, intersected, admit it", histories, (history) =>
    Effect.gen(function* () {
      let now = 1_000_000
      let one: unknown = RateLimit.instantly.initial
      let other: unknown = intersected.initial
      for (const { after, ...counts } of history) {
        now += after
        const heard: RateLimit.Heard = { ...counts, retryAfter: Option.none() }
        const [next, , decision] = yield* RateLimit.instantly.step(now, heard, one)
        const [nextOther, , decisionOther] = yield* intersected.step(now, heard, other)
        expect(decision).toEqual(decisionOther)
        if (ScheduleDecision.isContinue(decision)) now = ScheduleIntervals.start(decision.intervals)
        one = next
        other = nextOther
      }
    })
  )
})
