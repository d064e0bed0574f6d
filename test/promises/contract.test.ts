/** The contract, from both sides: the client against a server made of the document; and responses that break it. */
import { inspect } from "node:util"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Either, FastCheck as fc, identity, Layer, Record, Redacted, Schema } from "effect"
import { ApiKey, ApiKeys, Instantly, InstantlyError, RateLimit, RetryPolicy } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import Fastify from "fastify"
import contract from "../fixtures/openapi.json" with { type: "json" }
import { allowedBy, violations } from "../support/contract.js"

const operation = contract.paths["/api/v2/api-keys/{id}"].delete
const example = operation.responses["200"].content["application/json"].example
const exampleId = ApiKey.ApiKeyId.make(example.id)

const deleteKey = (id: ApiKey.ApiKeyId) => Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.delete(id))

/** An error's fields, plain: where a comparison fails, Vitest can show them. */
const factsOf = Schema.encodeSync(InstantlyError.InstantlyError)

interface Reply {
  readonly status: number
  readonly body: unknown
}

/**
 * A server made of the document. It refuses a request that violates the security scheme, a parameter or the body of the
 * operation, and responds to any other with what there is for its id.
 */
const serverOf = (replyTo: (id: string) => Reply) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const app = Fastify()
      const params = {
        type: "object",
        properties: Object.fromEntries(operation.parameters.map(({ name, schema }) => [name, schema])),
        required: operation.parameters.filter(({ required }) => required).map(({ name }) => name)
      }
      const body = operation.requestBody.content["application/json"].schema
      app.addHook("onRequest", async ({ headers }, reply) => {
        const { scheme } = contract.components.securitySchemes.bearer
        if (new RegExp(`^${scheme} [^ ]+$`, "i").test(headers.authorization ?? "")) return
        await reply.code(401).send({ statusCode: 401, error: "Unauthorized", message: "made-up: another scheme" })
      })
      app.delete<{ Params: { id: string } }>("/api/v2/api-keys/:id", { schema: { params, body } }, (request, reply) => {
        const { body, status } = replyTo(request.params.id)
        expect(violations("delete", status, body)).toEqual([])
        return reply.code(status).send(body)
      })
      await app.listen({ host: "127.0.0.1", port: 0 })
      return app
    }),
    (app) => Effect.promise(() => app.close())
  ).pipe(Effect.map((app) => app.listeningOrigin))

/** Runs a program whose requests go to a server made of the document. */
const against = <A, E>(
  replyTo: (id: string) => Reply,
  program: Effect.Effect<A, E, ApiKeys.ApiKeys>,
  transformClient: (client: HttpClient.HttpClient) => HttpClient.HttpClient = identity
) =>
  Effect.gen(function* () {
    const client = Instantly.layer({
      apiKey: Redacted.make("made-up-token"),
      baseUrl: yield* serverOf(replyTo),
      rateLimit: RateLimit.unlimited,
      yields: false,
      retryPolicy: RetryPolicy.none,
      transformClient
    })
    return yield* program.pipe(Effect.provide(Layer.orDie(client)), Effect.provide(FetchHttpClient.layer))
  }).pipe(Effect.scoped)

const drawn = (schema: unknown, numRuns: number) => fc.sample(allowedBy(schema), { numRuns, seed: 1 })

