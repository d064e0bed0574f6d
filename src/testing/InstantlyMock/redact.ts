/** Takes secrets out of the record of a request: those that the double made up, and those that a test gave it. */
import type { Incoming } from "./exchange.js"
import * as Identity from "./identity.js"

/** A secret as it is, in a path and in a query. */
const formsOf = (secret: string) => [
  secret,
  encodeURIComponent(secret),
  new URLSearchParams({ "": secret }).toString().slice(1)
]

export const make = (given: () => Iterable<string>) => {
  const redact = (text: string) => {
    let redacted = text.replaceAll(Identity.madeUpSecret, "<redacted>")
    for (const secret of given()) {
      if (secret === "") continue
      for (const form of formsOf(secret)) redacted = redacted.replaceAll(form, "<redacted>")
    }
    return redacted
  }
  return {
    /** The path with its query. */
    path: ({ path, query }: Incoming): string => redact(query.size > 0 ? `${path}?${query}` : path),
    headers: ({ headers }: Incoming): Readonly<Record<string, string>> =>
      Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, name === "authorization" ? "<redacted>" : redact(value)])
      )
  }
}
