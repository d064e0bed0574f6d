/** The quickest way to test what uses `ApiKeys`: replace it. `Layer.mock` takes the methods that the test is about. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { ApiKey, ApiKeys, InstantlyError } from "effect-instantly"
import { offboard } from "./offboarding.js"

const id = ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-7384d8969c61")

/** An `ApiKeys` whose every deletion fails. */
const failing = (error: ApiKeys.DeleteApiKeyError) => Layer.mock(ApiKeys.ApiKeys, { delete: () => Effect.fail(error) })

describe("offboard", () => {
  it.effect("a key that is not there is no problem", () =>
    Effect.gen(function* () {
      expect(yield* offboard(id)).toBe("was not there")
    }).pipe(Effect.provide(failing(new InstantlyError.NotFound())))
  )

  it.effect("a 404 after a lost response is looked at again", () =>
    Effect.gen(function* () {
      expect(yield* offboard(id)).toBe("look again")
    }).pipe(Effect.provide(failing(new InstantlyError.NotFound({ outcome: "Unknown", attempts: 2 }))))
  )

  it.effect("so is every other failure", () =>
    Effect.gen(function* () {
      expect(yield* offboard(id)).toBe("look again")
    }).pipe(Effect.provide(failing(new InstantlyError.PaymentRequired())))
  )
})
