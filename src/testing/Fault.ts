/**
 * Faults of networks and servers. A fault says what goes wrong with a request or its response; a script says which
 * requests it happens to. `InstantlyMock` is the server when nothing goes wrong.
 *
 * @example
 * ```ts
 * import { Duration, Effect, Random } from "effect"
 * import { Fault, InstantlyMock } from "effect-instantly/testing"
 *
 * const slowNetwork = Fault.delayRequest(Effect.map(Random.nextIntBetween(5, 55), Duration.millis))
 *
 * const InstantlyTest = InstantlyMock.layer({
 *   faults: [
 *     Fault.next(Fault.loseResponse), // the first request
 *     Fault.atRate(0.01, slowNetwork.pipe(Fault.and(Fault.loseRequest))), // one in a hundred of the others
 *     Fault.always(slowNetwork) // all that are left
 *   ]
 * })
 * ```
 *
 * @module
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Pipeable from "effect/Pipeable"
import * as Random from "effect/Random"
import type * as Schedule from "effect/Schedule"
import * as Parameters from "../internal/parameters.js"
import { responses } from "./Fault/responses.js"
import * as Selection from "./Fault/selection.js"

export { responses }

/**
 * A response of the double.
 *
 * @since 0.1.0
 * @category models
 */
export interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Text, or bytes that need not be valid text. */
  readonly body: string | Uint8Array
}

/**
 * How an exchange breaks: the connection is refused, or it is lost before the response or in the middle of it.
 *
 * @since 0.1.0
 * @category models
 */
export type Broken =
  | { readonly _tag: "Refused" }
  | { readonly _tag: "Lost" }
  | { readonly _tag: "CutOff"; readonly response: Response }

/**
 * One exchange, from the arrival of the request to the departure of the response.
 *
 * @since 0.1.0
 * @category models
 */
export type Exchange = Effect.Effect<Response, Broken>

/**
 * Something that goes wrong with an exchange.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fault extends Pipeable.Pipeable {
  /** Its name in the record of a request. */
  readonly name: string
  /** Makes the function that changes an exchange. It runs once for each script, so every script has its own counters. */
  readonly prepare: Effect.Effect<(exchange: Exchange) => Exchange>
}

const make = (name: string, prepare: Fault["prepare"]): Fault => ({ ...Pipeable.Prototype, name, prepare })

const changing = (name: string, change: (exchange: Exchange) => Exchange): Fault => make(name, Effect.succeed(change))

const broken = (how: Broken): Exchange => Effect.fail(how)

/**
 * The connection is refused, so the request is never sent. A server on a socket cannot refuse a single request, so
 * there it works like {@link loseRequest}.
 *
 * @since 0.1.0
 * @category faults
 */
export const refuse: Fault = changing("refuse", () => broken({ _tag: "Refused" }))

/**
 * The connection is lost before the server acts.
 *
 * @since 0.1.0
 * @category faults
 */
export const loseRequest: Fault = changing("loseRequest", () => broken({ _tag: "Lost" }))

/**
 * The server acts, and the connection is lost before the response.
 *
 * @since 0.1.0
 * @category faults
 */
export const loseResponse: Fault = changing("loseResponse", Effect.zipRight(broken({ _tag: "Lost" })))

/**
 * The server acts, and the connection is lost in the middle of the response's body.
 *
 * @since 0.1.0
 * @category faults
 */
export const cutResponse: Fault = changing(
  "cutResponse",
  Effect.flatMap((response) => broken({ _tag: "CutOff", response }))
)

/**
 * The server never acts, and no response ever comes.
 *
 * @since 0.1.0
 * @category faults
 */
export const swallowRequest: Fault = changing("swallowRequest", () => Effect.never)

/**
 * The server acts, and no response ever comes.
 *
 * @since 0.1.0
 * @category faults
 */
export const swallowResponse: Fault = changing("swallowResponse", Effect.zipRight(Effect.never))

/**
 * The server does not act, and the client receives this response. {@link responses} has some. Throws a `RangeError` unless the
 * status is a whole number from 200 to 599.
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
  /** Default: empty. */
  readonly body?: Response["body"]
  /** Default: none. */
  readonly headers?: Response["headers"]
}): Fault => {
  const { body = "", headers = {}, status } = options
  if (!(Number.isInteger(status) && status >= 200 && status < 600))
    Parameters.refuse("Fault.respond: status", "from 200 to 599", status)
  return changing(`respond ${status}`, () => Effect.succeed({ status, headers, body }))
}

/**
 * The server acts, and the client receives another response than the server's.
 *
 * @example
 * ```ts
 * import { Fault } from "effect-instantly/testing"
 *
 * const script = Fault.next(Fault.changeResponse((response) => ({ ...response, body: "" })))
 * ```
 *
 * @since 0.1.0
 * @category faults
 */
export const changeResponse = (change: (response: Response) => Response): Fault =>
  changing("changeResponse", Effect.map(change))

/**
 * How long to wait. A duration is the same each time. An effect runs each time, with the double's seeded `Random`. A
 * schedule gives its delays one after the other, and none once it has ended.
 *
 * @since 0.1.0
 * @category models
 */
export type Delay = Duration.DurationInput | Effect.Effect<Duration.DurationInput> | Schedule.Schedule<unknown>

