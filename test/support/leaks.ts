/** Looks for secrets wherever a value can be shown. */
import { inspect } from "node:util"
import { Cause } from "effect"

/** What shows that a text holds a secret that the double made up: as it is, or decoded. */
export const madeUpSecret = /made-up-secret|Om1hZGV1|:madeup/

/** The part of a secret of the shape of a real one, base64 of `<UUID>:<12 characters>`, that is no id. */
const ownPartOf = (secret: string): ReadonlyArray<string> => {
  const [, own] = /^[0-9a-f-]{36}:(.{12})$/.exec(Buffer.from(secret, "base64").toString("latin1")) ?? []
  return own === undefined ? [] : [own]
}

/** Every form of a secret that would give it away: as it is, encoded, decoded, and its beginning and its end. */
export const formsOf = (secret: string): ReadonlyArray<string> => [
  secret,
  secret.slice(0, 12),
  secret.slice(-12),
  encodeURIComponent(secret),
  // without the last characters, which depend on what follows
  ...["", "x", "xx"].map((shift) =>
    Buffer.from(shift + secret)
      .toString("base64")
      .slice(4, -4)
  ),
  ...["", "x", "xx"].map((shift) =>
    Buffer.from(shift + secret)
      .toString("base64url")
      .slice(4, -4)
  ),
  Buffer.from(secret).toString("hex"),
  ...ownPartOf(secret)
]

const attempt = (show: () => unknown): string => {
  try {
    return String(show())
  } catch {
    return ""
  }
}

/** All that one can see of a value: by itself, in a cause, and along its causes. */
const showings = (value: unknown): ReadonlyArray<readonly [how: string, text: string]> => [
  ["JSON.stringify", attempt(() => JSON.stringify(value))],
  ["String", attempt(() => String(value))],
  ["inspect", attempt(() => inspect(value, { depth: 12 }))],
  [
    "inspect, all of it",
    attempt(() => inspect(value, { depth: 12, showHidden: true, customInspect: false, getters: true }))
  ],
  ["stack", attempt(() => (value instanceof Error ? value.stack : ""))],
  ["message", attempt(() => (value instanceof Error ? value.message : ""))],
  ["Cause.pretty", attempt(() => Cause.pretty(Cause.fail(value), { renderErrorCause: true }))],
  ["JSON of the cause", attempt(() => JSON.stringify(Cause.fail(value)))],
  ...(value instanceof Error && value.cause !== undefined ? showings(value.cause) : [])
]

/** Where a value gives one of these secrets away. */
export const leaksIn = (value: unknown, secrets: ReadonlyArray<string>): ReadonlyArray<string> =>
  showings(value).flatMap(([how, text]) =>
    secrets.flatMap(formsOf).some((form) => text.includes(form)) ? [`${how}: ${text.slice(0, 300)}`] : []
  )
