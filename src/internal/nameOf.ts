/** What to call an error that somebody else made: its message can hold anything, so it is called by its tag or class alone. */
import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

const isName = (name: unknown): name is string => Predicate.isString(name) && /^[\w$./-]{1,60}$/.test(name)

/** What an object has at a key, which may be a getter that throws. */
const at = (object: object, key: string): unknown =>
  Option.getOrUndefined(Option.liftThrowable((): unknown => Reflect.get(object, key))())

/** The name of a defect, or of an error that was failed with. */
export const ofDefect = (defect: unknown): string => {
  const tag = Predicate.isObject(defect) ? at(defect, "_tag") : undefined
  const name = defect instanceof Error ? at(defect, "name") : undefined
  return [tag, name].find(isName) ?? "an unknown error"
}

/** The name of what a cause holds. */
export const ofCause = (cause: Cause.Cause<unknown>): string =>
  Cause.isInterruptedOnly(cause)
    ? "an interruption"
    : ofDefect(Option.getOrElse(Cause.failureOption(cause), () => Option.getOrUndefined(Cause.dieOption(cause))))
