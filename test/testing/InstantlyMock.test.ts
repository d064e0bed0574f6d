import { HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted, TestClock } from "effect"
import { InstantlyMock } from "effect-instantly/testing"

const url = "https://api.instantly.ai/api/v2/api-keys"

/** Sends a request with this secret, and gives the answer's status, headers and body. */
const send = (request: HttpClientRequest.HttpClientRequest, secret: Redacted.Redacted) =>
  Effect.gen(function* () {
    const response = yield* HttpClient.execute(
      request.pipe(HttpClientRequest.bearerToken(secret), HttpClientRequest.setHeader("user-agent", "test/1.0"))
    )
    return { status: response.status, headers: response.headers, body: yield* response.json }
  })

const get = (secret: Redacted.Redacted) => send(HttpClientRequest.get(url), secret)
const remove = (id: string, secret: Redacted.Redacted) => send(HttpClientRequest.del(`${url}/${id}`), secret)

const withDouble = <A, E>(
  options: InstantlyMock.Options,
  body: (mock: InstantlyMock.Service) => Effect.Effect<A, E, HttpClient.HttpClient>
) =>
  Effect.flatMap(InstantlyMock.InstantlyMock, body).pipe(
    Effect.provide(InstantlyMock.layer(options)),
    // without the trace headers of the platform's client
    Effect.withTracerEnabled(false)
  )

describe("the limits", () => {
  it.effect("are Instantly's unless it is said otherwise: 100 in any second, 6,000 in any minute", () =>
    withDouble({ retryAfter: true }, (mock) =>
      Effect.gen(function* () {
        const { secret } = yield* mock.createApiKey()
        const burst = (n: number) =>
          Effect.map(
            Effect.replicateEffect(get(secret), n),
            (answers) => answers.filter(({ status }) => status === 200).length
          )
        expect(yield* burst(101)).toBe(100)
        yield* TestClock.adjust("999 millis")
        expect(yield* burst(1)).toBe(0)
        yield* TestClock.adjust("1 millis")
        expect(yield* burst(101)).toBe(100)
        for (let second = 2; second < 60; second++) {
          yield* TestClock.setTime(second * 1000)
          yield* burst(100)
        }
        // 6,000 have been admitted by now: the minute's limit refuses what the second's would not
        yield* TestClock.setTime(59_999 + 1)
        expect(yield* burst(150)).toBe(100)
        expect(yield* mock.worstWindow("1 second")).toBe(150)
      })
    )
  )

  it.effect("slide, or begin at round times", () =>
    Effect.gen(function* () {
      const admitted = (window: "sliding" | "fixed") =>
        withDouble({ window, limits: [{ limit: 2, window: "10 seconds" }] }, (mock) =>
          Effect.gen(function* () {
            const { secret } = yield* mock.createApiKey()
            const start = yield* TestClock.currentTimeMillis
            const statuses: Array<number> = []
            for (const at of [9000, 9500, 10_500, 11_000, 19_000, 19_500]) {
              yield* TestClock.setTime(start + at)
              statuses.push((yield* get(secret)).status)
            }
            return statuses
          })
        )
      expect(yield* admitted("sliding")).toEqual([200, 200, 429, 429, 200, 200])
      yield* TestClock.setTime(100_000)
      expect(yield* admitted("fixed")).toEqual([200, 200, 200, 200, 429, 429])
    })
  )

  it.effect("say how long to wait where they are told to, in whole seconds", () =>
    Effect.gen(function* () {
      const refusal = (retryAfter: boolean) =>
        withDouble({ retryAfter, limits: [{ limit: 1, window: "10 seconds" }] }, (mock) =>
          Effect.gen(function* () {
            const { secret } = yield* mock.createApiKey()
            yield* get(secret)
            yield* TestClock.adjust("2500 millis")
            return (yield* get(secret)).headers["retry-after"]
          })
        )
      expect(yield* refusal(true)).toBe("8")
      expect(yield* refusal(false)).toBeUndefined()
    })
  )

  it.effect.each([
    ["target", [200, 429, 200]],
    ["caller", [200, 429, 429]]
  ] as const)("are charged to the %s of x-as-workspace", ([chargedWorkspace, statuses]) =>
    withDouble({ chargedWorkspace, limits: [{ limit: 1, window: "1 hour" }] }, (mock) =>
      Effect.gen(function* () {
        const sub = yield* mock.createWorkspace({ admin: mock.workspaceId })
        const { secret } = yield* mock.createApiKey()
        const inSub = send(HttpClientRequest.get(url, { headers: { "x-as-workspace": sub } }), secret)
        expect([(yield* inSub).status, (yield* inSub).status, (yield* get(secret)).status]).toEqual(statuses)
      })
    )
  )
})

