import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, FiberRef, Ref } from "effect"
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
