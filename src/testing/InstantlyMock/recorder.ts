/** Serves requests through the faults that happen to them, and records what became of each. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Select } from "../Fault/selection.js"
import type { Exchange, Incoming } from "./exchange.js"
import type { Served } from "./server.js"

export interface Arrival {
  /** When it arrived, in milliseconds since 1970; when it was sent, where it did not arrive. */
  readonly at: number
  readonly method: string
  /** The path, with its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** The status that it was answered with; none if it was not. */
  readonly status: Option.Option<number>
  /** Whether the server carried it out. */
  readonly applied: boolean
  /** Why it was answered as it was: for a test's reader, not for a client. */
  readonly reason: string
  /** The fault that happened to it. */
  readonly fault: Option.Option<string>
}

export const notArrived = "did not arrive"

export const make = (options: {
  /** What goes on when the client of an exchange no longer waits. */
  readonly scope: Scope.Scope
  readonly handle: (incoming: Incoming, now: number) => Served
  readonly secrets: () => Iterable<string>
}) => {
  const log: Array<Arrival> = []
  const selects: Array<Select> = []

  const redact = (text: string) => {
    let redacted = text
    for (const secret of options.secrets()) {
      if (secret === "") continue
      redacted = redacted.replaceAll(secret, "<redacted>").replaceAll(encodeURIComponent(secret), "<redacted>")
    }
    return redacted
  }

  /** Where no secret can stand: looking for them all in every request would take its time. */
  const isOrdinary = (text: string) => /^\/api\/v2\/api-keys(?:\/[0-9a-f-]{36})?$/i.test(text)
  const ordinaryHeaders = new Set([
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "host",
    "user-agent"
  ])

  const arrivalOf = ({ headers, method, path, query }: Incoming, at: number): Arrival => ({
    at,
    method,
    path: query.size === 0 && isOrdinary(path) ? path : redact(query.size === 0 ? path : `${path}?${query}`),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => {
        if (name === "authorization") return [name, "<redacted>"]
        return [name, ordinaryHeaders.has(name) ? value : redact(value)]
      })
    ),
    status: Option.none(),
    applied: false,
    reason: notArrived,
    fault: Option.none()
  })

  const faultOf = (incoming: Incoming) =>
    Effect.gen(function* () {
      for (const select of selects) {
        const fault = yield* select(incoming)
        if (Option.isSome(fault)) return fault
      }
      return Option.none()
    })

  const serve = (incoming: Incoming): Exchange =>
    Effect.gen(function* () {
      const sent = arrivalOf(incoming, yield* Clock.currentTimeMillis)
      const index = log.push(sent) - 1
      const note = (change: (arrival: Arrival) => Partial<Arrival>) =>
        Effect.sync(() => {
          const arrival = log[index] ?? sent
          log[index] = { ...arrival, ...change(arrival) }
        })
      const act: Exchange = Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const { answer, applied, reason } = options.handle(incoming, now)
        return Effect.as(
          note(() => ({ at: now, applied, reason })),
          answer
        )
      })
      const fault = yield* faultOf(incoming)
      yield* note(() => ({ fault: Option.map(fault, ({ name }) => name) }))
      const exchange = Option.match(fault, {
        onNone: () => act,
        // A server goes on with what it was asked to do when its client no longer waits, and ends with its scope, also
        // where an HTTP server runs its handlers uninterruptibly.
        onSome: ({ change }) =>
          Effect.flatMap(Effect.forkIn(Effect.interruptible(change(act)), options.scope), (fiber) =>
            Effect.interruptible(Fiber.join(fiber))
          )
      })
      return yield* Effect.tapBoth(exchange, {
        onFailure: ({ answer }) => note(() => ({ status: Option.map(Option.fromNullable(answer), (a) => a.status) })),
        onSuccess: ({ status }) =>
          note(({ reason }) => ({
            status: Option.some(status),
            reason: reason === notArrived ? "answered by the fault" : reason
          }))
      })
    })

  return {
    serve,
    /** Adds a fault's selection behind those that are there. */
    add: (select: Select) => {
      selects.push(select)
    },
    arrivals: Effect.sync((): ReadonlyArray<Arrival> => [...log])
  }
}
