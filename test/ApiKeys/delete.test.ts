import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted, Schema } from "effect"
import { ApiKey, ApiKeys, Instantly, InstantlyError } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { withApiKeys } from "../support/withApiKeys.js"

describe("delete", () => {
  it.effect("deletes the key, and gives the key that is gone", () =>
    withApiKeys(({ apiKeys, mock }) =>
      Effect.gen(function* () {
        const leaked = yield* mock.createApiKey({ name: "leaked", scopes: ["campaigns:read"] })
        const deleted = yield* apiKeys.delete(leaked.id)
        expect(deleted).toMatchObject({ id: leaked.id, name: "leaked", scopes: ["campaigns:read"] })
        expect(deleted.organizationId).toBe(mock.workspaceId)
        expect(Redacted.value(deleted.key)).toBe(Redacted.value(leaked.secret))
        expect((yield* mock.apiKeys).map(({ name }) => name)).toEqual(["made-up key"])
      })
    )
  )

  it.effect.each(["whole", "masked", "empty"] as const)("reads a secret that comes back %s", (shownSecret) =>
    withApiKeys(
      ({ apiKeys, mock }) =>
        Effect.gen(function* () {
          const leaked = yield* mock.createApiKey()
          expect((yield* apiKeys.delete(leaked.id)).id).toBe(leaked.id)
        }),
      { shownSecret }
    )
  )

  it.effect("takes an id in either case", () =>
    withApiKeys(({ apiKeys, mock }) =>
      Effect.gen(function* () {
        const leaked = yield* mock.createApiKey()
        expect((yield* apiKeys.delete(ApiKey.ApiKeyId.make(leaked.id.toUpperCase()))).id).toBe(leaked.id)
      })
    )
  )

  it.effect("of a key that is gone is NotFound", () =>
    withApiKeys(({ apiKeys, mock }) =>
      Effect.gen(function* () {
        const leaked = yield* mock.createApiKey()
        yield* apiKeys.delete(leaked.id)
        const error = yield* Effect.flip(apiKeys.delete(leaked.id))
        expect(error).toMatchObject({ _tag: "NotFound", path: `/api/v2/api-keys/${leaked.id}`, outcome: "NotApplied" })
      })
    )
  )

  it.effect("that gives another key is InvalidResponse, and proves nothing", () =>
    withApiKeys(({ apiKeys, mock }) =>
      Effect.gen(function* () {
        const asked = yield* mock.createApiKey()
        const other = yield* mock.createApiKey()
        yield* mock.script(
          Fault.next(
            Fault.changeResponse((response) => ({
              ...response,
              body: String(response.body).replace(asked.id, other.id)
            }))
          )
        )
        const error = yield* Effect.flip(apiKeys.delete(asked.id))
        expect(error).toMatchObject({ _tag: "InvalidResponse", confirmed: false, outcome: "Unknown", attempts: 1 })
        expect(error.message).toContain("is not what the call and its Schema expect: it is about something other")
      })
    )
  )

  it.effect(
    "that gives the key with a field that cannot be read is InvalidResponse, and proves that the key is gone",
    () =>
      withApiKeys(({ apiKeys, mock }) =>
        Effect.gen(function* () {
          const leaked = yield* mock.createApiKey()
          yield* mock.script(
            Fault.next(
              Fault.changeResponse((response) => ({
                ...response,
                body: JSON.stringify({ id: leaked.id.toUpperCase(), name: 42 })
              }))
            )
          )
          const error = yield* Effect.flip(apiKeys.delete(leaked.id))
          expect(error).toMatchObject({ _tag: "InvalidResponse", confirmed: true, outcome: "Applied", attempts: 1 })
          expect(error.message).toContain("Instantly confirmed the request (200)")
          expect(error.message).toContain("name is not")
        })
      )
  )

  it.effect("without the scope is InsufficientScope, and names those that would do and those that the key has", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey({ scopes: ["api_keys:read", "campaigns:delete"] })
      const error = yield* Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => Effect.flip(apiKeys.delete(caller.id))).pipe(
        Effect.provide(Instantly.layer({ apiKey: caller.secret }))
      )
      expect(error).toMatchObject({
        _tag: "InsufficientScope",
        status: 401,
        outcome: "NotApplied",
        found: ["api_keys:read", "campaigns:delete"]
      })
      expect(error.message).toContain("It has: api_keys:read, campaigns:delete.")
      expect(error.message).toContain("api_keys:delete, api_keys:all, all:delete, all:all")
      expect(yield* mock.apiKeys).toHaveLength(1)
    }).pipe(Effect.provide(InstantlyMock.layer()))
  )

  it.effect("of the key it authenticates with works, and the next call is Unauthorized", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey()
      const other = yield* mock.createApiKey()
      yield* Effect.gen(function* () {
        const apiKeys = yield* ApiKeys.ApiKeys
        yield* apiKeys.delete(caller.id)
        expect(yield* Effect.flip(apiKeys.delete(other.id))).toMatchObject({
          _tag: "Unauthorized",
          outcome: "NotApplied"
        })
      }).pipe(Effect.provide(Instantly.layer({ apiKey: caller.secret })))
    }).pipe(Effect.provide(InstantlyMock.layer()))
  )

  it.effect("without a paid plan is PaymentRequired", () =>
    withApiKeys(({ apiKeys, mock }) =>
      Effect.gen(function* () {
        const leaked = yield* mock.createApiKey()
        yield* mock.setPaid(false)
        expect(yield* Effect.flip(apiKeys.delete(leaked.id))).toMatchObject({ _tag: "PaymentRequired" })
      })
    )
  )

  it.effect.each([
    ["empty", ""],
    ["malformed", "019e18e2"],
    ["traversing", "../workspaces/current"],
    ["traversing, percent-encoded", "%2e%2e%2fworkspaces"],
    ["a secret", "made-up-secret-canary"]
  ])("sends nothing for an id that untyped code lets through, and does not show it: %s", ([, id]) =>
    withApiKeys(({ apiKeys, mock }) =>
      Effect.gen(function* () {
        const untyped: unknown = id
        // @ts-expect-error what the type rules out
        const error: InstantlyError.InstantlyError = yield* Effect.flip(apiKeys.delete(untyped))
        expect(error).toMatchObject({ _tag: "HeldBack", outcome: "NotApplied", attempts: 0 })
        expect(error.message).toContain("did not send the request: the id is not a UUID (it is not shown")
        expect(error).toMatchObject({ method: "DELETE", path: "/api/v2/api-keys/{id}" })
        if (id !== "") expect(JSON.stringify(error) + error.message + error.stack).not.toContain(id)
        expect(yield* mock.arrivals).toEqual([])
      })
    )
  )
})

describe("ApiKeys", () => {
  it.effect("can be replaced in an app's tests by Layer.mock", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(ApiKeys.delete(ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-7384d8969c61")))
      expect(error).toBeInstanceOf(InstantlyError.NotFound)
    }).pipe(Effect.provide(Layer.mock(ApiKeys.ApiKeys, { delete: () => Effect.fail(new InstantlyError.NotFound()) })))
  )

  it("an error that a test makes can carry what the test needs", () => {
    const error = new InstantlyError.TooManyRequests({ attempts: 5, requestId: Option.some("made-up") })
    expect(Schema.encodeSync(InstantlyError.TooManyRequests)(error)).toMatchObject({
      attempts: 5,
      requestId: "made-up"
    })
  })
})
