/** The settings of a client, checked: an error names the setting, never its value. */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type { ConfigOptions } from "../InstantlyClient.js"
import * as NameOf from "../internal/nameOf.js"
import * as RetryPolicy from "../RetryPolicy.js"

/** The version in `package.json`, which a bundled library cannot read; a test holds the two together. */
export const version = "0.1.0"

export interface Settings {
  /** Without a slash at its end. */
  readonly baseUrl: string
  readonly userAgent: string
  readonly workspaceId: Option.Option<string>
  /** The API key to authenticate with, or why there is none. An effect can give another one each time. */
  readonly apiKey: Effect.Effect<string, string>
  readonly timeout: Duration.Duration
  readonly deadline: Duration.Duration
  readonly retryPolicy: RetryPolicy.RetryPolicy
}

/** What can be wrong with a setting. The list is complete, so any other message comes from elsewhere, and can quote a value. */
const problems = {
  notUrl: "is not a URL, such as https://api.instantly.ai",
  notHttps: "must use https (http is only for loopback addresses, because it sends the API key in the clear)",
  notAddress: "must not hold a user, a password, a query or a fragment",
  missing: "is missing",
  notRedacted: "must be a Redacted: wrap it with Redacted.make",
  empty: "is empty",
  manyLines: "has more than one line",
  notHeader: "has spaces or characters that a header cannot hold",
  notAgent: "must be one line of printable ASCII, such as my-app/1.0",
  notLimit: "must be a duration longer than zero, such as 15 seconds",
  notSchedule: "must be a Schedule, such as RetryPolicy.standard"
} as const

/** A setting, or what is wrong with it. */
type Checked<A> = Either.Either<A, (typeof problems)[keyof typeof problems]>

const isLoopback = (hostname: string) =>
  hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname)

/** An address that a token may be sent to. */
const baseUrl = (value: string): Checked<string> =>
  Either.try(() => new URL(value)).pipe(
    Either.mapLeft(() => problems.notUrl),
    Either.flatMap((url) => {
      if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname))) {
        return Either.left(problems.notHttps)
      }
      if (`${url.username}${url.password}${url.search}${url.hash}` !== "") {
        return Either.left(problems.notAddress)
      }
      return Either.right(`${url.origin}${url.pathname}`.replace(/\/+$/, ""))
    })
  )

/** A value that fits into a header field, trimmed. */
const headerValue = (value: string): Checked<string> => {
  const trimmed = value.trim()
  if (trimmed === "") return Either.left(problems.empty)
  if (/[\r\n]/.test(trimmed)) return Either.left(problems.manyLines)
  return /^[\x21-\x7e]+$/.test(trimmed) ? Either.right(trimmed) : Either.left(problems.notHeader)
}

/** A wiped secret throws, and untyped code may pass something that is not a secret. */
const token = (value: Redacted.Redacted): Checked<string> => {
  if (!Redacted.isRedacted(value)) return Either.left(problems.notRedacted)
  return Either.try(() => Redacted.value(value)).pipe(
    Either.filterOrLeft(Predicate.isString, () => undefined),
    Either.mapLeft(() => problems.missing),
    Either.flatMap(headerValue)
  )
}

