/** Names an error from elsewhere by its tag or class alone, because its message can hold anything. */
import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

const isName = (name: unknown): name is string => Predicate.isString(name) && /^[\w$./-]{1,60}$/.test(name)

/** The value of an object at a key, which may be a getter that throws. */
const at = (object: object, key: string): unknown =>
  Option.getOrUndefined(Option.liftThrowable((): unknown => Reflect.get(object, key))())

/** The name of a defect, or of an error. */
export const ofDefect = (defect: unknown): string => {
  const tag = Predicate.isObject(defect) ? at(defect, "_tag") : undefined
  const name = defect instanceof Error ? at(defect, "name") : undefined
  return [tag, name].find(isName) ?? "an unknown error"
}

/** The name of the error or defect in a cause. */
export const ofCause = (cause: Cause.Cause<unknown>): string =>
  Cause.isInterruptedOnly(cause)
    ? "an interruption"
    : ofDefect(Option.getOrElse(Cause.failureOption(cause), () => Option.getOrUndefined(Cause.dieOption(cause))))