/**
 * The request takes longer to arrive. Throws a `RangeError` if the delay is a negative duration.
 *
 * @since 0.1.0
 * @category faults
 */
export const delayRequest = (delay: Delay): Fault =>
  make(
    "delayRequest",
    Effect.map(
      Selection.sleeping("Fault.delayRequest", delay),
      (sleep) => (exchange) => Effect.zipRight(sleep, exchange)
    )
  )

/**
 * The server acts, and the response takes longer to arrive. Throws a `RangeError` if the delay is a negative duration.
 *
 * @since 0.1.0
 * @category faults
 */
export const delayResponse = (delay: Delay): Fault =>
  make(
    "delayResponse",
    Effect.map(
      Selection.sleeping("Fault.delayResponse", delay),
      (sleep) => (exchange) => Effect.zipLeft(exchange, sleep)
    )
  )

/**
 * Both faults happen to the same request. The first one is nearer to the client:
 * `delayRequest("1 second").pipe(and(loseResponse))` is a slow request whose response is lost.
 *
 * @since 0.1.0
 * @category combinators
 * @function
 */
export const and: {
  (that: Fault): (self: Fault) => Fault
  (self: Fault, that: Fault): Fault
} = dual(
  2,
  (self: Fault, that: Fault): Fault =>
    make(
      `${self.name} and ${that.name}`,
      Effect.zipWith(self.prepare, that.prepare, (outer, inner) => (exchange) => outer(inner(exchange)))
    )
)

/**
 * A fault, and the requests that it happens to.
 *
 * For each request, the scripts are tried in the order in which they were added, and the first that takes it decides
 * what happens. The scripts after it do not count that request. So a script that takes every request ({@link always},
 * or {@link atRate} of 1) has to come last: the double refuses another one after it with a `RangeError`. To let two
 * faults happen to the same request, combine them with {@link and}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Script {
  /** Its name in messages. */
  readonly name: string
  readonly fault: Fault
  /** Whether it takes every request. */
  readonly takesAll: boolean
  /** Makes the function that decides, by its path, whether the script takes a request. It runs once, when it is added. */
  readonly prepare: Effect.Effect<(path: string) => Effect.Effect<boolean>>
}

/**
 * Happens to the next request that no earlier script takes. Two such scripts take the next two requests.
 *
 * @since 0.1.0
 * @category scripts
 */
export const next = (fault: Fault): Script => Selection.counting("next", fault, (count) => count === 1)

/**
 * Happens to the `n`-th request after the script is added, where 1 is the next one. Requests that an earlier script takes do
 * not count. Throws a `RangeError` unless `n` is a whole number of at least 1.
 *
 * @since 0.1.0
 * @category scripts
 */
export const nth = (n: number, fault: Fault): Script => {
  if (!(Number.isInteger(n) && n >= 1)) Parameters.refuse("Fault.nth: n", "a whole number of at least 1", n)
  return Selection.counting(`nth ${n}`, fault, (count) => count === n)
}

/**
 * Happens to the next `n` requests that no earlier script takes. Throws a `RangeError` unless `n` is a whole number of at
 * least 0.
 *
 * @since 0.1.0
 * @category scripts
 */
export const times = (n: number, fault: Fault): Script => {
  if (!(Number.isInteger(n) && n >= 0)) Parameters.refuse("Fault.times: n", "a whole number of at least 0", n)
  return Selection.counting(`times ${n}`, fault, (count) => count <= n)
}

/**
 * Happens to every request that no earlier script takes. No script can be added after it: see {@link Script}.
 *
 * @since 0.1.0
 * @category scripts
 */
export const always = (fault: Fault): Script => Selection.taking("always", fault, () => Effect.succeed(true), true)

/**
 * A script that starts after the next `n` requests. Requests that an earlier script takes do not count. Throws a
 * `RangeError` unless `n` is a whole number of at least 0.
 *
 * @example
 * ```ts
 * import { Fault } from "effect-instantly/testing"
 *
 * // In the middle of a run, the edge begins to block everything.
 * const script = Fault.after(100, Fault.always(Fault.respond(Fault.responses.blocked)))
 * ```
 *
 * @since 0.1.0
 * @category scripts
 */
export const after = (n: number, script: Script): Script => {
  if (!(Number.isInteger(n) && n >= 0)) Parameters.refuse("Fault.after: n", "a whole number of at least 0", n)
  return Selection.after(n, script)
}

/**
 * Happens to every request whose path ends with this id.
 *
 * @since 0.1.0
 * @category scripts
 */
export const forId = (id: string, fault: Fault): Script =>
  Selection.taking("forId", fault, (path) => Effect.succeed(path.endsWith(`/${id}`)))

/**
 * Happens to this share of the requests, drawn from the double's seeded `Random`. Throws a `RangeError` unless the rate is
 * from 0 to 1. No script can be added after one with the rate 1: see {@link Script}.
 *
 * @since 0.1.0
 * @category scripts
 */
export const atRate = (rate: number, fault: Fault): Script => {
  if (!(rate >= 0 && rate <= 1)) Parameters.refuse("Fault.atRate: rate", "from 0 to 1", rate)
  const draw = Effect.map(Random.next, (drawn) => drawn < rate)
  return Selection.taking(`atRate ${rate}`, fault, () => draw, rate === 1)
}
