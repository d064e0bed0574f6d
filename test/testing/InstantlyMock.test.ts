import { HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Option, Redacted, TestClock } from "effect"
import { ApiKey } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { get, remove, send, url, withDouble } from "../support/requests.js"

/** The shape of a real secret, and the mark of one that is made up. */
const secretShape = /^[A-Za-z0-9+/]{48}Om1hZGV1[A-Za-z0-9+/]{10}==$/

describe("the limits", () => {
  it.effect("are Instantly's unless it is said otherwise: 100 in any second, 6,000 in any minute", () =>
    withDouble({ retryAfter: true }, (mock) =>
      Effect.gen(function* () {
        const { secret } = yield* mock.createApiKey()
        const burst = (n: number) =>
          Effect.map(
            Effect.replicateEffect(get(secret), n),
            (responses) => responses.filter(({ status }) => status === 200).length
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

it.effect("a number that makes no sense is refused where the double is made or asked", () =>
  withDouble({}, (mock) =>
    Effect.sync(() => {
      const limited = (limit: number) => ({ limits: [{ limit, window: "1 second" }] }) as const
      for (const [options, message] of [
        [limited(0), "limit must be a whole number of at least 1, not 0"],
        [limited(1.5), "limit must be a whole number of at least 1, not 1.5"],
        [limited(Number.NaN), "limit must be a whole number of at least 1, not NaN"],
        [{ limits: [{ limit: 1, window: 0 }] }, "window of a limit must be longer than zero, not 0"],
        [{ limits: [{ limit: 1, window: -1 }] }, "window of a limit must be a duration that is not negative, not -1"],
        [
          { limits: [{ limit: 1, window: Duration.infinity }] },
          "window of a limit must be finite, not Duration(Infinity)"
        ],
        [{ listLag: -1 }, "listLag must be a duration that is not negative, not -1"],
        [{ revocationLag: "-1 second" }, 'revocationLag must be a duration that is not negative, not "-1 second"']
      ] as const) {
        const refusal = new RangeError(`InstantlyMock: ${message}`)
        expect(() => InstantlyMock.make(options)).toThrow(refusal)
        expect(() => InstantlyMock.layer(options)).toThrow(refusal)
      }
      expect(() => mock.worstWindow(0)).toThrow(
        new RangeError("InstantlyMock: worstWindow must be longer than zero, not 0")
      )
    })
  )
)

describe("a key as a value", () => {
  it("is made up, the same each time, and keeps its secret", () => {
    const key = InstantlyMock.apiKey()
    expect(key).toBeInstanceOf(ApiKey.ApiKey)
    expect(InstantlyMock.apiKey()).toEqual(key)
    expect(JSON.stringify(key)).toBe(
      JSON.stringify({
        id: "00000000-0000-7000-8000-000000000001",
        name: "made-up key",
        scopes: ["all:all"],
        key: "<redacted>",
        organizationId: "00000000-0000-7000-8000-000000000002",
        createdAt: "2026-01-01T00:00:00.000Z",
        updatedAt: "2026-01-01T00:00:00.000Z"
      })
    )
    expect(Redacted.value(key.key)).toMatch(secretShape)
  })

  it("has what it is given, in any of its fields", () => {
    const fields = {
      id: ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-7384d8969c61"),
      name: "leaked",
      scopes: ["api_keys:delete"],
      key: Redacted.make("made-up-leaked"),
      organizationId: "019e18e2-78e4-716b-94f2-d262235af217",
      createdAt: DateTime.unsafeMake(1),
      updatedAt: DateTime.unsafeMake(2)
    }
    expect({ ...InstantlyMock.apiKey(fields) }).toEqual(fields)
    expect(InstantlyMock.apiKey({ createdAt: fields.createdAt }).updatedAt).toEqual(fields.createdAt)
    expect(() => InstantlyMock.apiKey({ organizationId: "made-up" })).toThrow("organizationId")
  })
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

describe("what is made up", () => {
  it.effect("are ids of version 7, which tell when they were made, and secrets that say what they are", () =>
    withDouble({}, (mock) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.UTC(2026, 10, 23))
        const { id, secret } = yield* mock.createApiKey()
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
        expect(Number.parseInt(id.replace("-", "").slice(0, 12), 16)).toBe(Date.UTC(2026, 10, 23))
        expect(Redacted.value(secret)).toMatch(secretShape)
      })
    )
  )

  it.effect("are the same for the same seed, and others for another", () =>
    Effect.gen(function* () {
      const made = (seed?: number) =>
        withDouble(seed === undefined ? {} : { seed }, (mock) =>
          Effect.map(Effect.replicateEffect(mock.createApiKey(), 20), (keys) => [
            mock.workspaceId,
            ...keys.map(({ id, secret }) => `${id} ${Redacted.value(secret)}`)
          ])
        )
      expect(yield* made(7)).toEqual(yield* made(7))
      expect(yield* made()).toEqual(yield* made(0))
      const both = [...(yield* made(7)), ...(yield* made(8))]
      expect(new Set(both).size).toBe(42)
    })
  )

  it.effect("is a key that may do everything, unless it is said otherwise", () =>
    withDouble({}, (mock) =>
      Effect.gen(function* () {
        expect(yield* mock.createApiKey()).toMatchObject({
          name: "made-up key",
          scopes: ["all:all"],
          workspaceId: mock.workspaceId
        })
        const given = { name: "given", scopes: ["campaigns:read"], secret: Redacted.make("made-up-given") }
        expect(yield* mock.createApiKey(given)).toMatchObject(given)
      })
    )
  )

  it.effect("is a key that was created now, or when it is said", () =>
    withDouble({}, (mock) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.UTC(2026, 10, 23))
        const { secret } = yield* mock.createApiKey()
        yield* mock.createApiKey({ at: Date.UTC(2024, 0, 1) })
        expect((yield* get(secret)).body).toMatchObject({
          items: [
            { timestamp_created: "2026-11-23T00:00:00.000Z" },
            { timestamp_created: "2024-01-01T00:00:00.000Z", timestamp_updated: "2024-01-01T00:00:00.000Z" }
          ]
        })
      })
    )
  )

  it.effect("is a workspace with a paid plan, unless it is said otherwise", () =>
    withDouble({}, (mock) =>
      Effect.gen(function* () {
        const statusIn = (workspaceId: string) =>
          Effect.flatMap(mock.createApiKey({ workspaceId }), ({ secret }) =>
            Effect.map(get(secret), ({ status }) => status)
          )
        const unpaid = yield* mock.createWorkspace({ paid: false })
        expect(yield* statusIn(yield* mock.createWorkspace())).toBe(200)
        expect(yield* statusIn(unpaid)).toBe(402)
        yield* mock.setPaid(true, unpaid)
        expect(yield* statusIn(unpaid)).toBe(200)
        yield* mock.setPaid(false, "made-up")
        expect(yield* statusIn(mock.workspaceId)).toBe(200)
      })
    )
  )
})

describe("what a test asks", () => {
  it.effect("which requests never arrived, and which a fault responded to", () =>
    withDouble({}, (mock) =>
      Effect.gen(function* () {
        const { secret } = yield* mock.createApiKey()
        yield* mock.script(
          Fault.next(Fault.loseRequest),
          Fault.next(Fault.respond({ status: 503 })),
          Fault.next(Fault.cutResponse),
          Fault.next(Fault.loseResponse)
        )
        yield* Effect.replicateEffect(Effect.exit(get(secret)), 5)
        expect((yield* mock.arrivals).map(({ applied, reason, status }) => ({ applied, reason, status }))).toEqual([
          { applied: false, reason: "did not arrive", status: Option.none() },
          { applied: false, reason: "the fault responded", status: Option.some(503) },
          { applied: true, reason: "listed", status: Option.some(200) },
          { applied: true, reason: "listed", status: Option.none() },
          { applied: true, reason: "listed", status: Option.some(200) }
        ])
        // in no window is what did not arrive
        expect(yield* mock.worstWindow("1 second")).toBe(4)
      })
    )
  )

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
        expect(JSON.stringify(arrivals)).not.toContain("Om1hZGV1")
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
