import { HttpClient, type HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, expectTypeOf, it } from "@effect/vitest"
import { Effect, Either, Encoding, Layer, Redacted, Ref } from "effect"
import { ApiKeys, Instantly, type InstantlyError, RateLimit, RetryPolicy } from "effect-instantly"
import { Fault } from "effect-instantly/testing"
import { inVirtualTime } from "../support/virtual.js"
import { withApiKeys } from "../support/withApiKeys.js"

describe("isActive", () => {
  const responding = (status: number, body: unknown) =>
    Fault.always(Fault.respond({ status, body: typeof body === "string" ? body : JSON.stringify(body) }))
  const envelope = (statusCode: number, error: string, message = "made-up") => ({ statusCode, error, message })

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

  it.effect("is true of a key that lacks the scope", () =>
    withApiKeys(({ apiKeys, mock }) =>
      Effect.gen(function* () {
        const scoped = yield* mock.createApiKey({ scopes: ["campaigns:read"] })
        expect(yield* apiKeys.isActive(scoped.secret)).toBe(true)
        expect(yield* mock.arrivals).toHaveLength(1)
      })
    )
  )

  it.effect(
    "of a key in a workspace that does not pay is PaymentRequired: the plan can be checked before the key",
    () =>
      withApiKeys(({ apiKeys, mock }) =>
        Effect.gen(function* () {
          const workspaceId = yield* mock.createWorkspace({ paid: false })
          const unpaid = yield* mock.createApiKey({ workspaceId })
          expect(yield* Effect.flip(apiKeys.isActive(unpaid.secret))).toMatchObject({ _tag: "PaymentRequired" })
        })
      )
  )

  describe("after a 401", () => {
    const leaked = "made-up-leaked"

    /** Responds to the leaked secret, and to the control in another way; lists what was sent. */
    const comparing = (
      control: () => { readonly status: number; readonly body: string },
      message = "Invalid API key"
    ) =>
      Effect.gen(function* () {
        const sent = yield* Ref.make<ReadonlyArray<string>>([])
        const client = HttpClient.make((request) => {
          const bearer = String(request.headers["authorization"]).replace("Bearer ", "")
          const refused = { status: 401, body: JSON.stringify(envelope(401, "Unauthorized", message)) }
          const { body, status } = bearer === leaked ? refused : control()
          return Effect.as(
            Ref.update(sent, (before) => [...before, bearer]),
            HttpClientResponse.fromWeb(request, new Response(body, { status }))
          )
        })
        const exit = yield* ApiKeys.isActive(Redacted.make(leaked)).pipe(
          Effect.provide(Instantly.layer({ apiKey: Redacted.make("made-up"), retryPolicy: RetryPolicy.none })),
          Effect.provideService(HttpClient.HttpClient, client),
          Effect.either
        )
        return { exit, sent: yield* Ref.get(sent) }
      })

    const refusing = (message: string) => () => ({
      status: 401,
      body: JSON.stringify(envelope(401, "Unauthorized", message))
    })

    it.effect("is false where a secret of the same shape that never was one is refused in the same words", () =>
      Effect.gen(function* () {
        const { exit, sent } = yield* comparing(refusing("Invalid API key"))
        expect(exit).toEqual(Either.right(false))
        expect(sent).toHaveLength(2)
        expect(sent[1]).toMatch(/^[A-Za-z0-9+/]{66}==$/)
        expect(Encoding.decodeBase64String(String(sent[1]))).toEqual(
          Either.right("00000000-0000-4000-8000-000000000000:madeupmadeup")
        )
      })
    )

    it.effect.each([
      ["refused in other words", refusing("Invalid authorization header")],
      ["refused for its scope", refusing("Invalid scope. Required: api_keys:read.")],
      ["accepted", () => ({ status: 200, body: '{"items":[]}' })]
    ] as const)("is an UnexpectedStatus, and no guess, where the made-up secret is %s", ([, control]) =>
      Effect.gen(function* () {
        const { exit } = yield* comparing(control)
        expect(exit).toMatchObject(Either.left({ _tag: "UnexpectedStatus", status: 401, fromInstantly: true }))
      })
    )

    it.effect.each([
      ["TooManyRequests", 429],
      ["ServerError", 500],
      ["PaymentRequired", 402]
    ] as const)("is the error of the control where that ends in %s", ([tag, status]) =>
      Effect.gen(function* () {
        const body = JSON.stringify(envelope(status, "Payment Required"))
        const { exit } = yield* comparing(() => ({ status, body }))
        expect(exit).toMatchObject(Either.left({ _tag: tag, status }))
      })
    )

    it.effect("is true, without a control, where that says that the scope is invalid", () =>
      Effect.gen(function* () {
        const message = "Invalid scope. Required: accounts:read. Found: campaigns:all, leads:all"
        const { exit, sent } = yield* comparing(refusing("Invalid API key"), message)
        expect(exit).toEqual(Either.right(true))
        expect(sent).toEqual([leaked])
      })
    )

    it.effect("takes two permits", () =>
      withApiKeys(({ mock }) =>
        Effect.gen(function* () {
          const permits = yield* Ref.make(0)
          const gate = Layer.succeed(RateLimit.RateLimit, {
            acquire: Ref.update(permits, (n) => n + 1),
            observe: () => Effect.void
          })
          const active = yield* ApiKeys.isActive(Redacted.make("made-up")).pipe(
            Effect.provide(Instantly.layer({ apiKey: Redacted.make("made-up"), gate })),
            Effect.provideService(HttpClient.HttpClient, mock.httpClient)
          )
          expect([active, yield* Ref.get(permits)]).toEqual([false, 2])
        })
      )
    )
  })

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
          detail: "the secret to check has been wiped, or is no Redacted",
          attempts: 0
        })
        expect(yield* mock.arrivals).toEqual([])
      })
    )
  )

  it("cannot fail with what is a yes or a no", () => {
    expectTypeOf<ApiKeys.IsActiveError["_tag"]>().toEqualTypeOf<
      Exclude<InstantlyError.InstantlyError["_tag"], "Unauthorized" | "InsufficientScope">
    >()
  })
})
