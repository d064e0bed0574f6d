/**
 * The gate that runs a policy: it decides who gets a permit now, and how long the others wait. It decides and acts in one
 * step, without an operation in between at which another fiber could run. Each step that may let somebody through ends by
 * looking at the line.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import * as Runtime from "effect/Runtime"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"
import type * as Scope from "effect/Scope"
import * as NameOf from "../internal/nameOf.js"
import type { Heard, PermitRefused, RateLimitPolicy, Service } from "../RateLimit.js"
import * as Queue from "./queue.js"
import * as Telemetry from "./telemetry.js"

/** A timer of JavaScript holds 25 days at most, so a longer wait is several sleeps. */
const longestSleep = 86_400_000

const nothing: Heard = { admitted: 0, throttled: 0, retryAfter: Option.none() }

const longer = Order.max(Option.getOrder(Duration.Order))

/** Whether an effect has ended before it runs, as `Effect.succeed` has. */
const isOver = <A, E, R>(effect: Effect.Effect<A, E, R>): effect is Exit.Exit<A, E> => Exit.isExit(effect)

export const make = <R>(
  policy: RateLimitPolicy<R>,
  options: {
    /** Milliseconds. */
    readonly maxPause: number
    /** Milliseconds. */
    readonly rest: number
    readonly ended: () => PermitRefused
  }
): Effect.Effect<Service, never, Scope.Scope | R> =>
  Effect.gen(function* () {
    const runtime = yield* Effect.runtime<R>()
    const clock = yield* Effect.clock
    const queue = Queue.make<PermitRefused>()

    // Not `currentTimeMillis`, which is the wall clock: it can be set forward, and a burst would be full again.
    const now = () => Number(clock.unsafeCurrentTimeNanos()) / 1e6

    let state: unknown = policy.initial
    let heard = nothing
    /** When the policy admits the next permit. */
    let admitsAt = Number.NEGATIVE_INFINITY
    /** When the last of the pauses ends. */
    let pausedUntil = Number.NEGATIVE_INFINITY
    /** The policy has not yet said when the next permit is. */
    let isStepping = false
    /** A fiber looks after the line. */
    let isAttended = false
    /** What callers get once the policy, or the scope, has ended. */
    let refusal: Effect.Effect<never, PermitRefused> | undefined
    const fibers = new Set<Fiber.RuntimeFiber<void>>()

    const refuseAll = (failure: Effect.Effect<never, PermitRefused>) => {
      refusal ??= failure
      queue.failAll(refusal)
    }

    /** The policy has ended. */
    const end = () => refuseAll(Effect.failSync(options.ended))

    // It runs at once, as far as it can. It is interruptible also where the gate was made uninterruptibly.
    const run = (effect: Effect.Effect<void, never, R>) => {
      const fiber = Runtime.runFork(runtime, Effect.interruptible(effect))
      fibers.add(fiber)
      fiber.addObserver((exit) => {
        fibers.delete(fiber)
        // A policy can interrupt the fiber that it runs in. Then nobody looks after the line any more.
        if (Exit.isFailure(exit)) end()
      })
    }

    const waitLeft = () => Math.max(admitsAt, pausedUntil) - now()
    const isDue = () => refusal === undefined && !isStepping && waitLeft() <= 0

    const decide = ([next, , decision]: readonly [unknown, unknown, ScheduleDecision.ScheduleDecision]) => {
      isStepping = false
      state = next
      // A time that is not a number would never come.
      if (ScheduleDecision.isDone(decision) || Number.isNaN(ScheduleIntervals.start(decision.intervals))) return end()
      admitsAt = ScheduleIntervals.start(decision.intervals)
      attend()
    }

    const die = (cause: Cause.Cause<never>) => {
      end()
      // A policy that interrupts itself has ended, too, but nothing is wrong with it.
      if (Cause.isInterruptedOnly(cause)) return
      run(Effect.logError(`The rate-limit policy died (${NameOf.ofCause(cause)}): no more permits are given`))
    }

    const ask = () => {
      const told = heard
      heard = nothing
      try {
        return policy.step(now(), told, state)
      } catch (defect) {
        return Effect.die(defect)
      }
    }

    /** Asks the policy when the next permit is. One that knows at once has decided before the effect runs. */
    const step = (): Effect.Effect<void, never, R> => {
      isStepping = true
      const decision = ask()
      if (!isOver(decision)) return Effect.matchCause(decision, { onSuccess: decide, onFailure: die })
      Exit.match(decision, { onSuccess: decide, onFailure: die })
      return Effect.void
    }

    // Effect's runtime lets other fibers run between permits, so that a crowd is served in slices.
    const serve: Effect.Effect<void, never, R> = Effect.suspend(() => {
      if (queue.isEmpty() || isStepping) {
        isAttended = false
        return Effect.void
      }
      if (isDue()) {
        queue.releaseFirst()
        return Effect.zipRight(step(), serve)
      }
      return Effect.zipRight(clock.sleep(Duration.millis(Math.min(Math.ceil(waitLeft()), longestSleep))), serve)
    })

    /** Has somebody look after the line, where there is one. */
    const attend = () => {
      if (refusal !== undefined) return queue.failAll(refusal)
      if (isAttended || isStepping || queue.isEmpty()) return
      isAttended = true
      run(serve)
    }

    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        refuseAll(Effect.interrupt)
        return Fiber.interruptAll(fibers)
      })
    )

    const wait = Effect.suspend(() => {
      const since = now()
      return Effect.flatMap(queue.join(attend), () => Telemetry.permitted(Duration.millis(now() - since)))
    })

    const pause: Service["pause"] = (duration) =>
      Effect.suspend(() => {
        const millis = Math.min(Math.ceil(Duration.toMillis(duration)), options.maxPause)
        if (millis === 0) return Effect.void
        pausedUntil = Math.max(pausedUntil, now() + millis)
        return Telemetry.paused(Duration.millis(millis))
      })

    return {
      acquire: Effect.suspend(() => {
        if (!queue.isEmpty() || !isDue()) return wait
        const stepped = step()
        if (!isOver(stepped)) run(stepped)
        return Telemetry.permitted(Duration.zero)
      }),
      pause,
      heard: ({ retryAfter, status }) =>
        Effect.suspend(() => {
          if (status !== 429) {
            heard = { ...heard, admitted: heard.admitted + 1 }
            return Effect.void
          }
          heard = {
            ...heard,
            throttled: heard.throttled + 1,
            retryAfter: longer(heard.retryAfter, retryAfter)
          }
          return pause(Option.getOrElse(retryAfter, () => options.rest))
        })
    }
  })
