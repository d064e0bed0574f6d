/**
 * The slots that this process has booked, and who may use one: a slot is a permit with a time. Whatever is decided is done
 * in the same step, as in the gate. The line of callers, and what the policy says, are left to the gate.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Feedback, RateLimitPolicy } from "../RateLimit.js"
import type { Link } from "./link.js"

/** After a command that failed, in milliseconds. */
const betweenTries = 100

/** A timer of JavaScript holds 25 days at most, so a longer wait is several sleeps. */
const longestSleep = 86_400_000

/** Somebody who waits for a permit. */
export type Caller = symbol

export interface Booking {
  /** One more caller wants a permit. */
  readonly join: () => Caller
  /** A caller has its permit, or has given up. */
  readonly leave: (caller: Caller) => void
  /**
   * Waits until there is a caller and a slot of this moment, and uses it. Where the process's own policy asks for waits,
   * `most` is 1: a slot that is booked further ahead would be too late.
   */
  readonly use: (heard: Feedback, most: number) => Effect.Effect<void>
  /** Whether the slot that was used last is too late by now. */
  readonly isLate: () => boolean
  /** Closes the gate, for this many milliseconds, in all processes. */
  readonly pause: (millis: number) => Effect.Effect<void>
  /** Waits until then. */
  readonly sleepUntil: (at: number) => Effect.Effect<void>
}

export const make = (options: {
  readonly link: Link
  readonly now: () => number
  readonly whileAway: RateLimitPolicy | undefined
  /** Milliseconds. */
  readonly lateness: number
  /** For how many milliseconds what Redis said holds. */
  readonly hold: number
}): Effect.Effect<Booking, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { hold, lateness, link, now } = options
    const scope = yield* Effect.scope
    const clock = yield* Effect.clock
    const whileAway = options.whileAway && (yield* Schedule.driver(options.whileAway))

    /** Callers with no slot, in their order. A slot that is used takes one of them out, so one who leaves then takes none. */
    const waiting = new Set<Caller>()
    let usedAt = Number.NEGATIVE_INFINITY
    /** How many slots may be booked now. */
    let most = 0
    /** The times of the slots that are booked, earliest first. */
    let booked: ReadonlyArray<number> = []
    let epoch: number | undefined
    let confirmedAt = Number.NEGATIVE_INFINITY
    let pausedUntil = Number.NEGATIVE_INFINITY
    let isAway = false
    /** How often Redis was asked for nothing but its time, since its clock was last forgotten. */
    let looks = 0
    /** How many slots in a row were too late. */
    let late = 0
    const toBook = Effect.unsafeMakeLatch()
    const toUse = Effect.unsafeMakeLatch()
    const isBack = Effect.unsafeMakeLatch()

    const changed = () => {
      toBook.unsafeOpen()
      toUse.unsafeOpen()
    }

    const sleep = (millis: number) => clock.sleep(Duration.millis(millis))
    const sleepUntil = (at: number): Effect.Effect<void> =>
      Effect.suspend(() => {
        const millis = Math.ceil(at - now())
        return millis > 0 ? Effect.zipRight(sleep(Math.min(millis, longestSleep)), sleepUntil(at)) : Effect.void
      })

    const ask = (slots: number, pause = 0) =>
      Effect.map(link.run({ slots, pause }), (reply) => {
        isAway = Option.isNone(reply)
        if (Option.isSome(reply)) {
          if (epoch !== reply.value.epoch) booked = []
          epoch = reply.value.epoch
          confirmedAt = reply.value.askedAt
          booked = [...booked, ...reply.value.slots.filter((at) => at >= pausedUntil)]
          isBack.unsafeOpen()
        } else isBack.unsafeClose()
        changed()
        return Option.isSome(reply) && (slots === 0 || reply.value.slots.length > 0)
      })

    const askPatiently = (slots: number) =>
      Effect.flatMap(ask(slots), (isDone) => (isDone ? Effect.void : sleep(betweenTries)))

    const book = Effect.suspend(() => {
      if (pausedUntil > now()) return sleepUntil(pausedUntil)
      const slots = Math.min(waiting.size, most) - booked.length
      // Before the first slot, so that a reply which happened to be slow does not tell the time of it.
      if (slots > 0 && looks < 3 && link.shortest() > lateness) {
        looks++
        return askPatiently(0)
      }
      if (slots > 0 || isAway) return askPatiently(Math.max(0, slots))
      toBook.unsafeClose()
      return toBook.await
    })
    yield* book.pipe(Effect.forever, Effect.interruptible, Effect.forkScoped)

    const spend = (at: number) => {
      const [first] = waiting
      if (first !== undefined) waiting.delete(first)
      most = 0
      late = 0
      usedAt = at
    }

    /** After two in a row it asks for the time anew: where the way to Redis, or its clock, has changed, every slot could be late. */
    const wasLate = () => {
      late += 1
      if (late < 2) return
      late = 0
      looks = 0
      link.forget()
    }

    /** Whether the policy for when Redis is away gave a permit, before Redis was back. */
    const awayPermit = (driver: Schedule.ScheduleDriver<unknown, Feedback>, heard: Feedback) =>
      Effect.raceFirst(
        Effect.as(isBack.await, false),
        // Once it has ended, or died, only Redis can help.
        driver.next(heard).pipe(
          Effect.as(true),
          Effect.catchAllCause(() => Effect.never)
        )
      )

    const useNext = (heard: Feedback): Effect.Effect<void> =>
      Effect.suspend(() => {
        const again = Effect.suspend(() => useNext(heard))
        const after = (wait: Effect.Effect<void>) => Effect.zipRight(wait, again)
        const [at] = booked
        if (pausedUntil > now()) return after(sleepUntil(pausedUntil))
        if (waiting.size > 0 && at === undefined && isAway && whileAway !== undefined) {
          return Effect.flatMap(awayPermit(whileAway, heard), (isGiven) => {
            if (!isGiven || waiting.size === 0 || pausedUntil > now()) return again
            spend(now())
            return Effect.void
          })
        }
        if (waiting.size === 0 || at === undefined) {
          toUse.unsafeClose()
          return after(toUse.await)
        }
        // By then too much may have happened in Redis: shortly before, ask again whether the slot is still there.
        if (at - confirmedAt > hold) return after(Effect.zipRight(sleepUntil(at - hold / 2), askPatiently(0)))
        if (at > now()) return after(sleepUntil(at))
        booked = booked.slice(1)
        changed()
        if (now() - at > lateness) {
          wasLate()
          return again
        }
        if (now() - confirmedAt > hold) return again
        spend(at)
        return Effect.void
      })

    const tell = (until: number): Effect.Effect<void> =>
      Effect.suspend(() => {
        const left = until - now()
        if (left <= 0) return Effect.void
        return Effect.flatMap(ask(0, left), (isDone) =>
          isDone ? Effect.void : Effect.zipRight(sleep(betweenTries), tell(until))
        )
      })

    return {
      join: () => {
        const caller = Symbol()
        waiting.add(caller)
        changed()
        return caller
      },
      leave: (caller) => {
        waiting.delete(caller)
      },
      use: (heard, atMost) =>
        Effect.suspend(() => {
          most = atMost
          changed()
          return useNext(heard)
        }),
      isLate: () => now() - usedAt > lateness,
      pause: (millis) =>
        Effect.suspend(() => {
          const until = now() + millis
          if (millis <= 0 || until <= pausedUntil) return Effect.void
          pausedUntil = until
          booked = []
          return Effect.asVoid(Effect.forkIn(tell(until), scope))
        }),
      sleepUntil
    }
  })
