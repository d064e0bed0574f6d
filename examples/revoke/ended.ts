/** How the tool ends: its exit codes, and the one error by which it ends early. */
import { Data } from "effect"
import type { InstantlyError, Revocation } from "effect-instantly"

/** Of several that apply, the highest is the one, but for `usage`, which alone means that nothing was sent. */
export const codes = { gone: 0, failed: 1, usage: 2, unknown: 3, unauthorized: 4 } as const

/** It ends here, with this exit code and this to say. */
export class Ended extends Data.TaggedError("Ended")<{ readonly code: number; readonly message: string }> {}

export const usage = (problem: string) =>
  new Ended({ code: codes.usage, message: `${problem}\nNothing was sent. --help tells how it is used.` })

export const cancelled = new Ended({ code: codes.usage, message: "Nothing was deleted." })

const unauthorized: ReadonlySet<string> = new Set(["Unauthorized", "PaymentRequired", "Forbidden"])

/** What a receipt comes to. A `NotFound` after a lost response is not known to be this key's end, though most likely it is. */
export const codeOf = (receipt: Revocation.Receipt): number => {
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

/** What an error before the first deletion comes to. */
export const ofError = (error: InstantlyError.InstantlyError) =>
  new Ended({
    code: unauthorized.has(error._tag) ? codes.unauthorized : codes.failed,
    message: `${error.message}\nNothing was deleted.`
  })
