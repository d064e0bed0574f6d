/** The state of faults and scripts between requests: counters, and the position in a schedule of delays. */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Parameters from "../../internal/parameters.js"
import type { Delay, Fault, Script } from "../Fault.js"

/** Makes a sleep of this delay. A schedule starts again each time that this runs. */
export const sleeping = (parameter: string, delay: Delay): Effect.Effect<Effect.Effect<void>> => {
  if (Schedule.isSchedule(delay))
    return Effect.map(Schedule.driver(delay), (driver) => Effect.ignore(driver.next(undefined)))
  if (Effect.isEffect(delay)) return Effect.succeed(Effect.flatMap(delay, Effect.sleep))
  return Effect.succeed(Effect.sleep(Parameters.duration(parameter, delay)))
}

/** Takes the requests whose path fits. */
export const taking = (
  name: string,
  fault: Fault,
  takes: (path: string) => Effect.Effect<boolean>,
  takesAll = false
): Script => ({ name: `${name} ${fault.name}`, fault, takesAll, prepare: Effect.succeed(takes) })

/** How many requests have been seen since the script was added, this one included. */
const counted = Effect.map(Ref.make(0), (counter) => Ref.updateAndGet(counter, (count) => count + 1))

/** Takes requests by how many have been seen since the script was added, this one included. */
export const counting = (name: string, fault: Fault, takes: (count: number) => boolean): Script => ({
  name: `${name} ${fault.name}`,
  fault,
  takesAll: false,
  prepare: Effect.map(counted, (count) => () => Effect.map(count, takes))
})

/** Leaves the first `n` requests to the scripts behind it. */
export const after = (n: number, script: Script): Script => ({
  name: `after ${n} ${script.name}`,
  fault: script.fault,
  takesAll: script.takesAll && n === 0,
  prepare: Effect.zipWith(
    counted,
    script.prepare,
    (count, takes) => (path) => Effect.flatMap(count, (seen) => (seen > n ? takes(path) : Effect.succeed(false)))
  )
})
