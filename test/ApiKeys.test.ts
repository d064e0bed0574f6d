import { HttpClient, type HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, expectTypeOf, it } from "@effect/vitest"
import { Array as Arr, Chunk, Effect, Layer, Option, Redacted, Ref, Schema, Stream } from "effect"
import { ApiKey, ApiKeys, Instantly, InstantlyError, RetryPolicy } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { inVirtualTime } from "./support/virtual.js"

/** Deletes, in a double, with a key that may. */
const withApiKeys = <A, E>(
  body: (test: { readonly apiKeys: ApiKeys.Service; readonly mock: InstantlyMock.Service }) => Effect.Effect<A, E>,
  options: InstantlyMock.Options = {}
) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey({ scopes: ["api_keys:delete"] })
    return yield* Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => body({ apiKeys, mock })).pipe(
      Effect.provide(Instantly.layer({ apiKey: caller.secret }))
    )
  }).pipe(Effect.provide(InstantlyMock.layer(options)))

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

  it.effect("that gives another key is InvalidResponse: something was carried out", () =>
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
        expect(error).toMatchObject({ _tag: "InvalidResponse", outcome: "Applied", attempts: 1 })
        expect(error.message).toContain("it is not the API key that was asked for")
      })
    )
  )

  it.effect("without the scope is Forbidden, and names those that would do", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey({ scopes: ["api_keys:read", "campaigns:delete"] })
      const error = yield* Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => Effect.flip(apiKeys.delete(caller.id))).pipe(
        Effect.provide(Instantly.layer({ apiKey: caller.secret }))
      )
      expect(error).toMatchObject({ _tag: "Forbidden", outcome: "NotApplied" })
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

describe("list", () => {
  /** A workspace with so many keys more than the caller's. */
  const withKeys = <A, E>(
    n: number,
    body: (mock: InstantlyMock.Service) => Effect.Effect<A, E, ApiKeys.ApiKeys>,
    options: InstantlyMock.Options = {}
  ) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey({ name: "caller", scopes: ["api_keys:read"] })
      yield* Effect.forEach(Array.from({ length: n }), (_, index) => mock.createApiKey({ name: `key ${index}` }))
      return yield* body(mock).pipe(Effect.provide(Instantly.layer({ apiKey: caller.secret })))
    }).pipe(Effect.provide(InstantlyMock.layer({ limits: [], ...options })))

  const queries = (mock: InstantlyMock.Service) =>
    Effect.map(
      mock.arrivals,
      Arr.map(({ path }) => path)
    )

  it.effect.each([true, false])("gives each key once, also where the last page has a cursor: %s", (cursorOnLastPage) =>
    withKeys(
      7,
      (mock) =>
        Effect.gen(function* () {
          for (const pageSize of [1, 3, 4, 8, 100]) {
            const keys = yield* Stream.runCollect(ApiKeys.list({ pageSize }))
            const names = Chunk.toReadonlyArray(Chunk.map(keys, ({ name }) => name))
            expect(names.toSorted()).toEqual((yield* mock.apiKeys).map(({ name }) => name).toSorted())
          }
        }).pipe(inVirtualTime),
      { cursorOnLastPage }
    )
  )

  it.effect("asks for no page before it is needed, and for 100 keys unless it is told otherwise", () =>
    withKeys(5, (mock) =>
      Effect.gen(function* () {
        yield* Stream.runDrain(Stream.take(ApiKeys.list({ pageSize: 2 }), 3))
        expect(yield* queries(mock)).toHaveLength(2)
        yield* Stream.runDrain(Stream.take(ApiKeys.list(), 1))
        expect((yield* queries(mock)).at(-1)).toBe("/api/v2/api-keys?limit=100")
      }).pipe(inVirtualTime)
    )
  )

  it.effect("ends at an empty page, also where it has a cursor", () => {
    const apiKeys = Layer.mock(ApiKeys.ApiKeys, {
      listPage: ({ startingAfter } = {}) =>
        startingAfter === "b"
          ? Effect.dieMessage("not to be asked for")
          : Effect.succeed(
              startingAfter === undefined
                ? { items: [InstantlyMock.apiKey()], next: Option.some("a") }
                : { items: [], next: Option.some("b") }
            )
    })
    return Effect.gen(function* () {
      expect(yield* Stream.runCollect(ApiKeys.list())).toHaveLength(1)
    }).pipe(Effect.provide(apiKeys))
  })

  it.effect("ends at a cursor that was given before", () => {
    const pages: Record<string, string> = { "": "a", a: "b", b: "a" }
    const apiKeys = Layer.mock(ApiKeys.ApiKeys, {
      listPage: ({ startingAfter = "" } = {}) =>
        Effect.sync(() => ({
          items: [InstantlyMock.apiKey({ name: startingAfter })],
          next: Option.fromNullable(pages[startingAfter])
        }))
    })
    return Effect.gen(function* () {
      const keys = yield* Stream.runCollect(ApiKeys.list())
      expect(Chunk.toReadonlyArray(Chunk.map(keys, ({ name }) => name))).toEqual(["", "a", "b"])
    }).pipe(Effect.provide(apiKeys))
  })

  it.effect("of a page size that Instantly does not take is BadRequest", () =>
    withKeys(0, () =>
      Effect.gen(function* () {
        for (const pageSize of [0, 101, 1.5]) {
          const error = yield* Effect.flip(Stream.runDrain(ApiKeys.list({ pageSize })))
          expect(error).toMatchObject({ _tag: "BadRequest", method: "GET", path: "/api/v2/api-keys" })
        }
      }).pipe(inVirtualTime)
    )
  )

  it.effect("without the scope is Forbidden, and says which would do", () =>
    withApiKeys(({ apiKeys }) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(apiKeys.listPage())
        expect(error).toMatchObject({ _tag: "Forbidden" })
        expect(error.message).toContain("api_keys:read, api_keys:all, all:read, all:all")
      })
    )
  )
})

