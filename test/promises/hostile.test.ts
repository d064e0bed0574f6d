/**
 * Whatever a server sends, and however much: a typed error, the right outcome, little memory, and no connection that stays
 * open. For each `HttpClient` of Node, on a real socket.
 */
import { HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, flow, Redacted, Runtime, Schema, TestClock } from "effect"
import { ApiKey, ApiKeys, Instantly, type InstantlyClient, RateLimit, RetryPolicy } from "effect-instantly"
import { clients } from "../support/clients.js"
import { scaled } from "../support/histories.js"
import { flood, type Hostility, hostility, id, longest } from "../support/hostility.js"
import { run } from "../support/process.js"
import { headOf, responseOf, serveRaw } from "../support/rawServer.js"

const statuses = [200, 302, 401, 429, 500] as const
const kinds = Object.keys(hostility).filter((kind): kind is Hostility => kind in hostility)

const deleteKey = Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.delete(ApiKey.ApiKeyId.make(id)))

const instantly = (baseUrl: string, options: Partial<InstantlyClient.Options> & Instantly.PolicyOptions = {}) =>
  Instantly.layer({
    apiKey: Redacted.make("made-up"),
    baseUrl,
    retryPolicy: RetryPolicy.none,
    rateLimit: RateLimit.unlimited,
    yields: false,
    ...options
  })

const errorAt = flow(instantly, (layer) => Effect.flip(Effect.provide(deleteKey, layer)))

const tagOf = {
  200: "InvalidResponse",
  302: "UnexpectedStatus",
  401: "UnexpectedStatus",
  429: "TooManyRequests",
  500: "ServerError"
} as const
const outcomeOf = { 200: "Unknown", 302: "Unknown", 401: "Unknown", 429: "NotApplied", 500: "Unknown" } as const

/** What is wrong with a success, where `unpacks` is whether the client unpacks what it gets. */
const flawOf = (kind: Hostility, unpacks: boolean) => {
  if (kind === "a byte at a time") return "it did not arrive in time"
  return kind.includes(" in ") && !unpacks
    ? "it is not JSON, so a proxy or a login page may have sent it"
    : "it is longer than 2048 KiB"
}

/** All of them, but for those whose body is awaited and never ends. */
const cases = statuses
  .flatMap((status) => kinds.map((kind) => [status, kind] as const))
  .filter(([status, kind]) => kind !== "a byte at a time" || (status !== 200 && status !== 401))

/** A thousand where `CI` is set. */
const many = scaled(1000)

