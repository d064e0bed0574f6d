import { HttpClient, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Array as Arr, Chunk, Effect, Redacted, Schema, Stream } from "effect"
import { ApiKey, ApiKeys, Instantly } from "effect-instantly"
import { InstantlyMock } from "effect-instantly/testing"
import { warningsOf } from "../support/logs.js"
import { inVirtualTime } from "../support/virtual.js"
import { withApiKeys } from "../support/withApiKeys.js"

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

  it.effect("requests no page before it is needed, and 100 keys by default", () =>
    withKeys(5, (mock) =>
      Effect.gen(function* () {
        yield* Stream.runDrain(Stream.take(ApiKeys.list({ pageSize: 2 }), 3))
        expect(yield* queries(mock)).toHaveLength(2)
        yield* Stream.runDrain(Stream.take(ApiKeys.list(), 1))
        expect((yield* queries(mock)).at(-1)).toBe("/api/v2/api-keys?limit=100")
      }).pipe(inVirtualTime)
    )
  )

  /** A list as a server gives it, by the cursor that is sent. Fails the test if another page is requested. */
  const served = (pages: Record<string, { readonly names: ReadonlyArray<string>; readonly next?: string | null }>) => {
    return HttpClient.make((request, url) => {
      const page = pages[url.searchParams.get("starting_after") ?? ""]
      if (page === undefined) return Effect.dieMessage("this page is not to be requested")
      const items = page.names.map((name) => Schema.encodeSync(ApiKey.ApiKey)(InstantlyMock.apiKey({ name })))
      const body = JSON.stringify({ items, next_starting_after: page.next })
      return Effect.succeed(HttpClientResponse.fromWeb(request, new Response(body)))
    })
  }

  /** The names in a list, and the warnings that reading it logs. */
  const read = (client: HttpClient.HttpClient, options?: ApiKeys.ListOptions) =>
    Stream.runCollect(ApiKeys.list(options)).pipe(
      Effect.map((keys) => Chunk.toReadonlyArray(keys).map(({ name }) => name)),
      Effect.provide(Instantly.layer({ apiKey: Redacted.make("made-up") })),
      Effect.provideService(HttpClient.HttpClient, client),
      warningsOf,
      inVirtualTime
    )

  it.effect("goes on after an empty page whose cursor is new", () =>
    Effect.gen(function* () {
      const client = served({
        "": { names: ["a"], next: "1" },
        1: { names: [], next: "2" },
        2: { names: [], next: "3" },
        3: { names: ["b"], next: "4" },
        4: { names: [], next: null }
      })
      expect(yield* read(client)).toEqual({ result: ["a", "b"], warnings: [] })
    })
  )

  it.effect("ends after three empty pages in a row, and warns that it may not be complete", () =>
    Effect.gen(function* () {
      const client = served({
        "": { names: ["a"], next: "1" },
        1: { names: [], next: "2" },
        2: { names: [], next: "3" },
        3: { names: [], next: "4" }
      })
      expect(yield* read(client)).toEqual({
        result: ["a"],
        warnings: ["The list of API keys ended after 3 empty pages in a row. It may not be complete."]
      })
    })
  )

  it.effect("ends at a cursor that came before: a last page that is not full may have one", () =>
    Effect.gen(function* () {
      const client = served({ "": { names: ["a", "b"], next: "1" }, 1: { names: ["c"], next: "1" } })
      expect(yield* read(client, { pageSize: 2 })).toEqual({ result: ["a", "b", "c"], warnings: [] })
    })
  )

  it.effect("ends at a cursor that came before on a full page, and warns that it may not be complete", () =>
    Effect.gen(function* () {
      const client = served({
        "": { names: ["a"], next: "1" },
        1: { names: ["b"], next: "2" },
        2: { names: ["c"], next: "1" }
      })
      expect(yield* read(client, { pageSize: 1 })).toEqual({
        result: ["a", "b", "c"],
        warnings: ["The list of API keys ended at a cursor that came before. It may not be complete."]
      })
    })
  )

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

  it.effect("without the scope is InsufficientScope, and says which would do", () =>
    withApiKeys(({ apiKeys }) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Stream.runDrain(apiKeys.list()))
        expect(error).toMatchObject({ _tag: "InsufficientScope" })
        expect(error.message).toContain("api_keys:read, api_keys:all, all:read, all:all")
      })
    )
  )
})