describe("against a server made of the document", () => {
  const deleted = () => ({ status: 200, body: example })

  it.live("a 200 is the deleted key, and the request for it violates nothing", () =>
    Effect.gen(function* () {
      const key = yield* against(deleted, deleteKey(exampleId))
      expect(key).toBeInstanceOf(ApiKey.ApiKey)
      expect(Schema.encodeSync(ApiKey.ApiKey)(key)).toEqual(example)
    })
  )

  it.live.each([
    [
      "security scheme",
      HttpClientRequest.setHeader("authorization", "Basic bWFkZS11cA=="),
      { _tag: "Unauthorized", status: 401 }
    ],
    [
      "id",
      (request: HttpClientRequest.HttpClientRequest) =>
        HttpClientRequest.setUrl(request, request.url.replace(exampleId, "nope")),
      { _tag: "BadRequest", code: "FST_ERR_VALIDATION" }
    ],
    [
      "body",
      HttpClientRequest.bodyUnsafeJson({ reason: "made up" }),
      { _tag: "BadRequest", code: "FST_ERR_VALIDATION" }
    ]
  ] as const)("a request that violates its %s is noticed", ([, violate, facts]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(against(deleted, deleteKey(exampleId), HttpClient.mapRequest(violate)))
      expect(factsOf(error)).toMatchObject(facts)
    })
  )

  const errors = [
    ["401", "Unauthorized"],
    ["402", "PaymentRequired"],
    ["404", "NotFound"],
    ["429", "TooManyRequests"]
  ] as const

  it("the contract has no errors but those below", () => {
    expect(Object.keys(operation.responses)).toEqual(["200", ...errors.map(([status]) => status)])
  })

  it.live.each(errors)("a %s is %s, whatever its message, and nothing was applied", ([status, tag]) =>
    Effect.gen(function* () {
      const name = operation.responses[status].$ref.replace("#/components/responses/", "")
      const response = Object.entries(contract.components.responses).find(([key]) => key === name)?.[1]
      const { example, schema } = response?.content["application/json"] ?? {}
      const bodies = [example, ...drawn(schema, 20)]
      const unsent = bodies.values()
      const failed = yield* against(
        () => ({ status: Number(status), body: unsent.next().value }),
        Effect.forEach(bodies, () => Effect.flip(deleteKey(exampleId)))
      )
      for (const error of failed) {
        expect(factsOf(error)).toMatchObject({
          _tag: tag,
          status: Number(status),
          outcome: "NotApplied",
          attempts: 1
        })
      }
    })
  )

  it.live("500 random bodies that the contract allows are all read", () =>
    Effect.gen(function* () {
      const Body = Schema.Struct({ id: ApiKey.ApiKeyId, name: Schema.String })
      const bodies = new Map(
        drawn(contract.components.schemas.ApiKey, 500).map((body) => [Schema.decodeUnknownSync(Body)(body).id, body])
      )
      expect(bodies.size).toBe(500)
      const keys = yield* against(
        (id) => ({ status: 200, body: bodies.get(ApiKey.ApiKeyId.make(id)) }),
        Effect.forEach(bodies.keys(), deleteKey, { concurrency: 20 })
      )
      expect(keys.map((key) => Schema.encodeSync(ApiKey.ApiKey)(key))).toEqual([...bodies.values()])
    })
  )
})

describe("a response that breaks the contract", () => {
  const secret = "made-up-secret-of-a-deleted-key"
  const good: Record<string, unknown> = { ...example, key: secret }
  const fields = Object.keys(good)

  /** Asks for a deletion whose response always has this body, with the default policies; counts the requests. */
  const deleteWithBody = (body: unknown) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      yield* mock.script(Fault.always(Fault.respond({ status: 200, body: JSON.stringify(body) })))
      const result = yield* deleteKey(exampleId).pipe(
        Effect.provide(Instantly.layer({ apiKey: Redacted.make("made-up-token") })),
        Effect.either
      )
      return { result, requests: (yield* mock.arrivals).length }
    }).pipe(Effect.provide(InstantlyMock.layer()))

  it.effect("differs from a good one, which is read", () =>
    Effect.gen(function* () {
      const { result } = yield* deleteWithBody(good)
      expect(Redacted.value((yield* result).key)).toBe(secret)
    })
  )

  it.effect.each<readonly [field: string, problem: string, body: unknown]>([
    ...fields.map((field) => [field, "is missing", Record.remove(good, field)] as const),
    ...fields.map((field) => [field, "is null", { ...good, [field]: null }] as const),
    // What is wrong is the secret itself, which is not to be quoted.
    ...fields.map((field) => [field, "is of another type", { ...good, [field]: { secret } }] as const),
    ...["id", "scopes", "organization_id", "timestamp_created", "timestamp_updated"].map(
      (field) => [field, "is malformed", { ...good, [field]: secret }] as const
    ),
    ["scopes.1", "is of another type", { ...good, scopes: ["all:all", { secret }] }]
  ])(
    "whose %s %s is InvalidResponse: applied if the id confirms it, never sent again, described by path and without the secret",
    ([path, problem, body]) =>
      Effect.gen(function* () {
        const { requests, result } = yield* deleteWithBody(body)
        const error = yield* Effect.filterOrDie(
          Either.flip(result),
          Schema.is(InstantlyError.InvalidResponse),
          identity
        )
        expect(factsOf(error)).toMatchObject({
          status: 200,
          outcome: path === "id" ? "Unknown" : "Applied",
          attempts: 1
        })
        expect(requests).toBe(1)
        expect(error.detail).toMatch(new RegExp(`^${path} ${problem === "is missing" ? "is missing$" : "is not "}`))
        for (const shown of [error.message, JSON.stringify(error), inspect(error, { depth: null, showHidden: true })]) {
          expect(shown).not.toContain(secret)
        }
      })
  )
})
