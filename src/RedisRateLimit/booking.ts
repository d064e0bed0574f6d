/**
 * The slots that this process has booked: a slot is the right to send one request at a time that Redis chose. The gate
 * keeps the line of callers and runs the policy.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Feedback, RateLimitPolicy } from "../RateLimit.js"
import type { Link } from "./link.js"
import * as Script from "./script.js"

/** The most slots that are booked ahead, and so the most permits per round trip to Redis. */
const ahead = 2

/** The pause after a failed command, in milliseconds. */
const betweenTries = 100

/** A JavaScript timer holds 25 days at most, so a longer wait is several sleeps. */
const longestSleep = 2 ** 31 - 1

/** All times are milliseconds of this process's clock. */
export interface Slot {
  readonly at: number
  /** The epoch that it was booked in. Slots that `whileAway` gave have none. */
  readonly epoch?: number
}

export interface Booking {
  /**
   * Waits for a slot whose time has come.
   *
   * @param most how many callers could leave now, if each had a slot.
   */
  readonly take: (feedback: Feedback, most: number) => Effect.Effect<Slot>
  /** Whether it is too late to use a slot. */
  readonly isLate: (slot: Slot) => Effect.Effect<boolean>
  /** Closes the gate, for this many milliseconds, in all processes. */
  readonly pause: (millis: number) => Effect.Effect<void>
}

export const make = (options: {
  readonly link: Link
  readonly now: Effect.Effect<number>
  readonly whileAway: RateLimitPolicy | undefined
}): Effect.Effect<Booking, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { link, now } = options
    const scope = yield* Effect.scope
    const clock = yield* Effect.clock
    const whileAway = options.whileAway && (yield* Schedule.driver(options.whileAway))
    const oneAtATime = yield* Effect.makeSemaphore(1)

    /** Slots in order of time, without the one that `take` waits for. Void ones stay until `take` reaches them. */
    const booked = yield* Queue.unbounded<Slot>()
    /** How many slots should be booked. */
    const wanted = yield* Queue.sliding<number>(1)
    const isAway = yield* Effect.makeLatch()
    let epoch = 0
    let confirmedAt = Number.NEGATIVE_INFINITY
    let pausedUntil = Number.NEGATIVE_INFINITY
    let lateInARow = 0

    const sleepUntil = (time: () => number): Effect.Effect<void> =>
      Effect.flatMap(now, (now) => {
        const millis = Math.ceil(time() - now)
        if (millis <= 0) return Effect.void
        return Effect.zipRight(clock.sleep(Duration.millis(Math.min(millis, longestSleep))), sleepUntil(time))
      })

    const isLate = ({ at }: Slot) => Effect.map(now, (now) => now - at > Script.lateness)
    const isVoid = (slot: Slot) => slot.at < pausedUntil || (slot.epoch !== undefined && slot.epoch !== epoch)

    /** Sends a command. The result says whether Redis booked all of its slots. */
    const send = (command: Script.Command) =>
      Effect.gen(function* () {
        const reply = yield* link.run(command)
        if (Option.isNone(reply)) {
          yield* isAway.open
          return false
        }
        const { sentAt, slots } = reply.value
        epoch = reply.value.epoch
        confirmedAt = sentAt
        yield* isAway.close
        yield* Queue.offerAll(
          booked,
          slots.map((at) => ({ at, epoch: reply.value.epoch }))
        )
        return slots.length === command.slots
      }).pipe(oneAtATime.withPermits(1))

    const book = (count: number) =>
      Effect.flatMap(Queue.size(booked), (size) => {
        // The size is negative while `take` waits.
        const slots = count - Math.max(0, size)
        return slots > 0 ? send({ slots, pause: 0 }) : Effect.succeed(true)
      }).pipe(Effect.repeat({ until: (isDone) => isDone, schedule: Schedule.spaced(betweenTries) }))

    yield* Queue.take(wanted).pipe(Effect.flatMap(book), Effect.forever, Effect.interruptible, Effect.forkScoped)

    /** A slot of `whileAway`. Once that policy has ended or died, only Redis gives slots. */
    const fromPolicy = (policy: Schedule.ScheduleDriver<unknown, Feedback>, feedback: Feedback) =>
      isAway.await.pipe(
        Effect.zipRight(policy.next(feedback)),
        Effect.zipRight(now),
        Effect.map((at): Slot => ({ at })),
        Effect.catchAllCause(() => Effect.never)
      )

    /** The next slot that can still be used. Books as many more as callers can use soon. */
    const next = (feedback: Feedback, most: number) =>
      Effect.gen(function* () {
        let slot = yield* Queue.poll(booked)
        while (Option.isSome(slot) && (isVoid(slot.value) || (yield* isLate(slot.value)))) {
          slot = yield* Queue.poll(booked)
        }
        const soon = Math.min(most, ahead)
        yield* Queue.offer(wanted, Option.isSome(slot) ? soon - 1 : soon)
        if (Option.isSome(slot)) return slot.value
        const fromRedis = Queue.take(booked)
        return yield* whileAway ? Effect.raceFirst(fromRedis, fromPolicy(whileAway, feedback)) : fromRedis
      })

    /** Waits until the slot's time has come. */
    const due = (slot: Slot) =>
      Effect.gen(function* () {
        // Much can happen in Redis until then, so check shortly before that the slot is still valid.
        if (slot.at - confirmedAt > Script.hold) {
          yield* sleepUntil(() => slot.at - Script.hold / 2)
          yield* send({ slots: 0, pause: 0 })
        }
        yield* sleepUntil(() => slot.at)
      })

    /** Whether a slot that is due can be used. */
    const isUsable = (slot: Slot) =>
      Effect.gen(function* () {
        if (isVoid(slot) || (yield* now) - confirmedAt > Script.hold) return false
        if (!(yield* isLate(slot))) {
          lateInARow = 0
          return true
        }
        lateInARow += 1
        // The route to Redis or its clock may have changed, and then every slot would be late.
        if (lateInARow % 2 === 0) link.forgetClock()
        return false
      })

    const take = (feedback: Feedback, most: number) =>
      Effect.gen(function* () {
        while (true) {
          yield* sleepUntil(() => pausedUntil)
          const slot = yield* next(feedback, most)
          if (isVoid(slot)) continue
          if (slot.epoch === undefined) return slot
          yield* due(slot)
          if (yield* isUsable(slot)) return slot
        }
      })

    /** Closes the gate in all processes until then, as soon as Redis is available. */
    const pauseUntil = (until: number) =>
      Effect.gen(function* () {
        while (true) {
          const pause = until - (yield* now)
          if (pause <= 0 || (yield* send({ slots: 0, pause }))) return
          yield* clock.sleep(Duration.millis(betweenTries))
        }
      })

    return {
      take,
      isLate,
      pause: (millis) =>
        Effect.gen(function* () {
          const until = (yield* now) + millis
          if (until <= pausedUntil) return
          pausedUntil = until
          yield* Effect.forkIn(Effect.interruptible(pauseUntil(until)), scope)
        })
    }
  })
