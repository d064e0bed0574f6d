/** What a call has done so far: its attempts, its waits, and what they may have done at the server. */
import type { Headers } from "@effect/platform"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { Facts } from "../InstantlyError/message.js"
import { combine, fromStatus, type Outcome } from "../Outcome.js"
import { requestIdOf } from "./errorOf.js"

/** The head of an answer, known before its body. */
export interface Head {
  readonly status: number
  readonly headers: Headers.Headers
}

export interface Call {
  readonly method: string
  readonly path: string
  readonly attempts: number
  /** What the attempts that have ended may have done. */
  readonly settled: Outcome
  /** What the attempt under way may have done up to now. */
  readonly pending: Outcome
  /** The answer to the attempt under way, once its head is there. */
  readonly head: Option.Option<Head>
  /** Since when the call has been waiting for an attempt to depart, in milliseconds since 1970; nothing while one is out. */
  readonly idleSince: Option.Option<number>
  /** How long it waited before that, in milliseconds. */
  readonly waited: number
}

export const begin = (method: string, path: string, now: number): Call => ({
  method,
  path,
  attempts: 0,
  settled: "NotApplied",
  pending: "NotApplied",
  head: Option.none(),
  idleSince: Option.some(now),
  waited: 0
})

/** Counts the wait until now. A clock that was set back counts as no wait. */
export const wake =
  (now: number) =>
  (call: Call): Call =>
    Option.match(call.idleSince, {
      onNone: () => call,
      onSome: (since) => ({ ...call, idleSince: Option.some(now), waited: call.waited + Math.max(0, now - since) })
    })

/** The request is handed over, and may be carried out from now on. */
export const depart =
  (now: number) =>
  (call: Call): Call => ({
    ...wake(now)(call),
    idleSince: Option.none(),
    attempts: call.attempts + 1,
    pending: "Unknown"
  })

/** The status line is there, and says what became of the request whatever becomes of the body. */
export const receive =
  (head: Head) =>
  (call: Call): Call => ({ ...call, pending: fromStatus(head.status), head: Option.some(head) })

/** The request turned out never to have left. */
export const recall = (call: Call): Call => ({ ...call, pending: "NotApplied" })

/** The attempt has ended. */
export const settle =
  (now: number) =>
  (call: Call): Call => ({
    ...call,
    settled: combine(call.settled, call.pending),
    pending: "NotApplied",
    head: Option.none(),
    idleSince: Option.some(now)
  })

export const factsOf = (call: Call): Facts => ({
  method: call.method,
  path: call.path,
  outcome: combine(call.settled, call.pending),
  attempts: call.attempts,
  waited: Duration.millis(call.waited),
  requestId: Option.flatMap(call.head, ({ headers }) => requestIdOf(headers))
})
