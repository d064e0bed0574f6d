/**
 * Replace the service: the quickest way to test code that uses `ApiKeys`. `Layer.mock` takes the methods that the test
 * needs, and `InstantlyMock.apiKey` makes the keys that they return.
 */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { ApiKey, ApiKeys, InstantlyError } from "effect-instantly"
import { InstantlyMock } from "effect-instantly/testing"
import { offboard } from "./offboarding.js"

const id = ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-7384d8969c61")

/** An `ApiKeys` that deletes every key. */
const deleting = Layer.mock(ApiKeys.ApiKeys, { delete: (id) => Effect.succeed(InstantlyMock.apiKey({ id })) })

/** An `ApiKeys` that fails every deletion with this error. */
const failing = (error: ApiKeys.DeleteApiKeyError) => Layer.mock(ApiKeys.ApiKeys, { delete: () => Effect.fail(error) })

describe("offboard", () => {
  it.effect("reports a deleted key as gone", () =>
    Effect.gen(function* () {
      expect(yield* offboard(id)).toBe("gone")
    }).pipe(Effect.provide(deleting))
  )

  it.effect("reports a key that does not exist", () =>
    Effect.gen(function* () {
      expect(yield* offboard(id)).toBe("was not there")
    }).pipe(Effect.provide(failing(new InstantlyError.NotFound())))
  )

  it.effect("says to check again at a 404 after a lost response", () =>
    Effect.gen(function* () {
      expect(yield* offboard(id)).toBe("check again")
    }).pipe(Effect.provide(failing(new InstantlyError.NotFound({ outcome: "Unknown", attempts: 2 }))))
  )

  it.effect("says to check again after any other failure", () =>
    Effect.gen(function* () {
      expect(yield* offboard(id)).toBe("check again")
    }).pipe(Effect.provide(failing(new InstantlyError.PaymentRequired())))
  )
})
