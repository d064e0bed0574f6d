/**
 * How networks and servers fail: what goes wrong with one exchange, and with which. What a server does when nothing goes
 * wrong is left to `InstantlyMock`.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Pipeable from "effect/Pipeable"
import * as Random from "effect/Random"
import type * as Schedule from "effect/Schedule"
import * as Parameters from "../internal/parameters.js"
import * as Selecting from "./Fault/selection.js"
import type * as Http from "./InstantlyMock/exchange.js"
import { Broken, type Exchange } from "./InstantlyMock/exchange.js"

/**
 * Something that goes wrong with one exchange, by name. It is prepared once where it is scripted, so that what it counts
 * or draws starts there.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fault extends Pipeable.Pipeable {
  readonly name: string
  /** What it does to an exchange; for the double. */
  readonly prepare: Effect.Effect<(exchange: Exchange) => Exchange>
}

const fault = (name: string, prepare: Fault["prepare"]): Fault => ({
  name,
  prepare,
  pipe() {
    // biome-ignore lint/complexity/noArguments: what Pipeable takes
    return Pipeable.pipeArguments(this, arguments)
  }
})

const make = (name: string, change: (exchange: Exchange) => Exchange): Fault => fault(name, Effect.succeed(change))

/**
 * An answer of the double's: what {@link changeResponse} changes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer extends Http.Answer {}

/**
 * The connection is refused: the request certainly never leaves. On a socket, where a server cannot refuse one request,
 * it is {@link loseRequest}.
 *
 * @example
 * ```ts
 * import { Fault } from "effect-instantly/testing"
 *
 * const script = Fault.times(3, Fault.refuse)
 * ```
 *
 * @since 0.1.0
 * @category faults
 */
export const refuse: Fault = make("refuse", () => new Broken({ how: "Refused" }))

/**
 * The connection is lost before the server acts.
 *
 * @example
 * ```ts
 * import { Fault } from "effect-instantly/testing"
 *
 * const script = Fault.next(Fault.loseRequest)
 * ```
 *
 * @since 0.1.0
 * @category faults
 */
export const loseRequest: Fault = make("loseRequest", () => new Broken({ how: "Lost" }))

/**
 * The server acts, and the connection is lost before its answer.
 *
 * @example
 * ```ts
 * import { Fault } from "effect-instantly/testing"
 *
 * const script = Fault.next(Fault.loseResponse)
 * ```
 *
 * @since 0.1.0
 * @category faults
 */
export const loseResponse: Fault = make("loseResponse", Effect.zipRight(new Broken({ how: "Lost" })))

/**
 * The server acts, and the connection is lost in the middle of its answer.
 *
 * @example
 * ```ts
 * import { Fault } from "effect-instantly/testing"
 *
 * const script = Fault.nth(2, Fault.cutResponse)
 * ```
 *
 * @since 0.1.0
 * @category faults
 */
export const cutResponse: Fault = make(
  "cutResponse",
  Effect.flatMap((answer) => new Broken({ how: "CutOff", answer }))
)

/**
 * The server never acts, and never answers.
 *
 * @example
 * ```ts
 * import { Fault } from "effect-instantly/testing"
 *
 * const script = Fault.next(Fault.swallowRequest)
 * ```
 *
 * @since 0.1.0
 * @category faults
 */
export const swallowRequest: Fault = make("swallowRequest", () => Effect.never)

/**
 * The server acts, and never answers.
 *
 * @example
 * ```ts
 * import { Fault } from "effect-instantly/testing"
 *
 * const script = Fault.next(Fault.swallowResponse)
 * ```
 *
 * @since 0.1.0
 * @category faults
 */
export const swallowResponse: Fault = make("swallowResponse", Effect.zipRight(Effect.never))

/**
 * The answer is this one, and the server does not act. Throws a `RangeError` where the status is not from 200 to 599.
 *
 * @example
 * ```ts
 * import { Fault } from "effect-instantly/testing"
 *
 * const script = Fault.next(Fault.respond({ status: 503, headers: { "retry-after": "5" } }))
 * ```
 *
 * @since 0.1.0
 * @category faults
 */
export const respond = (options: {
  readonly status: number
  readonly body?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}): Fault => {
  const { body = "", headers = {}, status } = options
  if (!(Number.isInteger(status) && status >= 200 && status < 600))
    Parameters.refuse("Fault.respond: status", "from 200 to 599", status)
  return make(`respond ${status}`, () => Effect.succeed<Answer>({ status, headers, body }))
}

/**
 * The server acts, and the answer is changed on its way.
 *
 * @example
 * ```ts
 * import { Fault } from "effect-instantly/testing"
 *
 * const script = Fault.next(Fault.changeResponse((answer) => ({ ...answer, body: "<html>" })))
 * ```
 *
 * @since 0.1.0
 * @category faults
 */
export const changeResponse = (change: (answer: Answer) => Answer): Fault => make("changeResponse", Effect.map(change))

/**
 * How long a delay is: always the same, drawn each time from the double's seeded `Random`, or the next delay of a
 * schedule (which delays no more when it has ended).
 *
 * @since 0.1.0
 * @category models
 */
