import { Effect, Layer, Logger, LogLevel } from "effect"

/** Collects the messages that are logged at this level or above it, in place of printing them. */
export const logsTo = (messages: Array<string>, least: LogLevel.LogLevel = LogLevel.Warning): Layer.Layer<never> =>
  Layer.merge(
    Logger.replace(
      Logger.defaultLogger,
      Logger.make(({ logLevel, message }) => {
        if (LogLevel.greaterThanEqual(logLevel, least)) messages.push(String(message))
      })
    ),
    Logger.minimumLogLevel(least)
  )

/** What an effect gives, and its warnings and errors. */
export const warningsOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const warnings: Array<string> = []
    const result = yield* Effect.provide(effect, logsTo(warnings))
    return { result, warnings }
  })
