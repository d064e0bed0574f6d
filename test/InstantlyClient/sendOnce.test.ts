import { Cookies, FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, FiberRef, Layer, Option, Ref } from "effect"
import { sendOnce } from "../../src/InstantlyClient/sendOnce.js"

describe("a client that sends once", () => {
  it.effect("follows no redirects, keeps no connection with Fetch, and leaves nothing of that behind", () =>
    Effect.gen(function* () {
      const seen = yield* Ref.make<ReadonlyArray<unknown>>([])
      // a client of its own, that no layer protects from changes of the context
      const bare = HttpClient.make((request) =>
        Effect.gen(function* () {
          const init = yield* Effect.serviceOption(FetchHttpClient.RequestInit)
          yield* Ref.update(seen, (before) => [...before, init._tag === "Some" ? init.value : "none"])
          return HttpClientResponse.fromWeb(request, new Response())
        })
      )
      const get = HttpClientRequest.get("https://api.instantly.ai")
      yield* sendOnce(bare).execute(get)
      yield* bare.execute(get)
      expect(yield* Ref.get(seen)).toEqual([{ redirect: "manual", keepalive: false }, "none"])
    })
  )

  it.effect("turns spans and trace headers off for its requests, and leaves the app's own settings of them", () =>
    Effect.gen(function* () {
      const get = HttpClientRequest.get("https://api.instantly.ai")
      const tracing = Effect.map(
        Effect.all([
          FiberRef.get(HttpClient.currentTracerDisabledWhen),
          FiberRef.get(HttpClient.currentTracerPropagation)
        ]),
        ([isDisabled, propagates]) => ({ isDisabled: isDisabled(get), propagates })
      )
      const seen = yield* Ref.make<ReadonlyArray<unknown>>([])
      const bare = HttpClient.make((request) =>
        Effect.flatMap(tracing, (now) =>
          Effect.as(
            Ref.update(seen, (before) => [...before, now]),
            HttpClientResponse.fromWeb(request, new Response())
          )
        )
      )
      const off = { isDisabled: true, propagates: false }
      const on = { isDisabled: false, propagates: true }
      yield* sendOnce(bare).execute(get)
      expect(yield* tracing).toEqual(on)
      yield* sendOnce(
        bare,
        HttpClient.withTracerDisabledWhen(() => false)
      ).execute(get)
      expect(yield* Ref.get(seen)).toEqual([off, { isDisabled: false, propagates: false }])
      yield* Effect.locally(sendOnce(bare).execute(get), HttpClient.currentTracerPropagation, false)
      expect(yield* tracing).toEqual(on)
    })
  )
})

describe("an app's own settings of Fetch", () => {
  const get = HttpClientRequest.get("https://api.instantly.ai/made-up")

  /** A layer that keeps what `fetch` was called with, and responds with a redirect. */
  const keeping = (called: Deferred.Deferred<RequestInit | undefined>) =>
    Layer.succeed(FetchHttpClient.Fetch, (_, init) => {
      Deferred.unsafeDone(called, Effect.succeed(init))
      return Promise.resolve(new Response(null, { status: 302 }))
    })
  const own: RequestInit = { credentials: "omit", integrity: "made-up", redirect: "follow", keepalive: true }
  const expected = { credentials: "omit", integrity: "made-up", redirect: "manual", keepalive: false, method: "GET" }

  const transforms: ReadonlyArray<readonly [string, ((client: HttpClient.HttpClient) => HttpClient.HttpClient)?]> = [
    ["no transform"],
    ["transform", HttpClient.transform((sent) => sent)],
    ["transformResponse", HttpClient.transformResponse((sent) => sent)],
    ["mapRequest", HttpClient.mapRequest(HttpClientRequest.setHeader("x-app", "made-up"))],
    ["mapRequestInput", HttpClient.mapRequestInput(HttpClientRequest.setHeader("x-app", "made-up"))],
    ["tracing", HttpClient.withTracerDisabledWhen(() => false)],
    ["retry", HttpClient.retry({ times: 1 })],
    ["withCookiesRef", HttpClient.withCookiesRef(Ref.unsafeMake(Cookies.empty))],
    [
      "own settings in the client",
      HttpClient.transformResponse(Effect.provideService(FetchHttpClient.RequestInit, own))
    ]
  ]
  it.effect.each(transforms)("hold in its layer, but for redirects and kept connections: %s", ([, transform]) =>
    Effect.gen(function* () {
      const called = yield* Deferred.make<RequestInit | undefined>()
      const settings = Layer.merge(keeping(called), Layer.succeed(FetchHttpClient.RequestInit, own))
      const client = yield* Effect.provide(HttpClient.HttpClient, Layer.provide(FetchHttpClient.layer, settings))
      const response = yield* sendOnce(client, transform).execute(get)
      expect(response.status).toBe(302)
      expect(yield* Deferred.await(called)).toMatchObject(expected)
    })
  )

  it.effect.each(transforms)("hold around a call: %s", ([, transform]) =>
    Effect.gen(function* () {
      const called = yield* Deferred.make<RequestInit | undefined>()
      const client = yield* Effect.provide(HttpClient.HttpClient, FetchHttpClient.layer)
      const around = Layer.merge(keeping(called), Layer.succeed(FetchHttpClient.RequestInit, own))
      yield* Effect.provide(sendOnce(client, transform).execute(get), around)
      expect(yield* Deferred.await(called)).toMatchObject(expected)
    })
  )

  it.effect("hold for what its client sends on its own, after a request by a client that no layer protects", () =>
    Effect.gen(function* () {
      const bare = HttpClient.make((request) => Effect.succeed(HttpClientResponse.fromWeb(request, new Response())))
      const seen = yield* Ref.make<unknown>("nothing")
      const transform = HttpClient.tap(() =>
        Effect.flatMap(Effect.serviceOption(FetchHttpClient.RequestInit), (init) => Ref.set(seen, init))
      )
      yield* sendOnce(bare, transform).execute(get)
      expect(yield* Ref.get(seen)).toEqual(Option.none())
    })
  )
})
