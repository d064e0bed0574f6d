/**
 * Instantly for code that uses promises alone. This file is where Effect ends: it makes a runtime, runs calls in it, and
 * gives promises, plain objects and an async iterable.
 */
import { FetchHttpClient } from "@effect/platform"
import { Chunk, Effect, Layer, ManagedRuntime, Option, Redacted, Schema, Stream } from "effect"
import { ApiKey, ApiKeys, Instantly, InstantlyError, Revocation } from "effect-instantly"

export interface Key {
  readonly id: string
  readonly name: string
}

/** What became of one key, as plain JSON: its `_tag` is `Deleted`, `NotFound`, `Failed`, `Unknown` or `Skipped`. */
export type Receipt = typeof Revocation.Receipt.Encoded

export interface Connection {
  /** All keys of the workspace. */
  readonly list: () => Promise<ReadonlyArray<Key>>
  /** Deletes the key with this id. It rejects with an error that `errorIn` finds, which has an `outcome`, or with `NotAnId`. */
  readonly revoke: (id: string) => Promise<Key>
  /**
   * Deletes many keys, and gives a receipt for each, in the order in which they are done. After `stop` aborts, calls under
   * way finish and give their receipts, and the ids that are left are not sent. Leaving the loop early interrupts instead.
   */
  readonly revokeAll: (
    ids: ReadonlyArray<string>,
    options?: { readonly stop?: AbortSignal | undefined }
  ) => AsyncIterable<Receipt>
  /** Lets go of everything. */
  readonly close: () => Promise<void>
}

/** What was given as an id is not a UUID, and nothing was sent. It is not shown, because it may be a secret. */
export class NotAnId extends Error {
  override readonly name = "NotAnId"
  constructor() {
    super("An id is a UUID, and this one is not (it is not shown: it may be a secret).")
  }
}

/** The error of this library in what a promise was rejected with, if there is one. */
export const errorIn = (reason: unknown): InstantlyError.InstantlyError | undefined =>
  Option.getOrUndefined(InstantlyError.fromUnknown(reason))

const toId = (id: string) => {
  if (!Schema.is(ApiKey.ApiKeyId)(id)) throw new NotAnId()
  return id
}

const aborted = (signal: AbortSignal) =>
  Effect.async<void>((resume) => {
    const end = () => resume(Effect.void)
    if (signal.aborted) return end()
    signal.addEventListener("abort", end, { once: true })
    return Effect.sync(() => signal.removeEventListener("abort", end))
  })

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
    revoke: async (id) => runtime.runPromise(ApiKeys.delete(toId(id))),
    revokeAll: async function* (ids, { stop } = {}) {
      const receipts = Revocation.run(ids.map(toId), { stop: stop === undefined ? Effect.never : aborted(stop) }).pipe(
        Stream.mapEffect(Schema.encode(Revocation.Receipt))
      )
      yield* Stream.toAsyncIterableRuntime(receipts, await runtime.runtime())
    },
    close: () => runtime.dispose()
  }
}
