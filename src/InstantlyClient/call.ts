/** The ledger of one call: the requests it has sent, the evidence of what became of them, and the errors it can end with. */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { type Facts, HeldBack, type InstantlyError, InvalidResponse, TransportError } from "../InstantlyError.js"
import * as Outcome from "../Outcome.js"
import { errorOf, type Head, headOf, isSuccess, type OwnFacts } from "./errorOf.js"
import { shownPathOf } from "./sign.js"

/** Makes an error from the facts of a call. If they have no outcome, the error has its default. */
type ToError = (facts: OwnFacts) => InstantlyError

export interface Call {
  readonly method: string
  /** The path of its request, without the query. */
  readonly path: string
  readonly facts: Effect.Effect<Facts>
  /** The status of the response to the attempt under way, if there is one. */
  readonly status: Effect.Effect<Option.Option<number>>
  /** The request is handed over, and may be carried out from now on. */
  readonly depart: Effect.Effect<void>
  /**
   * The request leaves. If it has already left in this attempt, the app's client repeats it; if its attempt has ended,
   * it is late. Either way, nothing proves what became of one of the requests.
   */
  readonly leave: (again: boolean) => Effect.Effect<void>
  /** The server did not send the response in hand, so it proves nothing about the request that has left. */
  readonly doubt: Effect.Effect<void>
  /** A response has come, even if the app's client turns it into something else. */
  readonly observe: (status: number) => Effect.Effect<void>
  /** The response that the attempt uses has come. */
  readonly receive: (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<Head>
  /** The body proves that the request was carried out. */
  readonly confirm: Effect.Effect<void>
  /** The attempt has ended with this error. */
  readonly settle: (error: InstantlyError) => Effect.Effect<void>
  /** Fails with an error of the attempt under way, whose outcome includes those of the earlier attempts. */
  readonly fail: (toError: ToError) => Effect.Effect<never, InstantlyError>
  /** Fails because this client does not send the request, and would not the next time either. */
  readonly holdBack: (detail: string) => Effect.Effect<never, InstantlyError>
  /** Fails because a 2xx cannot be read. The outcome depends on whether its body has confirmed the request. */
  readonly unreadable: (status: number, detail: string) => Effect.Effect<never, InstantlyError>
  /** Fails because the time is up. The error depends on how much of a response there is. */
  readonly lapse: (limit: string) => Effect.Effect<never, InstantlyError>
  /** Whether the call may send another request: nothing follows a 2xx. */
  readonly maySend: Effect.Effect<boolean>
  /** Fails if a 2xx has come while the call waited for its next attempt. */
  readonly unlessSucceeded: Effect.Effect<void, InstantlyError>
  /** Whether a wait that starts now ends before the deadline. */
  readonly hasTimeFor: (wait: Duration.Duration) => Effect.Effect<boolean>
}

interface State {
  readonly attempts: number
  /** What the requests before the one under way may have done. */
  readonly earlier: Outcome.Outcome
  /** What the one under way may have done so far. */
  readonly current: Outcome.Outcome
  /** Whether a 2xx has come. No later refusal undoes it. */
  readonly hasSucceeded: boolean
  /** The head of the response to the attempt under way. */
  readonly head: Option.Option<Head>
  /** The error of the attempt before. */
  readonly last: Option.Option<InstantlyError>
  /** When the call began to wait for its next attempt; none while one is under way. */
  readonly idleSince: Option.Option<number>
  /** Milliseconds. */
  readonly waited: number
}

const doubted = (state: State): State => ({ ...state, earlier: Outcome.combine(state.earlier, "Unknown") })

/** Milliseconds of a monotonic clock, like the gate's, because the wall clock can be set. */
const now = Effect.map(Clock.currentTimeNanos, (nanos) => Math.floor(Number(nanos) / 1e6))

const late = "it did not arrive in time"

/** How long a call has waited, up to this time. */
const waitedAt = ({ idleSince, waited }: State, time: number): number =>
  waited + Option.match(idleSince, { onNone: () => 0, onSome: (since) => Math.max(0, time - since) })

/** Starts a call. */
export const start = (request: HttpClientRequest.HttpClientRequest, deadline: Duration.Duration): Effect.Effect<Call> =>
  Effect.gen(function* () {
    const { method } = request
    const path = shownPathOf(request)
    const startedAt = yield* now
    const endsAt = startedAt + Duration.toMillis(deadline)
    const ref = yield* Ref.make<State>({
      attempts: 0,
      earlier: "NotApplied",
      current: "NotApplied",
      hasSucceeded: false,
      head: Option.none(),
      last: Option.none(),
      idleSince: Option.some(startedAt),
      waited: 0
    })

    const factsOf = Effect.zipWith(now, Ref.get(ref), (time, state) => ({
      state,
      facts: {
        method,
        path,
        attempts: state.attempts,
        waited: Duration.millis(waitedAt(state, time)),
        requestId: Option.flatMap(state.head, ({ requestId }) => requestId)
      }
    }))

    const observe = (status: number) =>
      isSuccess(status) ? Ref.update(ref, (state): State => ({ ...doubted(state), hasSucceeded: true })) : Effect.void

    const fail = (toError: ToError) =>
      Effect.flatMap(factsOf, ({ facts, state }) => {
        const own = toError(facts)
        const outcome = Outcome.combine(state.earlier, own.outcome)
        return Effect.fail(outcome === own.outcome ? own : toError({ ...facts, outcome }))
      })

    const unreadable = (status: number, detail: string) =>
      Effect.flatMap(Ref.get(ref), ({ current }) =>
        fail((facts) => new InvalidResponse({ ...facts, status, detail, confirmed: current === "Applied" }))
      )

    /** The error of a call whose time was up before a response came. */
    const unanswered = (state: State, limit: string) => {
      const before = Option.match(state.last, {
        onNone: () => "",
        onSome: (error) => ("status" in error ? `; the attempt before it ended with status ${error.status}` : "")
      })
      const { current } = state
      // While nothing is under way, only the earlier attempts can have been carried out.
      return fail(
        (facts) =>
          new TransportError({
            ...facts,
            outcome: facts.outcome ?? current,
            reason: "Timeout",
            detail: `${limit}${before}`
          })
      )
    }

    return {
      method,
      path,
      facts: Effect.map(factsOf, ({ facts, state }) => ({
        ...facts,
        outcome: Outcome.combine(state.earlier, state.current)
      })),
      status: Effect.map(Ref.get(ref), ({ head }) => Option.map(head, ({ status }) => status)),
      depart: Effect.flatMap(now, (time) =>
        Ref.update(
          ref,
          (state): State => ({
            ...state,
            attempts: state.attempts + 1,
            current: "Unknown",
            idleSince: Option.none(),
            waited: waitedAt(state, time)
          })
        )
      ),
      leave: (again) =>
        Ref.update(ref, (state): State => {
          const attempts = again ? state.attempts + 1 : state.attempts
          return again || Option.isSome(state.idleSince) ? { ...doubted(state), attempts } : state
        }),
      doubt: Ref.update(ref, doubted),
      observe,
      receive: (response) =>
        headOf(response).pipe(
          Effect.tap((head) => Ref.update(ref, (state): State => ({ ...state, head: Option.some(head) }))),
          Effect.tap(({ status }) => observe(status))
        ),
      confirm: Ref.update(ref, (state): State => ({ ...state, current: "Applied" })),
      settle: (error) =>
        Effect.flatMap(now, (time) =>
          Ref.update(
            ref,
            (state): State => ({
              ...state,
              earlier: Outcome.combine(state.earlier, error.outcome),
              current: "NotApplied",
              head: Option.none(),
              last: Option.some(error),
              idleSince: Option.some(time),
              waited: waitedAt(state, time)
            })
          )
        ),
      fail,
      unreadable,
      holdBack: (detail) => fail((facts) => new HeldBack({ ...facts, detail })),
      lapse: (limit) =>
        Effect.flatMap(Ref.get(ref), (state) => {
          const { hasSucceeded, idleSince, last } = state
          // Nothing follows a success, so the call was about to end with this error.
          if (hasSucceeded && Option.isSome(idleSince) && Option.isSome(last)) return Effect.fail(last.value)
          return Option.match(state.head, {
            onNone: () => unanswered(state, limit),
            onSome: (head) =>
              isSuccess(head.status)
                ? unreadable(head.status, late)
                : fail((facts) => errorOf(head, Either.left(late), facts))
          })
        }),
      maySend: Effect.map(Ref.get(ref), ({ hasSucceeded }) => !hasSucceeded),
      unlessSucceeded: Effect.flatMap(Ref.get(ref), ({ hasSucceeded }) =>
        hasSucceeded
          ? fail((facts) => new TransportError({ ...facts, detail: "a success came after its attempt had ended" }))
          : Effect.void
      ),
      hasTimeFor: (wait) => Effect.map(now, (time) => time + Duration.toMillis(wait) < endsAt)
    }
  })
