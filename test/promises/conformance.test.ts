import { HttpBody, HttpClient, HttpClientRequest } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import Fastify from "fastify"
import { address, served } from "../../examples/embedded/served.js"
import openapi from "../fixtures/openapi.json" with { type: "json" }
import { violations } from "../support/contract.js"

/** A request to send to several servers. */
interface Case {
  readonly method: "GET" | "POST" | "DELETE" | "PUT" | "PATCH"
  readonly path: string
  readonly type?: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What is compared of a response. */
const send = ({ body, headers, method, path, type }: Case, origin: string, token: string | undefined) =>
  Effect.gen(function* () {
    const request = HttpClientRequest.make(method)(`${origin}${path}`).pipe(
      body === undefined ? (self) => self : HttpClientRequest.setBody(HttpBody.raw(body)),
      HttpClientRequest.setHeaders({
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        "user-agent": "conformance/1.0",
        ...(type === undefined ? {} : { "content-type": type }),
        ...headers
      })
    )
    const response = yield* HttpClient.execute(request)
    const text = yield* response.text
    const isJson = response.headers["content-type"]?.includes("json") ?? false
    return {
      status: response.status,
      contentType: response.headers["content-type"],
      body: isJson ? JSON.parse(text) : text
    }
  })

const { ApiKey } = openapi.components.schemas

/** The routes of the contract, with handlers that respond with 200. */
const fastify = Effect.acquireRelease(
  Effect.promise(async () => {
    const app = Fastify()
    const id = { type: "object", properties: { id: { type: "string", format: "uuid" } }, required: ["id"] }
    const query = {
      type: "object",
      properties: { limit: { type: "integer", minimum: 1, maximum: 100 }, starting_after: { type: "string" } }
    }
    const create = {
      type: "object",
      properties: { name: { type: "string" }, scopes: ApiKey.properties.scopes },
      required: ["name", "scopes"],
      additionalProperties: false
    }
    app.delete("/api/v2/api-keys/:id", { schema: { params: id, body: { type: "null" } } }, () => ({}))
    app.get("/api/v2/api-keys", { schema: { querystring: query }, exposeHeadRoute: false }, () => ({}))
    const auditQuery = {
      type: "object",
      properties: Object.fromEntries(
        openapi.paths["/api/v2/audit-logs"].get.parameters.map(({ name, schema }) => [name, schema])
      )
    }
    app.get("/api/v2/audit-logs", { schema: { querystring: auditQuery }, exposeHeadRoute: false }, () => ({}))
    app.post("/api/v2/api-keys", { schema: { body: create } }, () => ({}))
    await app.listen({ host: "127.0.0.1", port: 0 })
    return app
  }),
  (app) => Effect.promise(() => app.close())
).pipe(Effect.map((app) => app.listeningOrigin))

const keys = "/api/v2/api-keys"
const audit = "/api/v2/audit-logs"
const one = `${keys}/019e18e2-78d4-7322-941a-7384d8969c61`
const json = "application/json"

const frameworkCases: ReadonlyArray<Case> = [
  { method: "DELETE", path: `${keys}/nope` },
  { method: "DELETE", path: `${keys}/019e18e2-78d4-7322-941a-7384d8969c6` },
  { method: "DELETE", path: `${keys}/%2e%2e%2fworkspaces` },
  { method: "DELETE", path: `${keys}/%zz` },
  { method: "DELETE", path: `${keys}/` },
  { method: "DELETE", path: keys },
  { method: "DELETE", path: `${one}/` },
  { method: "DELETE", path: `${one}/more` },
  { method: "DELETE", path: "/api/v2/elsewhere?limit=1" },
  { method: "DELETE", path: one, type: json },
  { method: "DELETE", path: one, type: json, body: "{}" },
  { method: "DELETE", path: one, type: json, body: "[]" },
  { method: "DELETE", path: one, type: json, body: "{" },
  { method: "DELETE", path: one, type: json, body: "7" },
  { method: "DELETE", path: `${keys}/nope`, type: json, body: "{}" },
  { method: "DELETE", path: one, type: "text/plain", body: "made-up" },
  { method: "DELETE", path: one, type: "application/xml", body: "<a/>" },
  { method: "DELETE", path: one, type: "application/x-www-form-urlencoded", body: "a=b" },
  { method: "DELETE", path: one, type: "nonsense", body: "a" },
  { method: "GET", path: `${keys}?limit=0` },
  { method: "GET", path: `${keys}?limit=101` },
  { method: "GET", path: `${keys}?limit=x` },
  { method: "GET", path: `${keys}?limit=1&limit=2` },
  { method: "GET", path: `${keys}?limit=1.5` },
  { method: "GET", path: `${keys}?limit=` },
  { method: "GET", path: `${keys}?limit=-1` },
  { method: "GET", path: `${keys}/` },
  { method: "GET", path: one },
  { method: "GET", path: `${keys}?starting_after=a&starting_after=b` },
  ...[
    "limit=0",
    "limit=1001",
    "limit=x",
    "limit=1&limit=2",
    "activity_type=x",
    "activity_type=",
    "search=a&search=b"
  ].map((query) => ({ method: "GET", path: `${audit}?${query}` }) as const),
  { method: "GET", path: `${audit}?start_date=2026-01-01&start_date=2026-01-02` },
  { method: "GET", path: `${audit}?limit=0&activity_type=x` },
  { method: "GET", path: `${audit}/` },
  { method: "POST", path: audit, type: json, body: "{}" },
  { method: "PUT", path: keys, type: json, body: "{}" },
  { method: "PATCH", path: one, type: json, body: "{}" },
  { method: "POST", path: keys },
  { method: "POST", path: keys, type: json },
  { method: "POST", path: keys, type: json, body: "{" },
  { method: "POST", path: keys, type: json, body: "null" },
  { method: "POST", path: keys, type: json, body: "[]" },
  { method: "POST", path: keys, type: json, body: '"x"' },
  { method: "POST", path: keys, type: json, body: "{}" },
  { method: "POST", path: keys, type: json, body: '{"scopes":["all:all"]}' },
  { method: "POST", path: keys, type: json, body: '{"name":"x"}' },
  { method: "POST", path: keys, type: json, body: '{"name":{},"scopes":["all:all"]}' },
  { method: "POST", path: keys, type: json, body: '{"name":"x","scopes":{}}' },
  { method: "POST", path: keys, type: json, body: '{"name":"x","scopes":null}' },
  { method: "POST", path: keys, type: json, body: '{"name":"x","scopes":"nope"}' },
  { method: "POST", path: keys, type: json, body: '{"name":"x","scopes":["all:all","nope"]}' },
  { method: "POST", path: keys, type: json, body: '{"name":"x","scopes":[["all:all"],{}]}' },
  { method: "POST", path: keys, type: `${json}; charset=utf-8`, body: '{"name":"x"}' },
  { method: "POST", path: keys, type: "APPLICATION/JSON", body: '{"name":"x"}' },
  { method: "POST", path: keys, type: "text/plain", body: '{"name":"x","scopes":[]}' },
  { method: "POST", path: keys, type: "application/xml", body: "<a/>" }
]

/** Requests that the framework passes on to the handler. */
const passingCases: ReadonlyArray<Case> = [
  { method: "GET", path: keys },
  { method: "GET", path: `${keys}?limit=100&starting_after=made-up&more=1` },
  { method: "GET", path: audit },
  { method: "GET", path: `${audit}?limit=1000&activity_type=37&search=&start_date=2026-01-01&more=1` },
  { method: "POST", path: keys, type: json, body: '{"name":"x","scopes":["all:all"]}' },
  { method: "POST", path: keys, type: json, body: '{"name":5,"scopes":"all:all","more":true}' },
  { method: "POST", path: keys, type: json, body: '{"name":null,"scopes":[]}' }
]

const named = (cases: ReadonlyArray<Case>) =>
  cases.map(
    (request) => [`${request.method} ${request.path} ${request.type ?? ""} ${request.body ?? ""}`, request] as const
  )

/** The origin of the server under test. */
class Origin extends Context.Tag("test/Origin")<Origin, string>() {}

/** The double behind `HttpClient`, and on a socket. The same code sends requests to both. */
const doubles = [
  [
    "in memory",
    (options?: InstantlyMock.Options) =>
      Layer.merge(InstantlyMock.layer(options), Layer.succeed(Origin, "https://api.instantly.ai"))
  ],
  [
    "on a socket",
    (options?: InstantlyMock.Options) =>
      Layer.effect(Origin, address).pipe(
        Layer.provideMerge(served(options)),
        Layer.provideMerge(NodeHttpClient.layerUndici)
      )
  ]
] as const

/** Sends a request with this token, or with none. */
const ask = (request: Case, secret?: Redacted.Redacted) =>
  Effect.flatMap(Origin, (origin) => send(request, origin, secret === undefined ? undefined : Redacted.value(secret)))

it("a response that is not in the contract violates it", () => {
  expect(violations("delete", 200, {})).not.toEqual([])
  expect(violations("list", 401, { statusCode: 402, error: "Unauthorized", message: "" })).not.toEqual([])
})

describe.each(doubles)("the double %s", (_, double) => {
  it.live.each(named(frameworkCases))("responds as Fastify does: %s", ([, request]) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey()
      const expected = yield* send(request, yield* fastify, undefined).pipe(Effect.provide(NodeHttpClient.layerUndici))
      expect(expected.status).toBeGreaterThanOrEqual(400)
      expect(yield* ask(request, caller.secret)).toEqual(expected)
    }).pipe(Effect.scoped, Effect.provide(double()))
  )

