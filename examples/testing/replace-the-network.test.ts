/**
 * Replace the network, and keep everything else. `InstantlyMock` is an `HttpClient` that behaves like Instantly, with its
 * keys, scopes, plans and errors. The test runs the app with the real library, without a socket.
 */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Instantly } from "effect-instantly"
import { InstantlyMock } from "effect-instantly/testing"
import { offboard } from "./offboarding.js"

describe("offboard", () => {
  it.effect("deletes the client's key, and no other", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const ours = yield* mock.createApiKey({ name: "ours", scopes: ["api_keys:delete"] })
      const theirs = yield* mock.createApiKey({ name: "the client's" })

      const offboarded = yield* offboard(theirs.id).pipe(Effect.provide(Instantly.layer({ apiKey: ours.secret })))

      expect(offboarded).toBe("gone")
      expect((yield* mock.apiKeys).map(({ name }) => name)).toEqual(["ours"])
      expect(yield* mock.arrivals).toMatchObject([
        { method: "DELETE", path: `/api/v2/api-keys/${theirs.id}`, applied: true }
      ])
    }).pipe(Effect.provide(InstantlyMock.layer()))
  )

  it.effect("changes nothing if its own key lacks the scope", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const ours = yield* mock.createApiKey({ scopes: ["campaigns:all"] })
      const theirs = yield* mock.createApiKey()

      const offboarded = yield* offboard(theirs.id).pipe(Effect.provide(Instantly.layer({ apiKey: ours.secret })))

      expect(offboarded).toBe("check again")
      expect(yield* mock.apiKeys).toHaveLength(2)
      expect(yield* mock.arrivals).toMatchObject([{ applied: false, reason: "scope api_keys:delete is missing" }])
    }).pipe(Effect.provide(InstantlyMock.layer()))
  )
})
