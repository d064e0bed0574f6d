/** The question for numbers of a list. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ask, say } from "./terminal.js"

/** Asks for numbers of these things, until all are valid; none cancels. At the word "log" it shows more, if there is more. */
export const askNumbers = <A, E = never, R = never>(
  question: string,
  all: ReadonlyArray<A>,
  log: Option.Option<Effect.Effect<void, E, R>> = Option.none()
) =>
  Effect.gen(function* () {
    for (;;) {
      const answer = yield* ask(question)
      if (answer.toLowerCase() === "log" && Option.isSome(log)) {
        yield* log.value
        continue
      }
      const numbers = answer.split(/[\s,]+/).filter((word) => word !== "")
      if (numbers.length === 0 || /^no?$/i.test(answer)) return []
      const chosen = Option.all(
        numbers.map((word) => Option.fromNullable(/^\d+$/.test(word) ? all[Number(word) - 1] : null))
      )
      if (Option.isSome(chosen)) return [...new Set(chosen.value)]
      yield* say(all.length === 1 ? "The only number is 1." : `The numbers are 1 to ${all.length}.`)
    }
  })
