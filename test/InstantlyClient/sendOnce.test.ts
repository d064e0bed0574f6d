import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Ref } from "effect"
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
})
