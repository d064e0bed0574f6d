/** Serves requests through the faults that happen to them, and records what became of each request. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Exchange, Script } from "../Fault.js"
import type { Arrival } from "../InstantlyMock.js"
import type { Incoming, Served } from "./exchange.js"
import * as Redact from "./redact.js"

/** The reason of a request that did not reach the server. */
export const notArrived = "did not arrive"

interface Added {
  readonly script: Script
  readonly takes: (path: string) => Effect.Effect<boolean>
  readonly change: (exchange: Exchange) => Exchange
}

export const make = (options: {
  /** An exchange with a fault goes on in this scope if its client no longer waits. */
  readonly scope: Scope.Scope
  readonly handle: (incoming: Incoming, now: number) => Served
  /** The secrets that are not made up. */
  readonly givenSecrets: () => Iterable<string>
}) => {
  const log: Array<Arrival> = []
  const added: Array<Added> = []
  const redact = Redact.make(options.givenSecrets)

  /** Adds a script behind those that are there. */
  const add = (script: Script): Effect.Effect<void> =>
    Effect.zipWith(script.fault.prepare, script.prepare, (change, takes) => {
      const earlier = added.find(({ script }) => script.takesAll)?.script.name
      if (earlier !== undefined)
        throw new RangeError(
          `The script "${script.name}" could never happen: "${earlier}" was added before it and takes every request. Add it before that one, or combine the two faults with Fault.and.`
        )
      added.push({ script, change, takes })
    })

  const scriptFor = ({ path }: Incoming) => Effect.findFirst(added, ({ takes }) => takes(path))

  const serve = (incoming: Incoming): Exchange =>
    Effect.gen(function* () {
      const sent: Arrival = {
        at: yield* Clock.currentTimeMillis,
        method: incoming.method,
        path: redact.path(incoming),
        headers: redact.headers(incoming),
        status: Option.none(),
        applied: false,
        reason: notArrived,
        fault: Option.none()
      }
      const index = log.push(sent) - 1
      const note = (change: (arrival: Arrival) => Partial<Arrival>) =>
        Effect.sync(() => {
          const arrival = log[index] ?? sent
          log[index] = { ...arrival, ...change(arrival) }
        })
      const act: Exchange = Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const { applied, reason, response } = options.handle(incoming, now)
        return Effect.as(
          note(() => ({ at: now, applied, reason })),
          response
        )
      })
      const taken = yield* scriptFor(incoming)
      yield* note(() => ({ fault: Option.map(taken, ({ script }) => script.fault.name) }))
      const exchange = Option.match(taken, {
        onNone: () => act,
        // A server completes a request even if its client no longer waits. Both are interruptible because an HTTP
        // server may run its handlers uninterruptibly.
        onSome: ({ change }) =>
          // An `Either`, because a fiber that fails is logged.
          Effect.flatMap(Effect.forkIn(Effect.either(Effect.interruptible(change(act))), options.scope), (fiber) =>
            Effect.interruptible(Effect.flatten(Fiber.join(fiber)))
          )
      })
      return yield* Effect.tapBoth(exchange, {
        onFailure: (broken) =>
          note(() => ({ status: broken._tag === "CutOff" ? Option.some(broken.response.status) : Option.none() })),
        onSuccess: ({ status }) =>
          note(({ reason }) => ({
            status: Option.some(status),
            reason: reason === notArrived ? "the fault responded" : reason
          }))
      })
    })

  return { add, serve, arrivals: Effect.sync((): ReadonlyArray<Arrival> => [...log]) }
}
