/**
 * How the examples end. A program that fails says why on stderr, in the words of its error, and ends the process with 1; with
 * 2 if its arguments are wrong, and nothing was sent.
 */
import { ConfigError, Console, Data, Effect, Schema } from "effect"
import { ApiKey } from "effect-instantly"

/** The arguments are wrong. The message does not repeat them, because one may be a secret. */
export class Usage extends Data.TaggedError("Usage")<{ readonly message: string }> {}

/** The id of a key from the command line. */
export const idFrom = (argument: string | undefined, usage: string): Effect.Effect<ApiKey.ApiKeyId, Usage> =>
  argument === undefined
    ? new Usage({ message: usage })
    : Effect.mapError(
        Schema.decode(ApiKey.ApiKeyId)(argument),
        () =>
          new Usage({
            message: `An id is a UUID, and this one is not (it is not shown: it may be a secret).\n${usage}`
          })
      )

/**
 * What an error says. The message of a `ConfigError` alone does not name the setting, and the error of a server that cannot
 * listen has its words in its cause.
 */
export const messageOf = (
  error: ConfigError.ConfigError | { readonly message: string; readonly cause?: unknown }
): string => {
  if (!ConfigError.isConfigError(error)) return error.message === "" ? String(error.cause) : error.message
  return ConfigError.isMissingData(error) ? `${error.path.join("_")} is not set.` : String(error)
}

/** Runs a program to its end, and sets the exit code of the process. */
export const runToEnd = <A, E extends ConfigError.ConfigError | { readonly message: string }>(
  program: Effect.Effect<A, E>
): Promise<void> =>
  program.pipe(
    Effect.asVoid,
    Effect.catchAll((error) =>
      Effect.zipRight(
        Console.error(messageOf(error)),
        Effect.sync(() => {
          process.exitCode = error instanceof Usage ? 2 : 1
        })
      )
    ),
    Effect.runPromise
  )
