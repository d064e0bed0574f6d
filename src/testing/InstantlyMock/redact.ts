/** Takes the secrets of the double's keys out of what is recorded of a request. */
import type { Incoming } from "./exchange.js"

/** A path that cannot contain a secret. To search every request for every secret would take too long. */
const isOrdinaryPath = (path: string) => /^\/api\/v2\/api-keys(?:\/[0-9a-f-]{36})?$/i.test(path)

const ordinaryHeaders = new Set([
  "accept",
  "accept-encoding",
  "connection",
  "content-length",
  "content-type",
  "host",
  "user-agent"
])

/** A secret as it is, in a path and in a query. */
const formsOf = (secret: string) => [
  secret,
  encodeURIComponent(secret),
  new URLSearchParams({ "": secret }).toString().slice(1)
]

export const make = (secrets: () => Iterable<string>) => {
  const redact = (text: string) => {
    let redacted = text
    for (const secret of secrets()) {
      if (secret === "") continue
      for (const form of formsOf(secret)) redacted = redacted.replaceAll(form, "<redacted>")
    }
    return redacted
  }
  return {
    /** The path with its query. */
    path: ({ path, query }: Incoming): string => {
      if (query.size > 0) return redact(`${path}?${query}`)
      return isOrdinaryPath(path) ? path : redact(path)
    },
    headers: ({ headers }: Incoming): Readonly<Record<string, string>> =>
      Object.fromEntries(
        Object.entries(headers).map(([name, value]) => {
          if (name === "authorization") return [name, "<redacted>"]
          return [name, ordinaryHeaders.has(name) ? value : redact(value)]
        })
      )
  }
}
