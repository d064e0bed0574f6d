/** The progress of a run: whether another call can succeed, from the calls that have ended. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { DeleteApiKeyError } from "../ApiKeys.js"
import type { Skipped } from "./receipt.js"

type Reason = Skipped["reason"]

export interface Progress {
  /** Whether the run has deleted a key, which may have been the very one that it authenticates with. */
  readonly hasDeleted: boolean
  /** How many responses in a row, up to the last one, were not Instantly's own. */
  readonly foreign: number
  /** Why all other ids are skipped. */
  readonly skips: Option.Option<Reason>
}

export const start: Progress = { hasDeleted: false, foreign: 0, skips: Option.none() }

/** With this many foreign responses in a row, somebody on the way answers in Instantly's place. */
const wall = 5

const foreignAfter = (foreign: number, error: DeleteApiKeyError): number => {
  switch (error._tag) {
    case "UnexpectedStatus":
      return error.fromInstantly ? 0 : foreign + 1
    case "InvalidResponse":
      return error.outcome === "Applied" ? 0 : foreign + 1
    // Anybody on the way can send a 429 or a 5xx, and the other two are not responses.
    case "TooManyRequests":
    case "ServerError":
    case "TransportError":
    case "HeldBack":
      return foreign
    default:
      return 0
  }
}

/** The reason for which no further call can succeed. */
const doomOf = (error: DeleteApiKeyError): Option.Option<Reason> =>
  error._tag === "Unauthorized" || error._tag === "PaymentRequired" || error._tag === "InsufficientScope"
    ? Option.some(error._tag)
    : Option.none()

/** The progress after one more call. The first reason to skip the other ids stays. */
export const after =
  (result: Either.Either<unknown, DeleteApiKeyError>) =>
  (before: Progress): Progress => {
    if (Either.isRight(result)) return { ...before, hasDeleted: true, foreign: 0 }
    const error = result.left
    const foreign = foreignAfter(before.foreign, error)
    return {
      hasDeleted: before.hasDeleted || error.outcome === "Applied",
      foreign,
      skips: before.skips.pipe(
        Option.orElse(() => doomOf(error)),
        Option.orElse(() => (foreign >= wall ? Option.some<Reason>("Blocked") : Option.none()))
      )
    }
  }
