/** Refuses wrong parameters when a policy is made, so that the mistake does not show later, in use. */
import * as Duration from "effect/Duration"

export const refuse = (parameter: string, wanted: string, got: unknown): never => {
  throw new RangeError(
    `${parameter} must be ${wanted}, not ${typeof got === "string" ? JSON.stringify(got) : String(got)}`
  )
}

/** `Duration.decode` turns a negative number, and one that is not a number, into zero. */
const isNegative = (input: Duration.DurationInput): boolean =>
  typeof input === "number" ? !(input >= 0) : typeof input === "bigint" ? input < 0n : String(input).startsWith("-")

/** A duration that is not negative. */
export const duration = (parameter: string, input: Duration.DurationInput): Duration.Duration =>
  isNegative(input) ? refuse(parameter, "a duration that is not negative", input) : Duration.decode(input)

/** The whole milliseconds of a finite duration, rounded up. */
export const finiteMillis = (parameter: string, input: Duration.DurationInput): number => {
  const finite = duration(parameter, input)
  return Duration.isFinite(finite) ? Math.ceil(Duration.toMillis(finite)) : refuse(parameter, "finite", input)
}