  it.live.each(named(passingCases))("lets through what Fastify lets through: %s", ([, request]) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey()
      const expected = yield* send(request, yield* fastify, undefined).pipe(Effect.provide(NodeHttpClient.layerUndici))
      const { body, contentType, status } = yield* ask(request, caller.secret)
      const operation = request.path.startsWith(audit) ? "audit" : request.method === "GET" ? "list" : "create"
      expect({ status, contentType }).toEqual({ status: 200, contentType: expected.contentType })
      expect(violations(operation, status, body)).toEqual([])
    }).pipe(Effect.scoped, Effect.provide(double()))
  )

  const created = { method: "POST", path: keys, type: json, body: '{"name":"made","scopes":["all:all"]}' } as const
  const list = { method: "GET", path: keys } as const

  it.live("creates a key whose secret works, lists it, deletes it, and then neither is there", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey()
      const made = yield* ask(created, caller.secret)
      expect(violations("create", made.status, made.body)).toEqual([])
      const secret = Redacted.make<string>(made.body.key)
      const listed = yield* ask(list, secret)
      expect(violations("list", listed.status, listed.body)).toEqual([])
      expect(listed.body.items).toHaveLength(2)
      const remove = { method: "DELETE", path: `${keys}/${made.body.id}` } as const
      const removed = yield* ask(remove, secret)
      expect(violations("delete", removed.status, removed.body)).toEqual([])
      expect(removed.body).toMatchObject({ id: made.body.id, organization_id: mock.workspaceId })
      const revoked = yield* ask(remove, secret)
      expect(revoked).toMatchObject({ status: 401, body: { statusCode: 401, error: "Unauthorized" } })
      const again = yield* ask(remove, caller.secret)
      expect(again).toMatchObject({ status: 404, body: { statusCode: 404, error: "Not Found" } })
      for (const { body, status } of [revoked, again]) expect(violations("delete", status, body)).toEqual([])
    }).pipe(Effect.provide(double()))
  )

  it.live.each([
    ["no token", {}, undefined, 401],
    ["another scheme", { authorization: "Basic made-up" }, undefined, 401],
    ["a scheme alone", { authorization: "Bearer" }, undefined, 401],
    ["a token that is none", { authorization: "Bearer made-up" }, undefined, 401],
    ["no User-Agent", { "user-agent": "" }, "caller", 403],
    ["Fetch's own User-Agent", { "user-agent": "node" }, "caller", 403],
    ["a workspace that is not there", { "x-as-workspace": "made-up" }, "caller", 403],
    ["a workspace of its own", {}, "caller", 200]
  ] as const)("responds to a request with %s", ([, headers, by, status]) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey()
      const { secret } = by === "caller" ? caller : { secret: undefined }
      const response = yield* ask({ ...list, headers }, secret)
      expect(response.status).toBe(status)
      if (status === 401) expect(violations("list", status, response.body)).toEqual([])
      if ("user-agent" in headers) expect(response.body).toBe("error code: 1010")
    }).pipe(Effect.provide(double()))
  )

  it.live("lets an admin workspace's key act on a sub workspace, and no other's", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const sub = yield* mock.createWorkspace({ admin: mock.workspaceId })
      const stranger = yield* mock.createWorkspace()
      const caller = yield* mock.createApiKey()
      const inSub = yield* mock.createApiKey({ name: "in sub", workspaceId: sub })
      const asked = (workspace: string) => ask({ ...list, headers: { "x-as-workspace": workspace } }, caller.secret)
      expect((yield* asked(sub)).body.items.map(({ id }: { id: string }) => id)).toEqual([inSub.id])
      expect((yield* asked(stranger)).status).toBe(403)
      // without the header, the sub workspace's key is no key of the caller's
      expect((yield* ask({ method: "DELETE", path: `${keys}/${inSub.id}` }, caller.secret)).status).toBe(404)
    }).pipe(Effect.provide(double()))
  )

  it.live.each([
    ["DELETE", "api_keys", "delete"],
    ["GET", "api_keys", "read"],
    ["POST", "api_keys", "create"],
    ["AUDIT", "audit_logs", "read"]
  ] as const)("wants one of four scopes for %s", ([method, resource, action]) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const enough = [`${resource}:${action}`, `${resource}:all`, `all:${action}`, "all:all"]
      const other = [`${resource}:update`, "campaigns:all", "all:update"]
      for (const scope of [...enough, ...other]) {
        const caller = yield* mock.createApiKey({ scopes: [scope] })
        const target = yield* mock.createApiKey()
        const request = {
          DELETE: { method: "DELETE", path: `${keys}/${target.id}` },
          GET: list,
          POST: created,
          AUDIT: { method: "GET", path: audit }
        } as const
        expect((yield* ask(request[method], caller.secret)).status).toBe(enough.includes(scope) ? 200 : 401)
      }
    }).pipe(Effect.provide(double()))
  )

  it.live("refuses a workspace without a plan", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey()
      yield* mock.setPaid(false)
      const response = yield* ask(list, caller.secret)
      expect(response.status).toBe(402)
      expect(violations("list", 402, response.body)).toEqual([])
    }).pipe(Effect.provide(double()))
  )

  it.live.each(["sliding", "fixed"] as const)(
    "counts a workspace's requests, by all its keys, in %s windows",
    (window) =>
      Effect.gen(function* () {
        const mock = yield* InstantlyMock.InstantlyMock
        const callers = [yield* mock.createApiKey(), yield* mock.createApiKey()]
        const statuses = yield* Effect.forEach([...callers, ...callers], ({ secret }) => ask(list, secret))
        expect(statuses.map(({ status }) => status)).toEqual([200, 200, 200, 429])
        expect(violations("list", 429, statuses[3]?.body)).toEqual([])
      }).pipe(Effect.provide(double({ window, limits: [{ limit: 3, window: "1 hour" }] })))
  )

  it.live("lists in the audit log what was done in the workspace", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey()
      const made = yield* ask(created, caller.secret)
      yield* ask({ method: "DELETE", path: `${keys}/${made.body.id}` }, caller.secret)
      yield* mock.playThief(caller)
      const { body, status } = yield* ask({ method: "GET", path: audit }, caller.secret)
      expect(violations("audit", status, body)).toEqual([])
      const types = body.items.map((row: { readonly activity_type: number }) => row.activity_type)
      expect(types).toEqual([18, 34, 37, 38, 37, 37])
      const [byRequest] = body.items.filter((row: { readonly activity_type: number }) => row.activity_type === 38)
      expect(byRequest).toMatchObject({ api_key_id: caller.id, from_api: true, user_agent: "conformance/1.0" })
      expect(byRequest.ip_address).toMatch(/127\.0\.0\.1$/)
    }).pipe(Effect.provide(double()))
  )

  it.live("lists in pages, and has a cursor on the last one", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey({ name: "0" })
      yield* Effect.forEach(["1", "2", "3"], (name) => mock.createApiKey({ name }))
      const page = (cursor?: string) =>
        ask(
          { method: "GET", path: `${keys}?limit=2${cursor === undefined ? "" : `&starting_after=${cursor}`}` },
          caller.secret
        )
      const names = (body: { readonly items: ReadonlyArray<{ readonly name: string }> }) =>
        body.items.map(({ name }) => name)
      const first = (yield* page()).body
      expect(names(first)).toEqual(["0", "1"])
      const second = (yield* page(first.next_starting_after)).body
      expect(names(second)).toEqual(["2", "3"])
      const third = (yield* page(second.next_starting_after)).body
      expect(third).toEqual({ items: [] })
    }).pipe(Effect.provide(double()))
  )
})