describe("isActive", () => {
  const responding = (status: number, body: unknown) =>
    Fault.always(Fault.respond({ status, body: typeof body === "string" ? body : JSON.stringify(body) }))
  const envelope = (statusCode: number, error: string) => ({ statusCode, error, message: "made-up" })

  it.effect("is true of a key until it is deleted, and false then", () =>
    withApiKeys(({ apiKeys, mock }) =>
      Effect.gen(function* () {
        const leaked = yield* mock.createApiKey({ name: "leaked" })
        expect(yield* apiKeys.isActive(leaked.secret)).toBe(true)
        yield* apiKeys.delete(leaked.id)
        expect(yield* apiKeys.isActive(leaked.secret)).toBe(false)
        expect(yield* apiKeys.isActive(Redacted.make("made-up-nonsense"))).toBe(false)
      }).pipe(inVirtualTime)
    )
  )

  it.effect("is true of a key that lacks the scope, and of one in a workspace that does not pay", () =>
    withApiKeys(({ apiKeys, mock }) =>
      Effect.gen(function* () {
        const scoped = yield* mock.createApiKey({ scopes: ["campaigns:read"] })
        expect(yield* apiKeys.isActive(scoped.secret)).toBe(true)
        const workspaceId = yield* mock.createWorkspace({ paid: false })
        const unpaid = yield* mock.createApiKey({ workspaceId })
        expect(yield* apiKeys.isActive(unpaid.secret)).toBe(true)
      })
    )
  )

  it.effect("reads once, with the secret alone: neither the client's key nor its workspace goes with it", () =>
    Effect.gen(function* () {
      const requests = yield* Ref.make<ReadonlyArray<HttpClientRequest.HttpClientRequest>>([])
      const seeing = HttpClient.make((request) =>
        Effect.as(
          Ref.update(requests, (before) => [...before, request]),
          HttpClientResponse.fromWeb(request, new Response('{"items":[]}'))
        )
      )
      const active = yield* Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) =>
        apiKeys.isActive(Redacted.make(" leaked\n"))
      ).pipe(
        Effect.provide(
          Instantly.layer({ apiKey: Effect.dieMessage("not to be asked for"), workspaceId: "made-up-workspace" })
        ),
        Effect.provideService(HttpClient.HttpClient, seeing)
      )
      expect(active).toBe(true)
      expect(
        (yield* Ref.get(requests)).map(({ headers, method, urlParams }) => [method, urlParams, { ...headers }])
      ).toEqual([
        [
          "GET",
          [["limit", "1"]],
          {
            accept: "application/json",
            authorization: "Bearer leaked",
            "user-agent": expect.stringMatching(/^effect-instantly/)
          }
        ]
      ])
    })
  )

  it.effect.each([
    ["a portal's 200", 200, "<html>welcome</html>", "InvalidResponse"],
    ["a 200 that is no list", 200, { error: "made-up" }, "InvalidResponse"],
    ["a 401 of a proxy", 401, "<html>", "UnexpectedStatus"],
    ["a 401 whose body disagrees", 401, envelope(403, "Forbidden"), "UnexpectedStatus"],
    ["a block at the edge", 403, "error code: 1010", "UnexpectedStatus"],
    ["a 402 of a proxy", 402, "", "UnexpectedStatus"],
    ["a 404", 404, envelope(404, "Not Found"), "NotFound"],
    ["a 429", 429, "", "TooManyRequests"],
    ["a 500", 500, "", "ServerError"]
  ] as const)("makes no guess of %s", ([, status, body, tag]) =>
    withApiKeys(
      ({ apiKeys }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(apiKeys.isActive(Redacted.make("made-up"))).pipe(
            RetryPolicy.withRetryPolicy(RetryPolicy.none)
          )
          expect(error._tag).toBe(tag)
        }),
      { faults: [responding(status, body)] }
    )
  )

  it.effect.each(["", " ", "made up", "made-up\nmade-up", "made-üp"])(
    "sends nothing with %j, which cannot be a secret",
    (text) =>
      withApiKeys(({ apiKeys, mock }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(apiKeys.isActive(Redacted.make(text)))
          expect(error).toMatchObject({ _tag: "HeldBack", outcome: "NotApplied", attempts: 0 })
          expect(yield* mock.arrivals).toEqual([])
        })
      )
  )

  it.effect("of a secret that has been wiped is an error, and sends nothing", () =>
    withApiKeys(({ apiKeys, mock }) =>
      Effect.gen(function* () {
        const wiped = Redacted.make("made-up-secret-canary")
        Redacted.unsafeWipe(wiped)
        const error = yield* Effect.flip(apiKeys.isActive(wiped))
        expect(error).toMatchObject({
          _tag: "HeldBack",
          method: "GET",
          path: "/api/v2/api-keys",
          detail: "the secret to ask about has been wiped",
          attempts: 0
        })
        expect(yield* mock.arrivals).toEqual([])
      })
    )
  )

  it("cannot fail with what is a yes or a no: a type", () => {
    expectTypeOf<ApiKeys.IsActiveError["_tag"]>().toEqualTypeOf<
      Exclude<InstantlyError.InstantlyError["_tag"], "Unauthorized" | "PaymentRequired" | "Forbidden">
    >()
  })
})

describe("ApiKeys", () => {
  it.effect("can be replaced in an app's tests by Layer.mock", () =>
    Effect.gen(function* () {
      const apiKeys = yield* ApiKeys.ApiKeys
      const error = yield* Effect.flip(apiKeys.delete(ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-7384d8969c61")))
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
