import { HttpClient, HttpClientRequest } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { Effect, Option, Redacted } from "effect"
import { url, withDouble } from "../../support/requests.js"

it.effect("the record says why each request got its response, which the response itself may not say", () =>
  withDouble({ limits: [{ limit: 12, window: "1 hour" }] }, (mock) =>
    Effect.gen(function* () {
      const stranger = yield* mock.createWorkspace()
      const caller = yield* mock.createApiKey()
      const revoked = yield* mock.createApiKey()
      const reader = yield* mock.createApiKey({ scopes: ["api_keys:read"] })
      const elsewhere = yield* mock.createApiKey({ workspaceId: stranger })
      const penniless = yield* mock.createApiKey({ workspaceId: yield* mock.createWorkspace({ paid: false }) })
      const unknown = "019e18e2-78d4-7322-941a-7384d8969c61"
      const result = (request: HttpClientRequest.HttpClientRequest) =>
        Effect.gen(function* () {
          const response = yield* HttpClient.execute(
            request.pipe(HttpClientRequest.setHeaders({ "user-agent": "test/1.0", ...request.headers }))
          )
          const text = yield* response.text
          const isJson = response.headers["content-type"]?.includes("json") === true
          const { applied, reason, status } = (yield* mock.arrivals).at(-1) ?? {}
          expect(status).toEqual(Option.some(response.status))
          return [response.status, isJson ? JSON.parse(text).message : text, applied, reason]
        })
      const as = (secret: Redacted.Redacted) => HttpClientRequest.bearerToken(secret)
      const list = HttpClientRequest.get(url)
      const del = (id: string) => HttpClientRequest.del(`${url}/${id}`)
      const create = HttpClientRequest.post(url).pipe(
        HttpClientRequest.bodyUnsafeJson({ name: "made", scopes: [] }),
        as(caller.secret)
      )
      expect(yield* result(create)).toEqual([200, undefined, true, "created"])
      expect(yield* result(list.pipe(as(reader.secret)))).toEqual([200, undefined, true, "listed"])
      expect(yield* result(del(revoked.id).pipe(as(caller.secret)))).toEqual([200, undefined, true, "deleted"])
      for (const [request, status, message, reason] of [
        [
          list.pipe(HttpClientRequest.setHeader("user-agent", "undici")),
          403,
          "error code: 1010",
          "the edge wants a User-Agent of the program's own"
        ],
        [
          HttpClientRequest.get(`${url}s`),
          404,
          "Route GET:/api/v2/api-keyss not found",
          "the double has only API keys and the audit log"
        ],
        [list, 401, "Missing authorization header", "no Authorization header"],
        [
          list.pipe(HttpClientRequest.setHeader("authorization", "made-up")),
          401,
          "Invalid authorization header",
          "malformed Authorization header"
        ],
        [
          list.pipe(HttpClientRequest.setHeader("authorization", "x Bearer made-up")),
          401,
          "Invalid authorization header",
          "malformed Authorization header"
        ],
        [
          list.pipe(HttpClientRequest.setHeader("authorization", "Bearer made up")),
          401,
          "Invalid authorization header",
          "malformed Authorization header"
        ],
        [list.pipe(as(Redacted.make("made-up"))), 401, "Invalid API key", "unknown API key"],
        [list.pipe(as(revoked.secret)), 401, "Invalid API key", "revoked API key"],
        [
          list.pipe(as(caller.secret), HttpClientRequest.setHeader("x-as-workspace", stranger)),
          403,
          "Forbidden",
          "not a sub workspace of the caller's"
        ],
        [
          del("made-up").pipe(as(caller.secret)),
          400,
          'params/id must match format "uuid"',
          "the framework's validation"
        ],
        [list.pipe(as(penniless.secret)), 402, "Workspace does not have an active paid plan", "no active plan"],
        [
          del(unknown).pipe(as(reader.secret)),
          401,
          "Invalid scope. Required: api_keys:delete. Found: api_keys:read",
          "scope api_keys:delete is missing"
        ],
        [del(unknown).pipe(as(caller.secret)), 404, "Resource not found", "unknown id"],
        [del(elsewhere.id).pipe(as(caller.secret)), 404, "Resource not found", "another workspace's key"],
        [del(revoked.id).pipe(as(caller.secret)), 404, "Resource not found", "already deleted"]
      ] as const) {
        expect(yield* result(request)).toEqual([status, message, false, reason])
      }
      yield* Effect.replicateEffect(result(list.pipe(as(caller.secret))), 4)
      expect(yield* result(list.pipe(as(caller.secret)))).toEqual([429, "Rate limit exceeded", false, "rate limit"])
    })
  )
)
