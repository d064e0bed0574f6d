/**
 * Deletes a key in the middle of something that a person waits for: twice at most, and within two seconds. The policy is
 * composed from schedules, and holds for the one call that it is set around.
 */
import { FetchHttpClient } from "@effect/platform"
import { Console, Duration, Effect, Layer, Schedule, ScheduleDecision, Schema } from "effect"
import { ApiKey, ApiKeys, Instantly, RetryPolicy } from "effect-instantly"

const impatient = RetryPolicy.backoff({ base: "50 millis", cap: "500 millis" }).pipe(
  Schedule.intersect(RetryPolicy.honorRetryAfter),
  RetryPolicy.attempts(2),
  RetryPolicy.withinBudget("2 seconds"),
  RetryPolicy.whileRetryable,
  Schedule.onDecision((waited, decision) =>
    ScheduleDecision.isContinue(decision) ? Console.log(`trying again after ${Duration.format(waited)}`) : Effect.void
  )
)

const program = Effect.gen(function* () {
  const id = yield* Schema.decodeUnknown(ApiKey.ApiKeyId)(process.argv[2])
  const apiKeys = yield* ApiKeys.ApiKeys
  const deleted = yield* apiKeys.delete(id).pipe(RetryPolicy.withRetryPolicy(impatient))
  yield* Console.log(`deleted "${deleted.name}"`)
}).pipe(
  Effect.catchTag("TooManyRequests", (error) => Console.log(`not now: ${error.message}`)),
  Effect.catchTag("TransportError", "ServerError", (error) =>
    Console.log(
      error.outcome === "NotApplied" ? "the key is as it was" : "the key may be gone: look before you rely on it"
    )
  )
)

const InstantlyLive = Instantly.layerConfig().pipe(Layer.provide(FetchHttpClient.layer))

await Effect.runPromise(Effect.provide(program, InstantlyLive))