describe.each(clients)("over %s", (name, client) => {
  const over = Effect.provide(client)

  /** How a call to such a server ends. */
  const ending = (status: (typeof statuses)[number], kind: Hostility) => ({
    _tag: tagOf[status],
    status,
    outcome: outcomeOf[status],
    attempts: 1,
    ...(status === 200 ? { detail: flawOf(kind, name === "Fetch") } : {})
  })

  describe("a call ends in a typed error, and then its connection is closed:", { concurrent: true }, () => {
    it.scopedLive.each(cases)("%i, %s", ([status, kind]) =>
      Effect.gen(function* () {
        const server = yield* serveRaw(hostility[kind](status))
        expect(yield* errorAt(server.origin, { timeout: "1 hour" })).toMatchObject(ending(status, kind))
        yield* server.allClosed
        expect(server.requests.length).toBe(1)
        // a success is read up to 2 MiB, and the machine holds some more that was written
        expect(server.written() / 2 ** 20).toBeLessThan(24)
      }).pipe(over)
    )

    // in virtual time, because the head must be there when the time is up
    it.scoped.each([200, 401] as const)("%i, a byte at a time, when its time is up", (status) =>
      Effect.gen(function* () {
        const begun = yield* Deferred.make<void>()
        const server = yield* serveRaw(hostility["a byte at a time"](status))
        const transformClient = HttpClient.tap(() => Deferred.succeed(begun, undefined))
        const call = yield* Effect.fork(errorAt(server.origin, { timeout: "1 second", transformClient }))
        yield* Deferred.await(begun)
        yield* TestClock.adjust("1 second")
        expect(yield* Fiber.join(call)).toMatchObject(ending(status, "a byte at a time"))
        yield* server.allClosed
        expect(server.requests.length).toBe(1)
      }).pipe(over)
    )
  })

  describe("a refusal that depends on its head alone is reported before its body:", () => {
    it.scopedLive.each([302, 408, 429, 500, 503])("%i", (status) =>
      Effect.gen(function* () {
        const events: Array<string> = []
        const reported = yield* Deferred.make<void>()
        const poured = yield* Deferred.make<void>()
        const runFork = Runtime.runFork(yield* Effect.runtime())
        const server = yield* serveRaw((socket) => {
          events.push("head")
          socket.write(headOf(status, { "transfer-encoding": "chunked" }))
          const body = Effect.sync(() => {
            events.push("body")
            flood(socket)
          })
          runFork(
            Deferred.await(reported).pipe(Effect.zipRight(body), Effect.zipRight(Deferred.succeed(poured, undefined)))
          )
        })
        const error = yield* errorAt(server.origin, { timeout: "1 hour" })
        events.push("reported")
        expect(error).toHaveProperty("status", status)
        yield* Deferred.succeed(reported, undefined)
        yield* Deferred.await(poured)
        expect(events).toEqual(["head", "reported", "body"])
        yield* server.allClosed
      }).pipe(over)
    )
  })

  it.scopedLive(`${many} refusals in a row need a handful of connections, and leave none unused open`, () =>
    Effect.gen(function* () {
      const server = yield* serveRaw((socket) => socket.write(responseOf(429, "too many", { "retry-after": "0" })))
      const all = Effect.replicateEffect(Effect.flip(deleteKey), many)
      const errors = yield* Effect.provide(all, instantly(server.origin))
      expect(new Set(errors.map(({ _tag }) => _tag))).toEqual(new Set(["TooManyRequests"]))
      expect(server.requests.length).toBe(many)
      // the agent of node:http keeps no connection
      if (name === "node:http") yield* server.allClosed
      else expect(server.connections()).toBeLessThanOrEqual(5)
    }).pipe(over)
  )

  it.scopedLive("a process holds at most 20 MB more for it, and lives on", () =>
    Effect.gen(function* () {
      const large = responseOf(200, " ".repeat(64 * 2 ** 20))
      const server = yield* serveRaw((socket, request, leave) => {
        const [, kind, status] = /^DELETE \/(\d+)\/(\d+)\//.exec(request) ?? []
        const hostile = hostility[kinds[Number(kind)] ?? "an endless body"]
        if (kind !== undefined) hostile(Number(status))(socket, request, leave)
        else if (request.startsWith("DELETE ")) longest(socket, request, leave)
        else socket.write(large)
      })
      const measured = cases.filter(([, kind]) => kind !== "a byte at a time")
      const at = (status: number, kind: Hostility) => `${server.origin}/${kinds.indexOf(kind)}/${status}`
      const baseUrls = [...measured.map(([status, kind]) => at(status, kind)), server.origin]
      const others = [server.origin, at(200, "an endless body"), server.origin]
      const { code, output } = yield* run("test/promises/hostile/memory.ts", [name, ...baseUrls, ...others])
      expect(code, output).toBe(0)
      const lines = output.split("\n").flatMap((line) => (line.startsWith("{") ? [decodeLine(line)] : []))
      const control = lines.pop()
      expect(lines.map(({ ended }) => ended)).toEqual([...measured.map(([status]) => tagOf[status]), "Deleted"])
      lines.forEach(({ growth }, index) => {
        expect(growth, String(measured[index] ?? "a success of 2 MiB")).toBeLessThanOrEqual(20)
      })
      // what is held would be seen: 64 MB that the client reads whole
      expect(control?.growth).toBeGreaterThan(60)
    })
  )
})

const decodeLine = Schema.decodeSync(Schema.parseJson(Schema.Struct({ ended: Schema.String, growth: Schema.Number })))
