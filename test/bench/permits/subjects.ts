/** The gates whose CPU is compared, each at 100 permits a second. */
import { Effect, RateLimiter, type Scope } from "effect"
import { RateLimit } from "effect-instantly"

export interface Subject {
  readonly name: string
  readonly acquire: Effect.Effect<Effect.Effect<void>, never, Scope.Scope>
  /** With how many callers it is measured. */
  readonly callers: ReadonlyArray<number>
  /** How many permits a measurement gives at least, in as many rounds as that takes. */
  readonly permits: number
  readonly rounds: number
}

const others = (algorithm: "token-bucket" | "fixed-window") =>
  Effect.map(RateLimiter.make({ limit: 100, interval: "1 second", algorithm }), (limited) => limited(Effect.void))

/** No gate at all: a fiber that sleeps wakes one caller after another. So much do callers and the clock take by themselves. */
const woken = Effect.gen(function* () {
  const waiting: Array<() => void> = []
  const wakeOne = Effect.sync(() => waiting.shift()?.())
  yield* Effect.forkScoped(Effect.forever(Effect.zipRight(wakeOne, Effect.sleep("11 millis"))))
  return Effect.async<void>((resume) => {
    waiting.push(() => resume(Effect.void))
  })
})

export const subjects: ReadonlyArray<Subject> = [
  {
    name: "RateLimit.instantly",
    acquire: Effect.map(RateLimit.make(RateLimit.instantly), ({ acquire }) => Effect.orDie(acquire)),
    callers: [100, 1000, 8000],
    permits: 8000,
    rounds: 5
  },
  {
    name: "callers and the clock alone",
    acquire: woken,
    callers: [100, 1000, 8000],
    permits: 8000,
    rounds: 5
  },
  {
    name: "effect/RateLimiter, token bucket",
    acquire: others("token-bucket"),
    // Each permit wakes all who wait: more than a thousand would take minutes, and 4,000 more memory than Node has.
    callers: [100, 1000],
    permits: 1000,
    rounds: 3
  },
  {
    name: "effect/RateLimiter, fixed window",
    acquire: others("fixed-window"),
    callers: [100, 1000, 8000],
    permits: 8000,
    rounds: 3
  }
]
