/** Other endpoints, by `execute` alone: a key is made, workspaces are listed, and a refusal can be understood. */
import { HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Option, Redacted, Schema } from "effect"
import { ApiKey, RateLimit, RetryPolicy } from "effect-instantly"
import { Fault } from "effect-instantly/testing"
import { inVirtualTime } from "../support/virtual.js"
import { withMock } from "../support/withMock.js"

const create = (name: string, scopes: ReadonlyArray<string>) =>
  HttpClientRequest.post("/api/v2/api-keys").pipe(HttpClientRequest.bodyUnsafeJson({ name, scopes }))

/** A refusal in Instantly's own envelope. */
const refusal = (status: number, error: string, message: string) =>
  Fault.respond({
    status,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ statusCode: status, error, message })
  })

describe("a key", () => {
  it.effect("is created", () =>
    withMock(({ execute, mock }) =>
      Effect.gen(function* () {
        const key = yield* execute(create("made-up key", ["api_keys:delete"]), ApiKey.ApiKey)
        expect(key).toMatchObject({ name: "made-up key", scopes: ["api_keys:delete"] })
        const there = yield* mock.apiKeys
        expect(there.map(({ id }) => id)).toContain(key.id)
      })
    )
  )

  it.effect("whose creation got no response is not created a second time, and the error says what to do", () =>
    withMock(
      ({ execute, mock }) =>
        Effect.gen(function* () {
          const before = (yield* mock.apiKeys).length
          const error = yield* inVirtualTime(Effect.flip(execute(create("made-up key", ["all:all"]), ApiKey.ApiKey)))
          expect(error).toMatchObject({ _tag: "TransportError", outcome: "Unknown", attempts: 1 })
          expect(error.message).toContain("Do not repeat it: a POST can be carried out twice.")
          expect((yield* mock.apiKeys).length).toBe(before + 1)
        }),
      { retryPolicy: RetryPolicy.standard },
      [Fault.next(Fault.loseResponse)]
    )
  )

  it.effect("that Instantly does not create is explained by what the server said, for those who ask", () =>
    withMock(({ execute }) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(execute(create("made-up key", ["no:such"]), ApiKey.ApiKey))
        expect(error).toMatchObject({ _tag: "BadRequest", outcome: "NotApplied" })
        const said = "serverMessage" in error ? Option.map(error.serverMessage, Redacted.value) : Option.none()
        expect(said).toEqual(Option.some("body/scopes/0 must be equal to one of the allowed values"))
        expect(error.message).not.toContain("allowed values")
      })
    )
  )
})

it.effect("the workspaces are listed", () => {
  const workspace = { id: "019e18e2-78d4-7322-941a-7384d8969c61", name: "made-up workspace" }
  const Workspaces = Schema.Struct({ items: Schema.Array(Schema.Struct({ id: Schema.UUID, name: Schema.String })) })
  return withMock(
    ({ execute, mock }) =>
      Effect.gen(function* () {
        const request = HttpClientRequest.get("/api/v2/workspaces", { urlParams: { limit: 10 } })
        const { items } = yield* execute(request, Workspaces)
        expect(items).toEqual([workspace])
        expect((yield* mock.arrivals).at(-1)).toMatchObject({ method: "GET", path: "/api/v2/workspaces?limit=10" })
      }),
    { rateLimit: RateLimit.unlimited },
    // the double knows keys alone
    [Fault.next(Fault.respond({ status: 200, body: JSON.stringify({ items: [workspace] }) }))]
  )
})

describe("a status that Instantly gives and the API does not document", () => {
  it.effect.each([
    [409, "Conflict"],
    [422, "Unprocessable Entity"]
  ] as const)("is Instantly's own refusal, with what the server said: %i", ([status, reason]) =>
    withMock(
      ({ execute }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(execute(create("made-up key", ["all:all"]), ApiKey.ApiKey))
          expect(error).toMatchObject({
            _tag: "UnexpectedStatus",
            status,
            outcome: "NotApplied",
            attempts: 1,
            fromInstantly: true,
            isRetryable: false
          })
          const said = "serverMessage" in error ? Option.map(error.serverMessage, Redacted.value) : Option.none()
          expect(said).toEqual(Option.some("a made-up reason"))
          expect(error.message).toContain("Check the base URL, the `workspaceId`, and what was sent with the request.")
          expect(error.message).not.toMatch(/proxy|made-up/)
        }),
      {},
      [Fault.next(refusal(status, reason, "a made-up reason"))]
    )
  )
})
