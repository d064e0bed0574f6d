/** The contract, from both sides: the client against Prism, which mocks the document; and responses that break it. */
import { fileURLToPath } from "node:url"
import { inspect } from "node:util"
import { Command, FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { afterAll, describe, expect, it } from "@effect/vitest"
import {
  Array as Arr,
  Context,
  Deferred,
  Effect,
  Either,
  identity,
  Layer,
  ManagedRuntime,
  Record,
  Redacted,
  Schema,
  Stream
} from "effect"
import { ApiKey, ApiKeys, Instantly, InstantlyClient, InstantlyError, RateLimit, RetryPolicy } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import contract from "../fixtures/openapi.json" with { type: "json" }

const operation = contract.paths["/api/v2/api-keys/{id}"].delete
const example = operation.responses["200"].content["application/json"].example
const exampleId = ApiKey.ApiKeyId.make(example.id)

const deletion = HttpClientRequest.del(`/api/v2/api-keys/${exampleId}`)

const deleteKey = (id: ApiKey.ApiKeyId) => Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.delete(id))

const execute = (request: HttpClientRequest.HttpClientRequest) =>
  Effect.flatMap(InstantlyClient.InstantlyClient, (client) =>
    client.execute(request, HttpClientResponse.schemaBodyJson(ApiKey.ApiKey))
  )

/** An error's fields, plain: where a comparison fails, Vitest can show them. */
const factsOf = Schema.encodeSync(InstantlyError.InstantlyError)

const fileAt = (path: string) => fileURLToPath(new URL(path, import.meta.url))

class Prism extends Context.Tag("test/Prism")<Prism, { readonly baseUrl: string }>() {
  static readonly layer = Layer.scoped(
    Prism,
    Effect.gen(function* () {
      const prism = yield* Command.make(
        process.execPath,
        fileAt("../../node_modules/@stoplight/prism-cli/dist/index.js"),
        ...["mock", "--errors", "--multiprocess=false", "--host=127.0.0.1", "--port=0"],
        fileAt("../fixtures/openapi.json")
      ).pipe(Command.stderr("inherit"), Command.start)
      const baseUrl = yield* Deferred.make<string>()
      // Its log is read to the end: it would stop where nobody takes what it says.
      yield* prism.stdout.pipe(
        Stream.decodeText(),
        Stream.splitLines,
        Stream.runForEach((line) => {
          const address = /listening on (http:[\d./:]+)/.exec(line)?.[1]
          return address === undefined ? Effect.void : Deferred.succeed(baseUrl, address)
        }),
        Effect.ensuring(Deferred.die(baseUrl, new Error("Prism ended before it listened"))),
        Effect.forkScoped
      )
      return { baseUrl: yield* Deferred.await(baseUrl) }
    })
  ).pipe(Layer.provide(NodeContext.layer))
}

/** What becomes of a program of which Prism is the server, and what Prism found wrong with its requests and responses. */
const onPrism = <A, E>(
  program: Effect.Effect<A, E, ApiKeys.ApiKeys | InstantlyClient.InstantlyClient>,
  headers: Readonly<Record<string, string>> = {}
) =>
  Effect.gen(function* () {
    const { baseUrl } = yield* Prism
    const violations: Array<string> = []
    const client = Instantly.layer({
      apiKey: Redacted.make("made-up-token"),
      baseUrl,
      rateLimit: RateLimit.unlimited,
      retryPolicy: RetryPolicy.none,
      transformClient: (client) =>
        client.pipe(
          HttpClient.mapRequest(HttpClientRequest.setHeaders(headers)),
          HttpClient.tap(({ headers }) =>
            Effect.sync(() => violations.push(...Arr.fromNullable(headers["sl-violations"])))
          )
        )
    })
    const result = yield* program.pipe(Effect.provide(client), Effect.provide(FetchHttpClient.layer), Effect.either)
    return { result, violations }
  })

describe("against Prism", () => {
  const prism = ManagedRuntime.make(Prism.layer)
  afterAll(() => prism.dispose())

  it.live("a 200 is the deleted key, and the request for it violates nothing", () =>
    Effect.gen(function* () {
      const { result, violations } = yield* onPrism(deleteKey(exampleId))
      const key = yield* result
      expect(key).toBeInstanceOf(ApiKey.ApiKey)
      expect(Schema.encodeSync(ApiKey.ApiKey)(key)).toEqual(example)
      expect(violations).toEqual([])
    }).pipe(Effect.provide(prism))
  )

  it.live("a request that violates the contract is noticed", () =>
    Effect.gen(function* () {
      const unsigned = yield* onPrism(Effect.flip(deleteKey(exampleId)), { authorization: "Basic bWFkZS11cA==" })
      expect(factsOf(yield* unsigned.result)).toMatchObject({ _tag: "Unauthorized" })
      expect(unsigned.violations).toEqual([expect.stringContaining("Invalid security scheme")])
      for (const request of [
        HttpClientRequest.del("/api/v2/api-keys/nope"),
        HttpClientRequest.bodyUnsafeJson(deletion, { reason: "made up" })
      ]) {
        const { result } = yield* onPrism(Effect.flip(execute(request)))
        expect(factsOf(yield* result)).toMatchObject({ _tag: "UnexpectedStatus", status: 422 })
      }
    }).pipe(Effect.provide(prism))
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
      for (const prefer of [`code=${status}`, `code=${status}, dynamic=true, seed=1`]) {
        const { result, violations } = yield* onPrism(Effect.flip(deleteKey(exampleId)), { prefer })
        expect(factsOf(yield* result)).toMatchObject({
          _tag: tag,
          status: Number(status),
          outcome: "NotApplied",
          attempts: 1
        })
        expect(violations).toEqual([])
      }
    }).pipe(Effect.provide(prism))
  )

  it.live("500 random bodies that the contract allows are all read", () =>
    Effect.gen(function* () {
      // A seed for each: Prism draws the same bodies in every run.
      const drawn = (n: number) =>
        execute(HttpClientRequest.setHeader(deletion, "prefer", `dynamic=true, seed=body-${n}`))
      const { result, violations } = yield* onPrism(Effect.forEach(Arr.range(1, 500), drawn, { concurrency: 20 }))
      const keys = yield* result
      expect(new Set(keys.map(({ id }) => id)).size).toBe(500)
      expect(violations).toEqual([])
    }).pipe(Effect.provide(prism))
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
    "whose %s %s is InvalidResponse: applied, never sent again, described by path and without the secret",
    ([path, problem, body]) =>
      Effect.gen(function* () {
        const { requests, result } = yield* deleteWithBody(body)
        const error = yield* Effect.filterOrDie(
          Either.flip(result),
          Schema.is(InstantlyError.InvalidResponse),
          identity
        )
        expect(factsOf(error)).toMatchObject({ status: 200, outcome: "Applied", attempts: 1 })
        expect(requests).toBe(1)
        expect(error.detail).toMatch(new RegExp(`^${path} ${problem === "is missing" ? "is missing$" : "is not "}`))
        for (const shown of [error.message, JSON.stringify(error), inspect(error, { depth: null, showHidden: true })]) {
          expect(shown).not.toContain(secret)
        }
      })
  )
})
