/** One call: what it has done so far, and the errors that it can end with. */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import { type Facts, HeldBack, type InstantlyError, InvalidResponse, TransportError } from "../InstantlyError.js"
import * as Outcome from "../Outcome.js"
import { errorOf } from "./errorOf.js"
import { type Head, headOf } from "./head.js"
import { shownPathOf } from "./sign.js"
import * as Timer from "./timer.js"

/** A call holds what changes while it is under way. It is told each step as it happens, and reads the clock itself. */
export class Call {
  readonly method: string
  /** The path of its request, without the query. */
  readonly path: string
  private readonly endsAt: number
  private attempts = 0
  /** What the attempts that have ended may have done. */
  private settled: Outcome.Outcome = "NotApplied"
  /** What the attempt under way may have done so far. */
  private pending: Outcome.Outcome = "NotApplied"
  /** The head of the response to the attempt under way, once it is there. */
  private head: Head | undefined
  /** What the attempt before ended with. */
  private last: InstantlyError | undefined
  /** When the call began to wait for its next attempt; undefined while one is under way. */
  private idleSince: number | undefined
  private waited = 0

  constructor(
    request: HttpClientRequest.HttpClientRequest,
    private readonly deadline: Duration.Duration,
    private readonly clock: Clock.Clock
  ) {
    this.method = request.method
    this.path = shownPathOf(request)
    this.idleSince = this.now()
    this.endsAt = this.idleSince + Duration.toMillis(deadline)
  }

  /** Milliseconds of a monotonic clock, as the gate's: the wall clock can be set. */
  private now(): number {
    return Math.floor(Number(this.clock.unsafeCurrentTimeNanos()) / 1e6)
  }

  /** How long it has waited by now. */
  private wait(): number {
    return this.waited + (this.idleSince === undefined ? 0 : Math.max(0, this.now() - this.idleSince))
  }

  /** What is known of the call by now. */
  get facts(): Facts {
    return {
      method: this.method,
      path: this.path,
      outcome: Outcome.combine(this.settled, this.pending),
      attempts: this.attempts,
      waited: Duration.millis(this.wait()),
      requestId: this.head?.requestId ?? Option.none()
    }
  }

  /** The status of the last response, if the attempt under way has one. */
  get status(): number | undefined {
    return this.head?.status
  }

  /** The request is handed over, and may be carried out from now on. */
  depart(): void {
    this.waited = this.wait()
    this.idleSince = undefined
    this.attempts += 1
    this.pending = "Unknown"
  }

  /** The head of a response is there, and tells what became of the request, whatever becomes of the body. */
  receive(response: HttpClientResponse.HttpClientResponse): Head {
    this.head = headOf(response, this.clock.unsafeCurrentTimeMillis())
    this.pending = Outcome.fromStatus(this.head.status)
    return this.head
  }

  /** The request turned out never to have left. */
  recall(): void {
    this.pending = "NotApplied"
  }

  /** The attempt has ended with an error. */
  settle(error: InstantlyError): void {
    this.last = error
    this.settled = Outcome.combine(this.settled, this.pending)
    this.pending = "NotApplied"
    this.head = undefined
    this.idleSince = this.now()
  }

  /** Fails with an error that holds what is known by now. */
  fail(toError: (facts: Facts) => InstantlyError): Effect.Effect<never, InstantlyError> {
    return Effect.suspend(() => Effect.fail(toError(this.facts)))
  }

  /** Fails because this client does not send the request, and would not the next time either. */
  holdBack(detail: string): Effect.Effect<never, InstantlyError> {
    return this.fail((facts) => new HeldBack({ ...facts, detail }))
  }

  /** Whether a wait from now on ends before the call must. */
  hasTimeFor(wait: Duration.Duration): boolean {
    return this.now() + Duration.toMillis(wait) < this.endsAt
  }

  /** Ends the whole call when its deadline is up. */
  beforeDeadline<A>(effect: Effect.Effect<A, InstantlyError>): Effect.Effect<A, InstantlyError> {
    return this.within(effect, this.deadline, "the deadline of the call")
  }

  /** Ends a part of the call after `limit`, with an error that holds what is known by then. */
  within<A>(
    effect: Effect.Effect<A, InstantlyError>,
    limit: Duration.Duration,
    name: string
  ): Effect.Effect<A, InstantlyError> {
    if (!Duration.isFinite(limit)) return effect
    return Effect.uninterruptibleMask((restore) =>
      // A daemon that can be interrupted: the limit must hold in a finalizer, too, where the call itself cannot be. It never
      // fails, because a fiber's failure is logged.
      Effect.flatMap(Effect.forkDaemon(Effect.interruptible(Effect.exit(effect))), (fiber) => {
        let isUp = false
        const callOff = Timer.start(this.clock, limit, () => {
          isUp = true
          fiber.unsafeInterruptAsFork(FiberId.none)
        })
        // Not `Fiber.await`, which adds a finalizer that forgets the observer: this fiber ends with the attempt anyway.
        const ended = Effect.async<Exit.Exit<Exit.Exit<A, InstantlyError>>>((resume) => {
          fiber.addObserver((exit) => resume(Effect.succeed(exit)))
        })
        return Effect.flatMap(Effect.exit(restore(ended)), (awaited) => {
          callOff()
          if (Exit.isFailure(awaited)) return Effect.zipRight(Fiber.interrupt(fiber), Effect.failCause(awaited.cause))
          const exit = Exit.flatten(awaited.value)
          return isUp && Exit.isInterrupted(exit) ? this.lapse(`${name} is ${Duration.format(limit)}`) : exit
        })
      })
    )
  }

  /** The time is up: how much of a response is there decides what that means. */
  private lapse(detail: string): Effect.Effect<never, InstantlyError> {
    return this.fail((facts) => {
      const { head, last } = this
      // Nothing follows a success, so the call was about to end with this error.
      if (last?.outcome === "Applied") return last
      if (head === undefined) {
        const before =
          last !== undefined && "status" in last ? `; the attempt before it ended with status ${last.status}` : ""
        return new TransportError({ ...facts, reason: "Timeout", detail: `${detail}${before}` })
      }
      return Outcome.fromStatus(head.status) === "Applied"
        ? new InvalidResponse({ ...facts, status: head.status, detail: "it did not arrive in time" })
        : errorOf(head, Option.none(), facts)
    })
  }
}

/** Starts a call. */
export const start = (request: HttpClientRequest.HttpClientRequest, deadline: Duration.Duration): Effect.Effect<Call> =>
  Effect.clockWith((clock) => Effect.sync(() => new Call(request, deadline, clock)))