export type Delay = Duration.DurationInput | Effect.Effect<Duration.DurationInput> | Schedule.Schedule<unknown>

/**
 * The request takes longer to arrive.
 *
 * @example
 * ```ts
 * import { Fault } from "effect-instantly/testing"
 * import { Duration, Effect, Random } from "effect"
 *
 * const script = Fault.always(Fault.delayRequest(Effect.map(Random.nextIntBetween(5, 55), Duration.millis)))
 * ```
 *
 * @since 0.1.0
 * @category faults
 */
export const delayRequest = (delay: Delay): Fault =>
  fault(
    "delayRequest",
    Effect.map(Selecting.prepareSleep(delay), (sleep) => (exchange) => Effect.zipRight(sleep, exchange))
  )

/**
 * The server acts, and its answer takes longer to arrive.
 *
 * @example
 * ```ts
 * import { Fault } from "effect-instantly/testing"
 *
 * const script = Fault.next(Fault.delayResponse("20 seconds"))
 * ```
 *
 * @since 0.1.0
 * @category faults
 */
export const delayResponse = (delay: Delay): Fault =>
  fault(
    "delayResponse",
    Effect.map(Selecting.prepareSleep(delay), (sleep) => (exchange) => Effect.zipLeft(exchange, sleep))
  )

/**
 * Two faults of one exchange, the first one nearer to the client: `delayRequest("1 second").pipe(and(loseResponse))` is a slow
 * request whose answer is lost.
 *
 * @example
 * ```ts
 * import { Fault } from "effect-instantly/testing"
 *
 * const script = Fault.next(Fault.delayRequest("1 second").pipe(Fault.and(Fault.loseResponse)))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const and: {
  (that: Fault): (self: Fault) => Fault
  (self: Fault, that: Fault): Fault
} = dual(
  2,
  (self: Fault, that: Fault): Fault =>
    fault(
      `${self.name} and ${that.name}`,
      Effect.zipWith(self.prepare, that.prepare, (outer, inner) => (exchange) => outer(inner(exchange)))
    )
)

/**
 * A fault, and the exchanges that it happens to.
 *
 * @since 0.1.0
 * @category models
 */
export interface Script {
  /** Which exchanges it happens to; for the double. */
  readonly prepare: Effect.Effect<Selecting.Select>
}

/**
 * Happens to the next request that no earlier script takes: two of them happen to the next two.
 *
 * @example
 * ```ts
 * import { Fault } from "effect-instantly/testing"
 *
 * const script = Fault.next(Fault.swallowRequest)
 * ```
 *
 * @since 0.1.0
 * @category scripts
 */
export const next = (fault: Fault): Script => nth(1, fault)

/**
 * Happens to the `n`-th request from here on, where the next one is the first. Requests that an earlier script takes do not
 * count.
 *
 * @example
 * ```ts
 * import { Fault } from "effect-instantly/testing"
 *
 * const script = Fault.nth(3, Fault.swallowRequest)
 * ```
 *
 * @since 0.1.0
 * @category scripts
 */
export const nth = (n: number, fault: Fault): Script => Selecting.counting(fault, (count) => count === n)

/**
 * Happens to the next `n` requests.
 *
 * @example
 * ```ts
 * import { Fault } from "effect-instantly/testing"
 *
 * const script = Fault.times(3, Fault.swallowRequest)
 * ```
 *
 * @since 0.1.0
 * @category scripts
 */
export const times = (n: number, fault: Fault): Script => Selecting.counting(fault, (count) => count <= n)

/**
 * Happens to every request.
 *
 * @example
 * ```ts
 * import { Fault } from "effect-instantly/testing"
 *
 * const script = Fault.always(Fault.respond({ status: 503 }))
 * ```
 *
 * @since 0.1.0
 * @category scripts
 */
export const always = (fault: Fault): Script => Selecting.counting(fault, () => true)

/**
 * Happens to every request whose path ends with this id.
 *
 * @example
 * ```ts
 * import { Fault } from "effect-instantly/testing"
 *
 * const script = Fault.forId("019e18e2-78d4-7322-941a-7384d8969c61", Fault.loseResponse)
 * ```
 *
 * @since 0.1.0
 * @category scripts
 */
export const forId = (id: string, fault: Fault): Script =>
  Selecting.scripted(
    fault,
    Effect.succeed((request) => Effect.succeed(request.path.endsWith(`/${id}`)))
  )

/**
 * Happens to this share of the requests, from 0 to 1, drawn from the double's seeded `Random`.
 *
 * @example
 * ```ts
 * import { Fault } from "effect-instantly/testing"
 *
 * const script = Fault.atRate(0.01, Fault.loseResponse)
 * ```
 *
 * @since 0.1.0
 * @category scripts
 */
export const atRate = (rate: number, fault: Fault): Script =>
  Selecting.scripted(
    fault,
    Effect.succeed(() => Effect.map(Random.next, (drawn) => drawn < rate))
  )
