/** What to call an error that somebody else made: by its kind alone, because its message can hold anything. */
import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

const isName = (name: unknown): name is string => Predicate.isString(name) && /^[\w$./-]{1,60}$/.test(name)

/** The tag of an error, or its class's name. */
const nameOf = (error: unknown): string => {
  const candidates = Predicate.isObject(error) ? [Reflect.get(error, "_tag"), Reflect.get(error, "name")] : []
  return candidates.find(isName) ?? "an unknown error"
}

/** The name of what a cause holds. */
export const ofCause = (cause: Cause.Cause<unknown>): string =>
  Cause.isInterruptedOnly(cause)
    ? "an interruption"
    : nameOf(Option.getOrElse(Cause.failureOption(cause), () => Option.getOrUndefined(Cause.dieOption(cause))))
