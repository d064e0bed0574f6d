/** The settings of a client, checked: one that is wrong is told by its name, and none is shown. */
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Signature } from "./sendOnce.js"

/** The version in `package.json`, which a bundled library cannot read; a test holds the two together. */
export const version = "0.1.0"

/** The settings as they are given. */
export interface Unchecked {
  readonly apiKey: Redacted.Redacted | Effect.Effect<Redacted.Redacted>
  readonly baseUrl?: string | undefined
  readonly workspaceId?: string | undefined
  readonly userAgent?: string | undefined
  readonly timeout?: Duration.DurationInput | undefined
  readonly deadline?: Duration.DurationInput | undefined
}

export interface Settings {
  readonly signature: Signature
  /** The token, checked each time: where an effect gives it, it can be another each time. */
  readonly token: Effect.Effect<string, ConfigError.ConfigError>
  readonly timeout: Duration.Duration
  readonly deadline: Duration.Duration
}

/** What a setting is called where it comes from. */
export interface Names {
  readonly apiKey: string
  readonly baseUrl: string
  readonly workspaceId: string
}

const optionNames: Names = { apiKey: "apiKey", baseUrl: "baseUrl", workspaceId: "workspaceId" }

const invalid = (name: string, problem: string) => Either.left(ConfigError.InvalidData([name], `${name} ${problem}`))

const isLoopback = (hostname: string) =>
  hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname)

/** An address that a token may be sent to, without a slash at its end. */
const baseUrl = (name: string, value: string): Either.Either<string, ConfigError.ConfigError> =>
  Either.try(() => new URL(value)).pipe(
    Either.orElse(() => invalid(name, "is not a URL, such as https://api.instantly.ai")),
    Either.flatMap((url) => {
      if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname))) {
        return invalid(
          name,
          "must use https (http is for loopback addresses only): the API key would travel in the clear"
        )
      }
      if (`${url.username}${url.password}${url.search}${url.hash}` !== "") {
        return invalid(name, "must not hold a user, a password, a query or a fragment")
      }
      return Either.right(`${url.origin}${url.pathname}`.replace(/\/+$/, ""))
    })
  )

/** A value that fits into one header field, trimmed. */
const word = (name: string, value: unknown): Either.Either<string, ConfigError.ConfigError> => {
  if (typeof value !== "string") return Either.left(ConfigError.MissingData([name], `${name} is missing`))
  const trimmed = value.trim()
  if (trimmed === "") return invalid(name, "is empty")
  if (/[\r\n]/.test(trimmed)) return invalid(name, "has more than one line")
  return /^[\x21-\x7e]+$/.test(trimmed)
    ? Either.right(trimmed)
    : invalid(name, "has spaces or other characters that it cannot consist of")
}

/** Names the library, and after it the app that uses it. */
const userAgent = (name: string, app: string | undefined): Either.Either<string, ConfigError.ConfigError> => {
  const own = `effect-instantly/${version}`
  if (app === undefined) return Either.right(own)
  return /^[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*$/.test(app)
    ? Either.right(`${own} ${app.trim()}`)
    : invalid(name, "must be one line of printable ASCII, such as my-app/1.0")
}

/** A time limit: longer than nothing. */
const limit = (
  name: string,
  input: Duration.DurationInput
): Either.Either<Duration.Duration, ConfigError.ConfigError> =>
  Either.try(() => Duration.decode(input)).pipe(
    Either.filterOrLeft(Duration.greaterThan(Duration.zero), () => undefined),
    Either.orElse(() => invalid(name, "must be a duration longer than nothing, such as 15 seconds"))
  )

export const check = (
  options: Unchecked,
  names: Names = optionNames
): Effect.Effect<Settings, ConfigError.ConfigError> =>
  Effect.gen(function* () {
    const { apiKey } = options
    // A value that has been wiped throws.
    const token = (value: Redacted.Redacted) =>
      word(names.apiKey, Option.getOrUndefined(Option.liftThrowable(Redacted.value<string>)(value)))
    return {
      signature: {
        baseUrl: yield* baseUrl(names.baseUrl, options.baseUrl ?? "https://api.instantly.ai"),
        userAgent: yield* userAgent("userAgent", options.userAgent),
        workspaceId: yield* Option.fromNullable(options.workspaceId).pipe(
          Option.map((id) => word(names.workspaceId, id)),
          Effect.transposeOption
        )
      },
      token: Effect.isEffect(apiKey) ? Effect.flatMap(apiKey, token) : Effect.succeed(yield* token(apiKey)),
      timeout: yield* limit("timeout", options.timeout ?? "15 seconds"),
      deadline: yield* limit("deadline", options.deadline ?? Duration.infinity)
    }
  })
