/**
 * Instantly for code that knows promises alone. This file is where Effect ends: it makes a runtime, runs calls in it, and
 * turns the end of each into a value or an exception.
 */
import { FetchHttpClient } from "@effect/platform"
import { Cause, Chunk, Effect, Exit, Layer, ManagedRuntime, Redacted, Schema, Stream, Tracer } from "effect"
import { ApiKey, ApiKeys, Instantly, Outcome } from "effect-instantly"

export interface Key {
  readonly id: string
  readonly name: string
}

export interface Connection {
  /** All keys of the workspace. */
  readonly list: () => Promise<ReadonlyArray<Key>>
  /**
   * Deletes the key with this id. It is rejected with an error of `InstantlyError`, with `NotAnId`, or with `Aborted` if the
   * signal aborts it: each has an `outcome`. It is rejected with a `ConfigError` without one if `connect` was given a setting
   * that is not valid.
   */
  readonly revoke: (id: string, options?: { readonly signal?: AbortSignal | undefined }) => Promise<Key>
  /** Interrupts what is under way, and lets go of everything. */
  readonly close: () => Promise<void>
}

/** The signal aborted the deletion. The outcome says what may have become of the key. */
export class Aborted extends Error {
  override readonly name = "Aborted"
  constructor(readonly outcome: Outcome.Outcome) {
    super(`The deletion was aborted, with the outcome ${outcome}.`)
  }
}

/** What was given as an id is not a UUID. It is not shown, because it may be a secret. */
export class NotAnId extends Error {
  override readonly name = "NotAnId"
  readonly outcome: Outcome.Outcome = "NotApplied"
  constructor() {
    super("An id is a UUID, and this one is not (it is not shown: it may be a secret).")
  }
}

/** Shows the spans that an effect begins. An interrupted call has no error to tell its outcome, but its span has it. */
const watching =
  (see: (span: Tracer.Span) => void) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(Effect.tracer, (tracer) => {
      const span: Tracer.Tracer["span"] = (...given) => {
        const begun = tracer.span(...given)
        see(begun)
        return begun
      }
      return Effect.withTracer(effect, Tracer.make({ context: tracer.context, span }))
    })

const isOutcome = Schema.is(Outcome.Outcome)

const isId = Schema.is(ApiKey.ApiKeyId)

/** Makes a connection. Make one for a whole process: its gate keeps all calls together within the workspace's limit. */
export const connect = (options: { readonly apiKey: string; readonly baseUrl?: string | undefined }): Connection => {
  const { apiKey, baseUrl } = options
  const runtime = ManagedRuntime.make(
    Instantly.layer({ apiKey: Redacted.make(apiKey), baseUrl, deadline: "30 seconds" }).pipe(
      Layer.provide(FetchHttpClient.layer)
    )
  )
  return {
    list: () => runtime.runPromise(Effect.map(Stream.runCollect(ApiKeys.list()), Chunk.toReadonlyArray)),
    revoke: async (id, { signal } = {}) => {
      if (!isId(id)) throw new NotAnId()
      let outcome: Outcome.Outcome = "NotApplied" // until the call begins
      let span: Tracer.Span | undefined
      const watched = watching((begun) => {
        span = begun
      })(Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.delete(id)))
      const exit = await runtime.runPromiseExit(watched, signal === undefined ? {} : { signal })
      if (Exit.isSuccess(exit)) return exit.value
      if (!Cause.isInterruptedOnly(exit.cause)) throw Cause.squash(exit.cause)
      const told = span?.attributes.get("instantly.outcome")
      if (isOutcome(told)) outcome = told
      throw new Aborted(outcome)
    },
    close: () => runtime.dispose()
  }
}
