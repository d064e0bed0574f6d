/**
 * The gate that runs a policy. One fiber serves the callers in the order in which they came: it waits until the next
 * permit is due, releases the first caller, and steps the policy, which says when the permit after that one is due.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import * as Queue from "effect/Queue"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"
import type * as Scope from "effect/Scope"
import * as NameOf from "../internal/nameOf.js"
import type { Feedback, PermitRefused, RateLimitPolicy, Service } from "../RateLimit.js"
import * as Telemetry from "./telemetry.js"

/** A JavaScript timer holds 25 days at most, so a longer wait is several sleeps. */
const longestSleep = 2 ** 31 - 1

const nothing: Feedback = { admitted: 0, throttled: 0, retryAfter: Option.none() }

const longer = Order.max(Option.getOrder(Duration.Order))

/** What a permit waits for once the policy allows it. Its result goes to the caller with the permit. */
export type Permit<A> = (
  /** The input of the policy at the last permit. */
  feedback: Feedback,
  /** How many callers the policy lets leave now. */
  most: number
) => Effect.Effect<A>

export interface Gate<A> {
  readonly acquire: Effect.Effect<A, PermitRefused>
  readonly observe: Service["observe"]
}

export const make = <A, R>(
  policy: RateLimitPolicy<R>,
  options: {
    readonly permit: Permit<A>
    /** The longest time for which one 429 closes the gate, in milliseconds. */
    readonly maxPause: number
    /** The error for callers once the policy has ended. */
    readonly ended: () => PermitRefused
    /** The error for callers once the scope has ended. */
    readonly closed: () => PermitRefused
  }
): Effect.Effect<Gate<A>, never, Scope.Scope | R> =>
  Effect.gen(function* () {
    const clock = yield* Effect.clock
    // Nanoseconds are monotonic. Milliseconds are the wall clock's: if that were set forward, it would seem that nobody
    // had sent anything for a while, and the burst would be full again.
    const now = Effect.map(clock.currentTimeNanos, (nanos) => Number(nanos) / 1e6)

    // The waiting callers, in order of arrival. It is a set, because a queue would keep those who have given up until
    // their turn. The bell rings when a caller arrives.
    const line = new Set<Deferred.Deferred<A, PermitRefused>>()
    const bell = yield* Queue.dropping<void>(1)

    let feedback = nothing
    let admitsAt = Number.NEGATIVE_INFINITY
    let closedUntil = Number.NEGATIVE_INFINITY
    let refusal: PermitRefused | undefined

    /**
     * Releases the first caller, if there still is one. It is one step: if the scope closed between two, a caller who
     * has left the line without a permit would wait for ever.
     */
    const releaseFirst = (permit: A) =>
      Effect.uninterruptible(
        Effect.suspend(() => {
          const [first] = line
          if (first === undefined) return Effect.succeed(false)
          line.delete(first)
          return Deferred.succeed(first, permit)
        })
      )

    /** Both times can change during a sleep, so they are read again after it. */
    const untilDue = Effect.gen(function* () {
      while (true) {
        const left = Math.ceil(Math.max(admitsAt, closedUntil) - (yield* now))
        if (left <= 0) return
        yield* clock.sleep(Duration.millis(Math.min(left, longestSleep)))
      }
    })

    /** Ends when the policy does. */
    const serve = Effect.gen(function* () {
      let state: unknown = policy.initial
      let input = nothing
      let isPaced = false
      while (true) {
        if (line.size === 0) {
          yield* Queue.take(bell)
          continue
        }
        yield* untilDue
        const permit = yield* options.permit(input, isPaced ? 1 : line.size)
        // All callers may have given up in the meantime.
        if (!(yield* releaseFirst(permit))) continue

        input = feedback
        feedback = nothing
        const at = yield* now
        const [next, , decision] = yield* policy.step(at, input, state)
        if (ScheduleDecision.isDone(decision)) return
        state = next
        admitsAt = ScheduleIntervals.start(decision.intervals)
        // A time that is not a number would never come.
        if (Number.isNaN(admitsAt)) return
        isPaced = admitsAt > at
      }
    })

    /** Later callers find `refusal`; the others are in the line. */
    const refuseAll = (why: () => PermitRefused) =>
      Effect.suspend(() => {
        refusal ??= why()
        const first = refusal
        return Effect.forEach(line, (caller) => Deferred.fail(caller, first), { discard: true })
      })

    yield* serve.pipe(
      Effect.interruptible,
      // Also if the policy interrupts the fiber it runs in.
      Effect.ensuring(refuseAll(options.ended)),
      Effect.catchAllDefect((defect) =>
        Effect.logError(`the rate-limit policy failed with ${NameOf.ofDefect(defect)}: no more permits are given`)
      ),
      Effect.forkScoped
    )
    // It runs before the fiber is interrupted, because finalizers run from the last to the first.
    yield* Effect.addFinalizer(() => refuseAll(options.closed))

    const wait = Effect.acquireUseRelease(
      Effect.gen(function* () {
        const released = yield* Deferred.make<A, PermitRefused>()
        line.add(released)
        yield* Metric.incrementBy(Telemetry.queued, 1)
        return released
      }),
      (released) =>
        refusal === undefined
          ? Effect.zipRight(Queue.offer(bell, undefined), Deferred.await(released))
          : Effect.fail(refusal),
      (released) => {
        line.delete(released)
        return Metric.incrementBy(Telemetry.queued, -1)
      }
    )

    const close = (duration: Duration.Duration) =>
      Effect.gen(function* () {
        const millis = Math.min(Math.ceil(Duration.toMillis(duration)), options.maxPause)
        if (millis === 0) return
        closedUntil = Math.max(closedUntil, (yield* now) + millis)
        yield* Telemetry.paused(Duration.millis(millis))
      })

    return {
      acquire: Effect.gen(function* () {
        const since = yield* now
        const permit = yield* wait
        yield* Telemetry.permitted(Duration.millis((yield* now) - since))
        return permit
      }),
      observe: ({ retryAfter, status }) =>
        Effect.suspend(() => {
          if (status !== 429) {
            feedback = { ...feedback, admitted: feedback.admitted + 1 }
            return Effect.void
          }
          feedback = {
            ...feedback,
            throttled: feedback.throttled + 1,
            retryAfter: longer(feedback.retryAfter, retryAfter)
          }
          return Option.match(retryAfter, { onNone: () => Effect.void, onSome: close })
        })
    }
  })
