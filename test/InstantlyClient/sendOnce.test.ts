import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Option, Ref } from "effect"
import { pathOf, prepare, sign, templateOf } from "../../src/InstantlyClient/sendOnce.js"

describe("a client that is prepared", () => {
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
      yield* prepare(bare).execute(get)
      yield* bare.execute(get)
      expect(yield* Ref.get(seen)).toEqual([{ redirect: "manual", keepalive: false }, "none"])
    })
  )
})

describe("a request", () => {
  const signature = { baseUrl: "https://proxy.example/instantly", userAgent: "made-up/1.0" } as const

  it.each([
    ["/api/v2/api-keys", "https://proxy.example/instantly/api/v2/api-keys"],
    ["api/v2", "https://proxy.example/instantly/api/v2"],
    ["@evil.example/", "https://proxy.example/instantly/@evil.example/"],
    ["//evil.example/", "https://proxy.example/instantly//evil.example/"],
    ["https://evil.example/", "https://proxy.example/instantly/https://evil.example/"]
  ])("to %s never leaves for another host", (path, url) => {
    const signed = Effect.runSync(
      sign(HttpClientRequest.get(path), { ...signature, workspaceId: Option.none() }, Effect.succeed("made-up"))
    )
    expect(signed.url).toBe(url)
    expect(new URL(signed.url).host).toBe("proxy.example")
  })

  it.each(["Bearer made-up", "Basic bWFkZS11cA=="])(
    "with a credential of its own keeps it, and nothing else signs it: %s",
    (own) => {
      const request = HttpClientRequest.setHeader(HttpClientRequest.get("/a"), "authorization", own)
      const { headers } = Effect.runSync(
        sign(request, { ...signature, workspaceId: Option.some("made-up") }, Effect.fail("is not asked"))
      )
      expect({ ...headers }).toEqual({ accept: "application/json", authorization: own, "user-agent": "made-up/1.0" })
    }
  )

  it.each(["", "made-up", "Bearer ", "Bearer made up", " Bearer made-up", "Bearer made-up\n", "Bearer m\u00e4de-up"])(
    "with a credential of its own that fits no header is not sent: %j",
    (own) => {
      const request = HttpClientRequest.setHeader(HttpClientRequest.get("/a"), "authorization", own)
      const signed = sign(request, { ...signature, workspaceId: Option.none() }, Effect.succeed("is not taken"))
      expect(Effect.runSync(Effect.flip(signed))).toBe("not a credential that fits a header")
    }
  )

  it("is signed with the client's token, and with its workspace where it has one", () => {
    const signed = (workspaceId: Option.Option<string>) =>
      Effect.runSync(sign(HttpClientRequest.get("/a"), { ...signature, workspaceId }, Effect.succeed("made-up")))
        .headers
    const headers = { accept: "application/json", authorization: "Bearer made-up", "user-agent": "made-up/1.0" }
    expect({ ...signed(Option.none()) }).toEqual(headers)
    expect({ ...signed(Option.some("made-up")) }).toEqual({ ...headers, "x-as-workspace": "made-up" })
  })

  it("is told by its path, without its query, and by its template", () => {
    expect(pathOf(HttpClientRequest.get("/a/b?secret=made-up#x"))).toBe("/a/b")
    expect(templateOf("/api/v2/api-keys/019E18E2-78d4-7322-941a-7384d8969c61/x")).toBe("/api/v2/api-keys/{id}/x")
  })
})
