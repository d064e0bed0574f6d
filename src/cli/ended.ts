/** How the tool ends: its exit codes, and the error that ends it early. */
import * as Data from "effect/Data"
import type { InstantlyError } from "../InstantlyError.js"
import type { Receipt } from "../Revocation.js"

/** The highest code that applies is the exit code. `usage` stands alone: it means that nothing was deleted. */
export const codes = { gone: 0, failed: 1, usage: 2, unknown: 3, unauthorized: 4 } as const

/** Ends the tool with an exit code and a message. */
export class Ended extends Data.TaggedError("Ended")<{ readonly code: number; readonly message: string }> {}

export const usage = (problem: string) =>
  new Ended({ code: codes.usage, message: `${problem}\nNothing was deleted. See --help.` })

export const cancelled = new Ended({ code: codes.usage, message: "Nothing was deleted." })

const unauthorized: ReadonlySet<string> = new Set(["Unauthorized", "PaymentRequired", "InsufficientScope"])

/** The exit code of a receipt. A `NotFound` after a lost response is `unknown`: most likely the key was deleted here. */
export const codeOf = (receipt: Receipt): number => {
  switch (receipt._tag) {
    case "Deleted":
      return codes.gone
    case "NotFound":
      return receipt.outcome === "Unknown" ? codes.unknown : codes.failed
    case "Failed":
      return unauthorized.has(receipt.error) ? codes.unauthorized : codes.failed
    case "Unknown":
      return unauthorized.has(receipt.error) ? codes.unauthorized : codes.unknown
    case "Skipped":
      return unauthorized.has(receipt.reason) ? codes.unauthorized : codes.failed
  }
}

/** The end after an error of a call to this address, before the first deletion. */
export const ofError = (error: InstantlyError, address: string) =>
  new Ended({
    code: unauthorized.has(error._tag) ? codes.unauthorized : codes.failed,
    message: `${error.message}\nThis was at ${address}. Nothing was deleted.`
  })