describe("what nobody knows", () => {
  it.effect.each([
    ["whole", "made-up-leaked"],
    ["masked", "made****"],
    ["empty", ""]
  ] as const)("a deleted key's secret can be %s", ([shownSecret, shown]) =>
    withDouble({ shownSecret }, (mock) =>
      Effect.gen(function* () {
        const { secret } = yield* mock.createApiKey()
        const leaked = yield* mock.createApiKey({ secret: Redacted.make("made-up-leaked") })
        expect((yield* remove(leaked.id, secret)).body).toMatchObject({ key: shown })
      })
    )
  )

  it.effect("lists can lag behind", () =>
    withDouble({ listLag: "1 minute" }, (mock) =>
      Effect.gen(function* () {
        const caller = yield* mock.createApiKey()
        const leaked = yield* mock.createApiKey()
        const listed = Effect.map(get(caller.secret), ({ body }) => JSON.stringify(body).includes(leaked.id))
        expect(yield* listed).toBe(false)
        yield* TestClock.adjust("1 minute")
        expect(yield* listed).toBe(true)
        yield* remove(leaked.id, caller.secret)
        yield* TestClock.adjust("59 seconds")
        expect(yield* listed).toBe(true)
        yield* TestClock.adjust("1 second")
        expect(yield* listed).toBe(false)
      })
    )
  )

  it.effect("a deleted key can work for a while", () =>
    withDouble({ revocationLag: "1 minute" }, (mock) =>
      Effect.gen(function* () {
        const caller = yield* mock.createApiKey()
        expect((yield* remove(caller.id, caller.secret)).status).toBe(200)
        yield* TestClock.adjust("59 seconds")
        expect((yield* get(caller.secret)).status).toBe(200)
        yield* TestClock.adjust("1 second")
        expect((yield* get(caller.secret)).status).toBe(401)
      })
    )
  )

  it.effect("the last page of a list can be without a cursor", () =>
    withDouble({ cursorOnLastPage: false }, (mock) =>
      Effect.gen(function* () {
        const { secret } = yield* mock.createApiKey()
        expect(Object.keys(Object((yield* get(secret)).body))).toEqual(["items"])
      })
    )
  )
})

it.effect("a cursor outlives its key", () =>
  withDouble({}, (mock) =>
    Effect.gen(function* () {
      const { secret } = yield* mock.createApiKey({ name: "0" })
      const one = yield* mock.createApiKey({ name: "1" })
      yield* mock.createApiKey({ name: "2" })
      yield* mock.deleteApiKey(one.id)
      const page = yield* send(HttpClientRequest.get(url, { urlParams: { starting_after: one.id } }), secret)
      expect(page.body).toMatchObject({ items: [{ name: "2" }] })
    })
  )
)

describe("what a test asks", () => {
  it.effect("shows no secret that stands in a path, a query or a header, whatever its characters", () =>
    withDouble({}, (mock) =>
      Effect.gen(function* () {
        const odd = "made-up/secret+with=signs=="
        const { secret } = yield* mock.createApiKey({ secret: Redacted.make(odd) })
        yield* Effect.ignore(send(HttpClientRequest.get(`${url}/${odd}`), secret))
        const urlParams = { starting_after: odd }
        yield* Effect.ignore(send(HttpClientRequest.get(url, { urlParams, headers: { "x-echo": odd } }), secret))
        const arrivals = JSON.stringify(yield* mock.arrivals)
        expect(arrivals).toContain("<redacted>")
        expect(arrivals).not.toMatch(/made-up|with=signs|with%3Dsigns/)
      })
    )
  )

  it.effect("which requests arrived, when, what became of them and why, without a secret", () =>
    withDouble({}, (mock) =>
      Effect.gen(function* () {
        const caller = yield* mock.createApiKey({ scopes: ["api_keys:delete"] })
        const leaked = yield* mock.createApiKey()
        yield* remove(leaked.id, caller.secret)
        yield* TestClock.adjust("3 seconds")
        yield* Effect.ignore(get(caller.secret))
        yield* Effect.ignore(remove(Redacted.value(leaked.secret), caller.secret))
        const arrivals = yield* mock.arrivals
        expect(
          arrivals.map(({ applied, at, method, path, reason }) => ({ applied, at, method, path, reason }))
        ).toEqual([
          { applied: true, at: 0, method: "DELETE", path: `/api/v2/api-keys/${leaked.id}`, reason: "deleted" },
          {
            applied: false,
            at: 3000,
            method: "GET",
            path: "/api/v2/api-keys",
            reason: "scope api_keys:read is missing"
          },
          {
            applied: false,
            at: 3000,
            method: "DELETE",
            path: "/api/v2/api-keys/<redacted>",
            reason: "the framework's validation"
          }
        ])
        expect(arrivals[0]?.headers).toEqual({ authorization: "<redacted>", "user-agent": "test/1.0" })
        expect(JSON.stringify(arrivals)).not.toContain("made-up-secret")
      })
    )
  )

  it.effect("which keys exist, and in which workspace", () =>
    withDouble({}, (mock) =>
      Effect.gen(function* () {
        const sub = yield* mock.createWorkspace({ admin: mock.workspaceId })
        const first = yield* mock.createApiKey({ name: "first" })
        const second = yield* mock.createApiKey({ name: "second", workspaceId: sub })
        expect((yield* mock.apiKeys).map(({ name, workspaceId }) => [name, workspaceId])).toEqual([
          ["first", mock.workspaceId],
          ["second", sub]
        ])
        yield* mock.deleteApiKey(second.id)
        expect((yield* mock.apiKeys).map(({ id }) => id)).toEqual([first.id])
      })
    )
  )

  it.effect("the worst window of a length", () =>
    withDouble({}, (mock) =>
      Effect.gen(function* () {
        const { secret } = yield* mock.createApiKey()
        for (const at of [0, 400, 900, 1000, 1300]) {
          yield* TestClock.setTime(at)
          yield* get(secret)
        }
        expect(yield* mock.worstWindow("1 second")).toBe(4)
        expect(yield* mock.worstWindow("500 millis")).toBe(3)
        expect(yield* mock.worstWindow("1 hour")).toBe(5)
      })
    )
  )
})
