import { HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, ManagedRuntime } from "effect"
import { Instantly } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { deleteKey } from "./another-engine.js"

describe("a deletion as an activity of another engine", () => {
  it.live("sends one request for each attempt, and knows in the second that the first may have deleted the key", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.make({ faults: [Fault.next(Fault.loseResponse)] })
      const caller = yield* mock.createApiKey()
      const { id } = yield* mock.createApiKey({ name: "leaked" })
      const runtime = ManagedRuntime.make(
        Instantly.layer({ apiKey: caller.secret }).pipe(
          Layer.provide(Layer.succeed(HttpClient.HttpClient, mock.httpClient))
        )
      )
      const activity = deleteKey(runtime)
      yield* Effect.promise(() => expect(activity({ id, attempt: 1 })).rejects.toThrow("may have been carried out"))
      expect((yield* mock.arrivals).length).toBe(1)

      const receipt = JSON.parse(yield* Effect.promise(() => activity({ id, attempt: 2 })))
      expect(receipt).toMatchObject({ _tag: "NotFound", outcome: "Unknown", id })
      expect(receipt.message).toContain("Most likely it deleted the key.")
      expect((yield* mock.arrivals).length).toBe(2)
    }).pipe(Effect.scoped)
  )
})