/** The library's name, followed by the app's. */
const userAgent = (app: string): Checked<string> =>
  /^[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*$/.test(app)
    ? Either.right(`${libraryAgent} ${app.trim()}`)
    : Either.left(problems.notAgent)

const libraryAgent = `effect-instantly/${version}`

const limit = (input: Duration.DurationInput): Checked<Duration.Duration> =>
  Either.try(() => Duration.decode(input)).pipe(
    Either.filterOrLeft(Duration.greaterThan(Duration.zero), () => undefined),
    Either.mapLeft(() => problems.notLimit)
  )

/** Untyped code may pass a number of attempts, or `RetryPolicy.attempts(3)`, which is a function of a policy. */
const schedule = (policy: RetryPolicy.RetryPolicy): Checked<RetryPolicy.RetryPolicy> =>
  Schedule.isSchedule(policy) ? Either.right(policy) : Either.left(problems.notSchedule)

const isConfig = <A>(value: A | Config.Config<A>): value is Config.Config<A> => Config.isConfig(value)

/** A setting that is given as a value or as a `Config`, or that is read from the configuration. */
const setting = <A, B>(name: string, value: A | Config.Config<A>, check: (value: A) => Checked<B>): Config.Config<B> =>
  // A `Config` adds its own path to the error, if it has one; a value has the name of its option.
  (isConfig(value) ? value : Config.nested(Config.succeed(value), name)).pipe(
    Config.mapOrFail((given) =>
      Either.mapLeft(check(given), (problem) => ConfigError.InvalidData([], `${name} ${problem}`))
    )
  )

/** Which settings a `ConfigError` is about. Its message can quote what was read. */
const pathsOf = (error: ConfigError.ConfigError): string => {
  if (error._op === "And" || error._op === "Or") {
    return `${pathsOf(error.left)} ${error._op.toLowerCase()} ${pathsOf(error.right)}`
  }
  return error.path.length === 0 ? error._op : `${error._op} at ${error.path.join(".")}`
}

const reasonOf = (cause: Cause.Cause<unknown>): string =>
  Option.match(Option.filter(Cause.failureOption(cause), ConfigError.isConfigError), {
    onNone: () => NameOf.ofCause(cause),
    onSome: pathsOf
  })

/** An API key that is obtained before each attempt. Only a name or a setting's path is kept of its error. */
const obtained = (apiKey: Effect.Effect<Redacted.Redacted, unknown>): Effect.Effect<string, string> =>
  apiKey.pipe(
    Effect.catchAllCause((cause) => Effect.fail(`could not be obtained: ${reasonOf(cause)}`)),
    Effect.flatMap(token),
    Effect.mapError((problem) => `the API key ${problem}`)
  )

/** What replaces the settings that are left out. */
interface LeftOut {
  readonly apiKey: Config.Config<Settings["apiKey"]>
  readonly baseUrl: Config.Config<string>
  readonly workspaceId: Config.Config<Option.Option<string>>
}

const instantly = "https://api.instantly.ai"

const byDefault: LeftOut = {
  apiKey: Config.nested(Config.fail("apiKey is missing"), "apiKey"),
  baseUrl: Config.succeed(instantly),
  workspaceId: Config.succeed(Option.none())
}

const fromEnvironment: LeftOut = {
  // `Config.redacted` redacts the message about a missing key, too. The name goes outside, where errors keep it as a path.
  apiKey: Config.map(
    setting("apiKey", Config.nested(Config.map(Config.string(), Redacted.make), "INSTANTLY_API_KEY"), token),
    Effect.succeed
  ),
  baseUrl: Config.withDefault(setting("baseUrl", Config.string("INSTANTLY_BASE_URL"), baseUrl), instantly),
  workspaceId: Config.option(setting("workspaceId", Config.string("INSTANTLY_WORKSPACE_ID"), headerValue))
}

/** A `Config` is an `Effect`, too: it is read once. Any other effect runs before each attempt. */
const tokenOf = (apiKey: NonNullable<ConfigOptions["apiKey"]>): LeftOut["apiKey"] =>
  Effect.isEffect(apiKey) && !Config.isConfig(apiKey)
    ? Config.succeed(obtained(apiKey))
    : Config.map(setting("apiKey", apiKey, token), Effect.succeed)

/** The error of a `Config` can quote what was read, and does not name the option, so only its path is kept. */
const withName = (name: string, error: ConfigError.ConfigError): ConfigError.ConfigError => {
  switch (error._op) {
    case "And":
      return ConfigError.And(withName(name, error.left), withName(name, error.right))
    case "Or":
      return ConfigError.Or(withName(name, error.left), withName(name, error.right))
    case "InvalidData": {
      const isOwn = Object.values(problems).some((problem) => error.message === `${name} ${problem}`)
      return ConfigError.InvalidData(error.path, isOwn ? error.message : `${name} is not what its Config expects`)
    }
    case "MissingData":
      return ConfigError.MissingData(error.path, `${name} is missing`)
    case "SourceUnavailable":
      return ConfigError.SourceUnavailable(error.path, `the source of ${name} is not available`, Cause.empty)
    case "Unsupported":
      return ConfigError.Unsupported(error.path, `${name} cannot be read from this source`)
  }
}

/** Every setting is checked, so that all wrong ones are reported together. */
const settings = (options: ConfigOptions, leftOut: LeftOut): Effect.Effect<Settings, ConfigError.ConfigError> => {
  const { apiKey, workspaceId } = options
  const all = {
    apiKey: apiKey === undefined ? leftOut.apiKey : tokenOf(apiKey),
    baseUrl: options.baseUrl === undefined ? leftOut.baseUrl : setting("baseUrl", options.baseUrl, baseUrl),
    workspaceId:
      workspaceId === undefined
        ? leftOut.workspaceId
        : Config.map(setting("workspaceId", workspaceId, headerValue), Option.some),
    userAgent:
      options.userAgent === undefined
        ? Config.succeed(libraryAgent)
        : setting("userAgent", options.userAgent, userAgent),
    timeout: setting("timeout", options.timeout ?? "15 seconds", limit),
    deadline: setting("deadline", options.deadline ?? Duration.infinity, limit),
    retryPolicy: setting("retryPolicy", options.retryPolicy ?? RetryPolicy.standard, schedule)
  }
  return Effect.mapError(Effect.all(all, { mode: "validate" }), (errors) =>
    Arr.filterMap(Object.entries(errors), ([name, error]) =>
      Option.map(error, (problem) => withName(name, problem))
    ).reduce((left, right) => ConfigError.And(left, right))
  )
}

/** The settings as they are given. */
export const given = (options: ConfigOptions) => settings(options, byDefault)

/** The settings as they are given, and the rest from the configuration. */
export const configured = (options: ConfigOptions) => settings(options, fromEnvironment)

/** The app's code may throw: the error names that code, and the class of what it threw. */
export const catchThrown = <A, R>(
  name: string,
  effect: Effect.Effect<A, ConfigError.ConfigError, R>
): Effect.Effect<A, ConfigError.ConfigError, R> =>
  Effect.catchAllDefect(effect, (defect) =>
    Effect.fail(ConfigError.InvalidData([name], `${name} failed with ${NameOf.ofDefect(defect)}`))
  )
