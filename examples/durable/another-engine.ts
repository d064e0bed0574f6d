/**
 * One deletion as an activity of another engine: Temporal, DBOS, Inngest. Such an engine calls an async function until it
 * returns, and keeps what it returned. So the library does not try again here, because the engine does. The runtime is made
 * once for each worker, with the gate on Redis: the engine starts as many activities at once as it likes, and they wait there.
 */
import { Effect, type ManagedRuntime, Schema, Stream } from "effect"
import { ApiKey, type ApiKeys, type InstantlyError, RetryPolicy, Revocation } from "effect-instantly"

export interface Input {
  readonly id: string
  /**
   * Which attempt of the engine this is, where 1 is the first. It must also count attempts whose worker died, as Temporal's
   * does. Where it does not, write down that the deletion has begun before the first request, as `revoke.ts` does.
   */
  readonly attempt: number
}

const toLine = Schema.encode(Schema.parseJson(Revocation.Receipt))

/** The errors that may pass by themselves. Others, such as `Unauthorized`, would make the engine try for ever. */
const mayPass: ReadonlyArray<string> = ["TooManyRequests", "ServerError", "TransportError"] satisfies ReadonlyArray<
  InstantlyError.InstantlyError["_tag"]
>

/**
 * Gives the receipt as a line of JSON, which holds no secret. It throws if the engine has to try again. So a receipt that is
 * `Failed` or `Unknown` has an error that will not pass by itself: a person has to look at it.
 */
export const deleteKey =
  (runtime: ManagedRuntime.ManagedRuntime<ApiKeys.ApiKeys, unknown>) =>
  ({ attempt, id: given }: Input): Promise<string> =>
    Effect.gen(function* () {
      const id = yield* Schema.decode(ApiKey.ApiKeyId)(given)
      const receipt = yield* Revocation.run([id], { inDoubt: attempt > 1 ? [id] : [] }).pipe(
        Stream.runHead,
        Effect.flatten,
        RetryPolicy.withRetryPolicy(RetryPolicy.none)
      )
      if ((receipt._tag === "Failed" || receipt._tag === "Unknown") && mayPass.includes(receipt.error)) {
        return yield* Effect.fail(new Error(receipt.message))
      }
      return yield* toLine(receipt)
    }).pipe(runtime.runPromise)
