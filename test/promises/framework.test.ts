/** The client against the framework that Instantly is built on: its errors are Instantly's, byte for byte. */
import { HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted, Schema } from "effect"
import { ApiKey, ApiKeys, Instantly, InstantlyClient, InstantlyError, RateLimit, RetryPolicy } from "effect-instantly"
import Fastify, { type FastifyRequest } from "fastify"
import { clients } from "../support/clients.js"
import { key } from "../support/key.js"

const idOf = (digit: number) => ApiKey.ApiKeyId.make(`00000000-0000-7000-8000-00000000000${digit}`)
const [present, missing, coded, unhandled, restricted] = [idOf(1), idOf(2), idOf(3), idOf(4), idOf(5)]

const stored = key({ id: present })

/** What a handler throws; Fastify responds with an envelope. */
const thrown: Record<string, Error> = {
  [missing]: Object.assign(new Error("Resource not found"), { statusCode: 404 }),
  [coded]: Object.assign(new Error("Resource not found"), { statusCode: 404, code: "FST_ERR_MADE_UP" }),
  [unhandled]: new Error("a made-up failure"),
  [restricted]: Object.assign(new Error("Invalid scope. Required: api_keys:delete. Found: campaigns:all, leads:all"), {
    statusCode: 401
  })
}

/** A server with the route and its schema, and the requests that reached its handler. */
class Server extends Context.Tag("test/Server")<
  Server,
  { readonly baseUrl: string; readonly handled: ReadonlyArray<Pick<FastifyRequest, "headers" | "body" | "url">> }
>() {
  static readonly layer = Layer.scoped(
    Server,
    Effect.gen(function* () {
      const handled: Array<FastifyRequest> = []
      const server = Fastify().delete<{ Params: { id: string } }>(
        "/api/v2/api-keys/:id",
        {
          schema: {
            params: { type: "object", properties: { id: { type: "string", format: "uuid" } }, required: ["id"] },
            body: { type: "null" }
          }
        },
        (request, reply) => {
          handled.push(request)
          return reply.send(thrown[request.params.id] ?? stored)
        }
      )
      const baseUrl = yield* Effect.acquireRelease(
        Effect.promise(() => server.listen({ host: "127.0.0.1", port: 0 })),
        () => Effect.promise(() => server.close())
      )
      return { baseUrl, handled }
    })
  )
}

const InstantlyLive = Layer.unwrapEffect(
  Effect.map(Server, ({ baseUrl }) =>
    Instantly.layer({
      apiKey: Redacted.make("made-up-token"),
      baseUrl,
      rateLimit: RateLimit.unlimited,
      retryPolicy: RetryPolicy.none
    })
  )
)

/** An error's fields, plain: where a comparison fails, Vitest can show them. */
const factsOf = Schema.encodeSync(InstantlyError.InstantlyError)

const at = (path: string) => HttpClientRequest.del(`/api/v2/${path}`)

/** What is requested, the error that the response means, the request, and the fields of the error. */
const refusals: ReadonlyArray<
  readonly [
    what: string,
    tag: string,
    request: HttpClientRequest.HttpClientRequest,
    facts: Readonly<Record<string, unknown>>
  ]
> = [
  [
    "an id that is no UUID",
    "BadRequest",
    at("api-keys/nope"),
    { status: 400, code: "FST_ERR_VALIDATION", outcome: "NotApplied" }
  ],
  [
    "a JSON content type without a body",
    "BadRequest",
    HttpClientRequest.setHeader(at(`api-keys/${present}`), "content-type", "application/json"),
    { status: 400, code: "FST_ERR_CTP_EMPTY_JSON_BODY", outcome: "NotApplied" }
  ],
  [
    "a body that is not null",
    "BadRequest",
    HttpClientRequest.bodyUnsafeJson(at(`api-keys/${present}`), {}),
    { status: 400, code: "FST_ERR_VALIDATION", outcome: "NotApplied" }
  ],
  [
    "a key that its handler does not find",
    "NotFound",
    at(`api-keys/${missing}`),
    { status: 404, outcome: "NotApplied" }
  ],
  [
    "a key that is not found, with a code",
    "UnexpectedStatus",
    at(`api-keys/${coded}`),
    { status: 404, outcome: "NotApplied" }
  ],
  [
    "an address that it does not know",
    "UnexpectedStatus",
    at(`api-key/${present}`),
    { status: 404, outcome: "NotApplied" }
  ],
  [
    "a key without the scope, in the words of the live API",
    "InsufficientScope",
    at(`api-keys/${restricted}`),
    { status: 401, required: ["api_keys:delete"], found: ["campaigns:all", "leads:all"], outcome: "NotApplied" }
  ],
  ["a handler that throws", "ServerError", at(`api-keys/${unhandled}`), { status: 500, outcome: "Unknown" }]
]

describe.each(clients)("Fastify over %s", (_, client) => {
  const instantly = InstantlyLive.pipe(Layer.provide(client), Layer.provideMerge(Server.layer))

  it.live("receives a token, a user agent and no body, and its response is the deleted key", () =>
    Effect.gen(function* () {
      const { handled } = yield* Server
      const deleted = yield* Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.delete(present))
      expect(deleted).toMatchObject({ id: present, key: Redacted.make("made-up-secret") })
      expect(handled.map(({ body, url }) => [url, body ?? null])).toEqual([[`/api/v2/api-keys/${present}`, null]])
      const headers = { ...handled[0]?.headers }
      expect(headers).toMatchObject({
        accept: "application/json",
        authorization: "Bearer made-up-token",
        "user-agent": expect.stringMatching(/^effect-instantly\//)
      })
      for (const absent of ["content-type", "content-length", "transfer-encoding", "traceparent", "b3"]) {
        expect(headers).not.toHaveProperty(absent)
      }
    }).pipe(Effect.provide(instantly))
  )

  it.live.each(refusals)("its response to %s is %s", ([, tag, request, facts]) =>
    Effect.gen(function* () {
      const { execute } = yield* InstantlyClient.InstantlyClient
      const error = yield* Effect.flip(execute(request, ApiKey.ApiKey))
      expect(factsOf(error)).toMatchObject({ _tag: tag, attempts: 1, ...facts })
    }).pipe(Effect.provide(instantly))
  )
})
