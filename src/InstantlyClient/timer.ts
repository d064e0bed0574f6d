/** Does something after a time, unless it is called off. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"

const liveClock = Context.get(DefaultServices.liveServices, Clock.Clock)

/** The longest that a timer of JavaScript waits: a longer one would fire at once. */
const longestTimeout = 2 ** 31 - 1

/**
 * Starts the time, and gives what calls it off. A fiber that sleeps costs a tenth of a call, a timer next to nothing, so
 * the live clock has a timer; any other clock, such as a test's, has its own way to wait.
 */
export const start = (clock: Clock.Clock, time: Duration.Duration, act: () => void): (() => void) => {
  const millis = Duration.toMillis(time)
  if (clock === liveClock && millis <= longestTimeout) {
    const timeout = setTimeout(act, millis)
    return () => clearTimeout(timeout)
  }
  const fiber = Effect.runFork(Effect.map(clock.sleep(time), act))
  return () => fiber.unsafeInterruptAsFork(FiberId.none)
}
