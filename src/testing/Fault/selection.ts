/** What faults count and draw: how long they delay, and which exchanges they happen to. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import type { Exchange, Incoming } from "../InstantlyMock/exchange.js"

interface Fault {
  readonly name: string
  readonly prepare: Effect.Effect<(exchange: Exchange) => Exchange>
}

/** A fault that happens to an exchange. */
export interface Selected {
  readonly name: string
  readonly change: (exchange: Exchange) => Exchange
}

export type Select = (request: Incoming) => Effect.Effect<Option.Option<Selected>>

export const prepareSleep = (
  delay: Duration.DurationInput | Effect.Effect<Duration.DurationInput> | Schedule.Schedule<unknown>
): Effect.Effect<Effect.Effect<void>> => {
  if (Schedule.isSchedule(delay)) {
    return Effect.map(Schedule.driver(delay), (driver) => Effect.ignore(driver.next(undefined)))
  }
  return Effect.succeed(Effect.isEffect(delay) ? Effect.flatMap(delay, Effect.sleep) : Effect.sleep(delay))
}

export const scripted = (
  fault: Fault,
  select: Effect.Effect<(request: Incoming) => Effect.Effect<boolean>>
): { readonly prepare: Effect.Effect<Select> } => ({
  prepare: Effect.zipWith(
    fault.prepare,
    select,
    (change, selects) => (request) =>
      Effect.map(selects(request), (hit) => (hit ? Option.some({ name: fault.name, change }) : Option.none()))
  )
})

/** Selects by how many requests were seen since the script began, this one included. */
export const counting = (fault: Fault, selects: (count: number) => boolean) =>
  scripted(
    fault,
    Effect.map(
      Ref.make(0),
      (count) => () =>
        Effect.map(
          Ref.updateAndGet(count, (n) => n + 1),
          selects
        )
    )
  )
