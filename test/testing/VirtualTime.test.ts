import { describe, expect, it } from "@effect/vitest"
import { Clock, Deferred, Duration, Effect, Exit, Fiber, Schedule } from "effect"
import { VirtualTime } from "effect-instantly/testing"

const after = (...lengths: ReadonlyArray<number>) =>
  Effect.forEach(lengths, (length) => Effect.zipRight(Effect.sleep(length), Clock.currentTimeMillis), {
    concurrency: "unbounded"
  })

describe("virtual time", () => {
  it.live("begins at 0, and each sleeper wakes at its moment, whatever the order in which they began to sleep", () =>
    Effect.gen(function* () {
      expect(yield* VirtualTime.run(after(3, 1, 86_400_000, 2, 1))).toEqual([3, 1, 86_400_000, 2, 1])
    })
  )

  it.effect("passes under TestClock, too", () =>
    Effect.gen(function* () {
      expect(yield* VirtualTime.run(after(1000))).toEqual([1000])
    })
  )

  it.live("passes no faster for one who is interrupted", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        const fiber = yield* Effect.fork(Effect.sleep("1 hour"))
        yield* Effect.sleep("1 second")
        yield* Fiber.interrupt(fiber)
        yield* Effect.sleep("1 second")
        return yield* Clock.currentTimeMillis
      })
      expect(yield* VirtualTime.run(program)).toBe(2000)
    })
  )

  it.live("gives the effect's failure, and ends what never ends by a timeout", () =>
    Effect.gen(function* () {
      expect(yield* Effect.exit(VirtualTime.run(Effect.fail("made-up")))).toEqual(Exit.fail("made-up"))
      const endless = Effect.timeoutFail(Effect.never, { duration: "1 day", onTimeout: () => "too long" })
      expect(yield* Effect.flip(VirtualTime.run(endless))).toBe("too long")
    })
  )

  it.live("passes until the finalizers have run, also when it is interrupted", () =>
    Effect.gen(function* () {
      const closed: Array<number> = []
      const close = Effect.zipRight(
        Effect.sleep("1 hour"),
        Effect.map(Clock.currentTimeMillis, (now) => void closed.push(now))
      )
      const begun = yield* Deferred.make<void>()
      const program = Effect.zipRight(
        Effect.fork(Effect.ensuring(Effect.never, close)),
        Effect.ensuring(Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never), close)
      )
      const fiber = yield* Effect.fork(VirtualTime.run(program))
      yield* Deferred.await(begun)
      yield* Effect.timeout(Effect.disconnect(Fiber.interrupt(fiber)), "5 seconds")
      expect(closed).toEqual([3_600_000, 3_600_000])
    })
  )

  it.live("waits for what is not time, and goes on after it", () =>
    Effect.gen(function* () {
      const made = yield* Deferred.make<number>()
      const program = Deferred.await(made).pipe(
        Effect.zipLeft(Effect.sleep("1 hour")),
        Effect.zip(Clock.currentTimeMillis)
      )
      const fiber = yield* Effect.fork(VirtualTime.run(program))
      yield* Effect.repeatN(
        Effect.promise(() => new Promise((resume) => setImmediate(resume))),
        5
      )
      yield* Deferred.succeed(made, 1)
      expect(yield* Fiber.join(fiber)).toEqual([1, 3_600_000])
    })
  )

  it.live("never wakes whoever sleeps without an end", () =>
    Effect.gen(function* () {
      const program = Effect.sleep(Duration.infinity).pipe(
        Effect.timeoutTo({ duration: "1 day", onTimeout: () => "asleep", onSuccess: () => "awake" }),
        Effect.zip(Clock.currentTimeNanos)
      )
      expect(yield* VirtualTime.run(program)).toEqual(["asleep", 86_400_000_000_000n])
    })
  )

  it.live("is enough for ten thousand moments, each later than the last", () =>
    Effect.gen(function* () {
      const times = Effect.repeat(
        Clock.currentTimeMillis,
        Schedule.intersect(Schedule.spaced(7), Schedule.recurs(10_000))
      )
      expect(yield* VirtualTime.run(Effect.zipRight(times, Clock.currentTimeMillis))).toBe(70_000)
    })
  )
})
